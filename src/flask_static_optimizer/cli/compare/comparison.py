"""A comparison of the two sides, and what is not as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ...http.statuses import REFUSALS
from .measure import Side
from .visit import Asked, Seen, Sight, plain

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
        return [f"{name}: {what}" for name, what in self._broken()]

    def _broken(self) -> Iterator[tuple[str, str]]:
        yield from _compared(self.without, self.optimized, _pages, bodies=False)
        yield from _compared(self.without, self.optimized, _assets, bodies=True)

    def notes(self) -> list[str]:
        """Return what fails without the extension, with it or not."""
        return [
            *(f"{line}, without and with" for line in self.failing(both=True)),
            *(f"{line}, without only" for line in self.failing(both=False)),
        ]

    def failing(self, *, both: bool) -> list[str]:
        """Return what fails on both sides, or what fails only without the extension."""
        found: list[str] = []
        for part in (_pages, _assets):
            before, after = (_steady(side, part) for side in (self.without, self.optimized))
            for name, seen in before.items():
                other = after.get(name)
                if not _works(seen) and both == (other is not None and not _works(other)):
                    found.append(f"{name}: {_status(seen)}")
        return found

    def redirects(self) -> dict[str, str]:
        """Return the pages that lead elsewhere, to a log-in perhaps, and where to."""
        pages = self.without.sights[-1].pages
        return {name: seen.leads_to for name, seen in pages.items() if seen.leads_to}

    def touching(self) -> list[str]:
        """Return the assets that still take session operations with the extension, and work."""
        assets, refused = self.optimized.sights[-1].assets, self.refused()
        return [
            name
            for name, seen in assets.items()
            if seen.operations and _works(seen) and name not in refused
        ]

    def again(self) -> list[Asked]:
        """Return the assets that are asked for on the second visit, too, and not refused then."""
        refused, found = self.refused(), {asked.url: asked for asked in self.optimized.again}
        return [asked for url, asked in found.items() if plain(url) not in refused]

    def failed(self) -> list[str]:
        """Say of the pages that each visitor fails to get without the extension what they get."""
        first, *others = (sight.pages for sight in self.without.sights)
        found = []
        for name, seen in first.items():
            if _works(seen) or any(name in each and _works(each[name]) for each in others):
                continue
            where = f"{name} leads to {seen.leads_to}, which" if seen.leads_to else name
            why = f": {seen.error}" if seen.error else ""
            found.append(f"{where} is answered with {seen.status} without the extension{why}")
        return found

    def refused(self) -> list[str]:
        """Return what a guard refuses, or sends to a log-in, with the extension only."""
        found = []
        for part in (_assets, _pages):
            before, after = (_steady(side, part) for side in (self.without, self.optimized))
            for name, seen in before.items():
                other = after.get(name)
                if other is None or not _works(seen):
                    continue
                if _is_led_away(seen, other) or other.status in REFUSALS - {seen.status}:
                    found.append(name)
        return found

    def unexplained(self) -> list[str]:
        """Return the URLs of what is broken and no guard refuses."""
        refused = self.refused()
        return [name for name, _ in self._broken() if name not in refused]

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
) -> Iterator[tuple[str, str]]:
    before, after = _steady(without, part), _steady(optimized, part)
    ever = {_path(name) for sight in optimized.sights for name in part(sight)}
    for name, seen in before.items():
        other = after.get(name)
        if not _works(seen):
            continue
        if _path(name) not in ever:
            yield name, "it is not asked for any more with the extension"
        elif other is None:
            continue
        elif _is_led_away(seen, other):
            where = _path(other.leads_to or "")
            yield name, f"{_status(seen)} without, leads to {where} with the extension"
        elif other.status != seen.status or other.error:
            yield name, f"{_status(seen)} without, {_status(other)} with the extension"
        elif bodies and seen.sha256 and other.sha256 and seen.sha256 != other.sha256:
            yield name, "other bytes with the extension"
    asked = {_path(name) for sight in without.sights for name in part(sight)}
    for name, seen in after.items():
        if not _works(seen) and _path(name) not in asked:
            yield name, f"{_status(seen)}, and asked for only with the extension"


def _steady(side: Side, part: Callable[[Sight], dict[str, Seen]]) -> dict[str, Seen]:
    """Return what all visitors have seen alike. What differs from visit to visit proves nothing.

    Where the bytes alone differ, their hash is left out.
    """
    first, *others = [part(sight) for sight in side.sights]
    found: dict[str, Seen] = {}
    for name, seen in first.items():
        same = [sight[name] for sight in others if name in sight]
        if len(same) < len(others) or any(_kind(each) != _kind(seen) for each in same):
            continue
        if any(each.sha256 != seen.sha256 for each in same):
            seen = replace(seen, sha256="")
        found[name] = seen
    return found


def _path(name: str) -> str:
    return name.partition("?")[0]


def _is_changed(lines: list[Line]) -> bool:
    return any(name == "Cache-Control" and before != after for name, before, after in lines)


def _kind(seen: Seen) -> tuple[int, bool]:
    return seen.status, seen.leads_to is not None


def _is_led_away(seen: Seen, other: Seen) -> bool:
    """Return whether redirects lead to something else with the extension, and only with it."""
    return bool(other.leads_to and not seen.leads_to and other.sha256 != seen.sha256)


def _works(seen: Seen) -> bool:
    return seen.status < 400 and seen.error is None


def _status(seen: Seen) -> str:
    return f"{seen.status} ({seen.error})" if seen.error else str(seen.status)
