"""A comparison of the two sides, and what is not as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ...http.statuses import REFUSALS
from .measure import Side
from .visit import Seen, Sight

#: The header fields that are shown side by side, in this order.
SHOWN = (
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Set-Cookie",
    "Vary",
)


#: The name of a header field, and its value on either side; ``None`` where it is not there.
Line = tuple[str, str | None, str | None]


class Sample(NamedTuple):
    """The header fields of one asset's response, as it was sent without and with the extension."""

    url: str
    fields: list[Line]


class Sessions(NamedTuple):
    """The session operations that are counted, in words."""

    reads: str
    writes: str
    #: What the operations are of.
    of: str
    #: What stands before the name of the place, or of the interface.
    preposition: str


#: What a store is asked, which the demo counts in the store itself.
IN_STORE = Sessions("Session reads", "Session writes", "the session store", "in")

#: What an app's session interface is asked. What that means for a store is up to the interface.
BY_INTERFACE = Sessions("Sessions opened", "Sessions saved", "the session", "by")


class Comparison(NamedTuple):
    """A comparison of the visits without and with the extension."""

    #: The name of the session store, or of the session interface's class.
    store: str
    rounds: int
    without: Side
    optimized: Side
    sessions: Sessions = IN_STORE

    def broken(self) -> list[str]:
        """Return what works without the extension and does not, or is different, with it."""
        return [
            *_compared(self.without, self.optimized, lambda sight: sight.pages, bodies=False),
            *_compared(self.without, self.optimized, lambda sight: sight.assets, bodies=True),
        ]

    def notes(self) -> list[str]:
        """Return what fails without the extension, with it or not."""
        found: list[str] = []
        for part in (_pages, _assets):
            before, after = (_steady(side, part) for side in (self.without, self.optimized))
            for name, seen in before.items():
                if _works(seen):
                    continue
                other = after.get(name)
                both = other is not None and not _works(other)
                found.append(f"{name}: {_status(seen)}, without{' and with' if both else ' only'}")
        return found

    def redirects(self) -> dict[str, str]:
        """Return the pages that lead elsewhere, to a log-in perhaps, and where to."""
        pages = self.without.sights[-1].pages
        return {name: seen.leads_to for name, seen in pages.items() if seen.leads_to}

    def touching(self) -> list[str]:
        """Return the assets that still take session operations with the extension."""
        return [name for name, seen in self.optimized.sights[-1].assets.items() if seen.operations]

    def failed(self) -> list[str]:
        """Return the pages that fail without the extension, so that nothing was compared."""
        return [name for name, seen in _steady(self.without, _pages).items() if not _works(seen)]

    def refused(self) -> list[str]:
        """Return the assets that a guard refuses with the extension only."""
        before, after = (_steady(side, _assets) for side in (self.without, self.optimized))
        return [
            name
            for name, seen in before.items()
            if _works(seen)
            and name in after
            and after[name].status in REFUSALS
            and after[name].status != seen.status
        ]

    def sample(self) -> Sample | None:
        """Return the header fields of one asset: of a stylesheet, if there is one."""
        before, after = (side.sights[-1].assets for side in (self.without, self.optimized))
        both = [
            name
            for name, seen in before.items()
            if seen.status == 200 and seen.headers and name in after and after[name].headers
        ]
        lines = {name: side_by_side(before[name].headers, after[name].headers) for name in both}
        sheets = [name for name in both if _path(name).endswith(".css")]
        changed = [name for name in sheets if _is_changed(lines[name])]
        return next((Sample(name, lines[name]) for name in (*changed, *sheets, *both)), None)


def _pages(sight: Sight) -> dict[str, Seen]:
    return sight.pages


def _assets(sight: Sight) -> dict[str, Seen]:
    return sight.assets


def side_by_side(
    without: Iterable[tuple[str, str]], optimized: Iterable[tuple[str, str]]
) -> list[Line]:
    """Return the header fields of two responses that are shown, with the names of cookies alone."""
    before, after = _fields(without), _fields(optimized)
    lines = [(name, before.get(name), after.get(name)) for name in SHOWN]
    return [line for line in lines if line[1] or line[2]]


def _fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        shown = next((each for each in SHOWN if each.lower() == name.lower()), None)
        if shown == "Set-Cookie":
            value = f"{value.partition('=')[0]}=…"  # a session's id is nobody else's business
        if shown is not None:
            found[shown] = f"{found[shown]}, {value}" if shown in found else value
    return found


def _compared(
    without: Side, optimized: Side, part: Callable[[Sight], dict[str, Seen]], *, bodies: bool
) -> Iterator[str]:
    before, after = _steady(without, part), _steady(optimized, part)
    ever = {_path(name) for sight in optimized.sights for name in part(sight)}
    for name, seen in before.items():
        other = after.get(name)
        if not _works(seen):
            continue
        if _path(name) not in ever:
            yield f"{name}: it is not asked for any more with the extension"
        elif other is None:
            continue
        elif other.status != seen.status or other.error:
            yield f"{name}: {_status(seen)} without, {_status(other)} with the extension"
        elif bodies and seen.sha256 and other.sha256 and seen.sha256 != other.sha256:
            yield f"{name}: other bytes with the extension"
    asked = {_path(name) for sight in without.sights for name in part(sight)}
    for name, seen in after.items():
        if not _works(seen) and _path(name) not in asked:
            yield f"{name}: {_status(seen)}, and asked for only with the extension"


def _steady(side: Side, part: Callable[[Sight], dict[str, Seen]]) -> dict[str, Seen]:
    """Return what all visitors have seen alike. What differs from visit to visit proves nothing.

    Where the bytes alone differ, their hash is left out.
    """
    first, *others = [part(sight) for sight in side.sights]
    found: dict[str, Seen] = {}
    for name, seen in first.items():
        same = [sight[name] for sight in others if name in sight]
        if len(same) < len(others) or any(each.status != seen.status for each in same):
            continue
        if any(each.sha256 != seen.sha256 for each in same):
            seen = Seen(seen.status, "", seen.headers, seen.error)
        found[name] = seen
    return found


def _path(name: str) -> str:
    return name.partition("?")[0]


def _is_changed(lines: list[Line]) -> bool:
    return any(name == "Cache-Control" and before != after for name, before, after in lines)


def _works(seen: Seen) -> bool:
    return seen.status < 400 and seen.error is None


def _status(seen: Seen) -> str:
    return f"{seen.status} ({seen.error})" if seen.error else str(seen.status)
