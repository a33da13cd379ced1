"""The differences between an application without the extension and with it."""

from __future__ import annotations

from dataclasses import dataclass

from pictures import share_that_differs
from visit import Page, Visit

#: The share of a screenshot that may differ.
PIXELS = 0.002

LACKS, HAS = "lacks ", "has "

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
    for visit in other:
        for name, page in visit.pages.items():
            plain_pages = [one.pages[name] for one in plain if name in one.pages]
            found.update(dict.fromkeys(_compare(name, page, plain_pages)))
    # A page does not ask for what another has left in the browser's memory.
    return [difference for difference in found if not _is_elsewhere(difference, plain, other)]


def _compare(name: str, page: Page, plain: list[Page]) -> list[Difference]:
    found = []
    for kind in KINDS:
        sets = [getattr(one, kind) for one in plain]
        has = getattr(page, kind)
        lacking = set.intersection(*sets) - has
        extra = has - set.union(*sets)
        found += [Difference(kind, name, LACKS + said) for said in sorted(lacking)]
        found += [Difference(kind, name, HAS + said) for said in sorted(extra)]
    share = largest_share(page, plain)
    if share > PIXELS:
        found.append(Difference("picture", name, f"differs in {share:.1%} of the pixels"))
    return found


def _is_elsewhere(difference: Difference, plain: list[Visit], other: list[Visit]) -> bool:
    """Return whether it is a file that the way without it has loaded with another page."""
    if difference.kind != "statuses" or not difference.said.endswith(" 200"):
        return False
    is_extra = difference.said.startswith(HAS)
    line = difference.said.removeprefix(HAS if is_extra else LACKS)
    pages = [page for visit in (plain if is_extra else other) for page in visit.pages.values()]
    return any(line in page.statuses for page in pages)


def largest_share(page: Page, plain: list[Page]) -> float:
    """Return the share of a page's screenshot that differs from all the plain ones."""
    originals = [one.picture for one in plain if one.picture is not None]
    return share_that_differs(page.picture, originals) if page.picture and originals else 0.0
