"""The goals, and the ratios within one run that tell which are reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cases import BY_DATE, BY_ETAG, CODED, FILE, MEGABYTE, PART, PLAIN
from hooked import OURS
from hooked_behind import HOOKS
from hooks import ALL
from peers import EXPRESS, FLASK, HOOK, LANE, RENEWED, STORED, WHITENOISE
from results import Results
from tables import Table
from workers import ratio


@dataclass(frozen=True)
class Goal:
    """A figure and its bound."""

    what: str
    measured: float
    bound: float
    #: Whether the bound is the least that is wanted, or the most.
    at_least: bool
    unit: str = ""

    @property
    def reached(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def cells(self) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        bound = f"{sign} {self.bound:g}{self.unit}"
        return [
            self.what,
            bound,
            f"{self.measured:.3g}{self.unit}",
            "yes" if self.reached else "NO",
        ]


def table(results: Results) -> Table:
    """Make the table."""
    goals = Table("Goals", ["", "goal", "measured", "reached"])
    goals.rows.extend(goal.cells() for goal in reckon(results))
    goals.notes.append("Where not said otherwise: how many times cheaper the first is.")
    return goals


def reckon(results: Results) -> Iterator[Goal]:
    """Return all goals whose figures this run has."""
    seconds = results.inprocess.seconds
    for other, bound in ((FLASK, 5), (RENEWED, 5), (STORED, 10)):
        for case in (PLAIN, BY_ETAG, PART):
            times = ratio(seconds[case][other], seconds[case][LANE])
            yield Goal(f"{LANE} against {other}: {case}", times, bound, at_least=True)
    for ours in (LANE, HOOK):
        commands = results.inprocess.commands[ours]
        yield Goal(f"{ours}: store commands for a request", commands, 0, at_least=False)
    yield from _of_hooks(results)
    yield from _of_express(results)
    yield from _of_pages(results)


#: The part of Flask's time for a file that the goals allow, by the app's hooks.
_PARTS = {"before_request": 0.15, "Flask-Login": 0.15, "Flask-WTF": 0.15, ALL: 0.3}


def _of_hooks(results: Results) -> Iterator[Goal]:
    for hooks, cases in results.files.seconds.items():
        for case, ways in cases.items():
            if hooks in _PARTS and case != MEGABYTE:
                part = ratio(ways[OURS], ways[FLASK])
                what = f"{hooks}: {case}, as a part of {FLASK}'s"
                yield Goal(what, part, _PARTS[hooks], at_least=False)
    for server, cases in results.hosted.items():
        for case, ways in cases.items():
            for other, bound in ((FLASK, 0.5), (WHITENOISE, 1)):
                part = ratio(ways[OURS].cpu, ways[other].cpu)
                what = f"{HOOKS} behind {server}: {case}, as a part of {other}'s CPU"
                yield Goal(what, part, bound, at_least=False)


def _of_express(results: Results) -> Iterator[Goal]:
    bounds = {PLAIN: 10, CODED: 10, BY_ETAG: 1.5, BY_DATE: 4, PART: 1.5, FILE: 1.3}
    for case in bounds:
        peers = results.inprocess.seconds[case]
        times = ratio(peers[WHITENOISE], peers[EXPRESS])
        yield Goal(f"{EXPRESS} against {WHITENOISE}: {case}", times, bounds[case], at_least=True)
    for server in ("gunicorn gthread", "waitress", "granian"):
        for case, peers in results.behind.get(server, {}).items():
            if case not in (CODED, MEGABYTE):
                continue
            times = ratio(peers[WHITENOISE].cpu, peers[EXPRESS].cpu)
            what = f"{EXPRESS} against {WHITENOISE}, CPU behind {server}: {case}"
            yield Goal(what, times, 1.2, at_least=True)


def _of_pages(results: Results) -> Iterator[Goal]:
    yield Goal("what a page pays, its pieces together", results.pieces[1] * 1e6, 2, False, " µs")
    times = ratio(results.links[HOOK], results.links[FLASK])
    yield Goal("url_for with a fingerprint, as a part of plain", times, 1.5, at_least=False)
    most = 100_000
    starts = results.growth.starts.get(most, {})
    for name in (HOOK, LANE):
        if name in starts:
            part = starts[name].seconds / starts[WHITENOISE].seconds
            yield Goal(
                f"start with {most:,} files, {name} as a part of {WHITENOISE}'s", part, 0.1, False
            )
            part = starts[name].kilobytes / max(starts[WHITENOISE].kilobytes, 1)
            yield Goal(f"memory for {most:,} files, likewise", part, 0.1, at_least=False)
