"""The differences between an application without the extension and with it."""

from __future__ import annotations

from dataclasses import dataclass

from pictures import share_that_differs
from visit import Page, Visit

#: The share of a screenshot that may differ.
PIXELS = 0.002

KINDS = ("statuses", "text", "errors", "cookies")


@dataclass(frozen=True)
class Difference:
    """Something that one way has and the other has not."""

    kind: str
    page: str
    said: str

    def __str__(self) -> str:
        return f"{self.page}: {self.kind}: {self.said}"


def differences(plain: list[Visit], other: list[Visit]) -> list[Difference]:
    """Compare the visits of two ways.

    What the plain application has in one visit and not in the other changes by itself: it is no
    difference whether the other way has it or not.
    """
    found: dict[Difference, None] = {}
    # A page does not ask for what another has left in the browser's memory.
    loaded = {True: _loaded(plain), False: _loaded(other)}
    for visit in other:
        for name, page in visit.pages.items():
            plain_pages = [one.pages[name] for one in plain if name in one.pages]
            for difference in _compare(name, page, plain_pages):
                is_extra, _, said = difference.said.partition(" ")
                if said not in loaded[is_extra == "has"]:
                    found[difference] = None
    return list(found)


def _loaded(visits: list[Visit]) -> set[str]:
    pages = [page for visit in visits for page in visit.pages.values()]
    return {line for page in pages for line in page.statuses if line.endswith(" 200")}


def _compare(name: str, page: Page, plain: list[Page]) -> list[Difference]:
    found = []
    for kind in KINDS:
        sets = [getattr(one, kind) for one in plain]
        has = getattr(page, kind)
        lacking = set.intersection(*sets) - has
        extra = has - set.union(*sets)
        found += [Difference(kind, name, f"lacks {said}") for said in sorted(lacking)]
        found += [Difference(kind, name, f"has {said}") for said in sorted(extra)]
    if page.picture is not None:
        share = largest_share(page, plain)
        if share > PIXELS:
            found.append(Difference("picture", name, f"differs in {share:.1%} of the pixels"))
    return found


def largest_share(page: Page, plain: list[Page]) -> float:
    """Return the share of a page's screenshot that differs from all the plain ones."""
    originals = [one.picture for one in plain if one.picture is not None]
    return share_that_differs(page.picture, originals) if page.picture and originals else 0.0
