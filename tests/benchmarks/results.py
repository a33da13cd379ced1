"""All figures of one run, and the tables made of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import behind
import hooked
import hooked_behind
import inprocess
import links
import page
import working_set
from cases import CASES, CODED
from nginx import NGINX
from peers import FLASK
from tables import Table, micros
from traits import CHANGES, TRAITS
from workers import ratio

import assets


@dataclass(frozen=True)
class Results:
    """The findings of one run."""

    inprocess: inprocess.Found
    #: Files and stored routes of apps with hooks.
    files: hooked.Found
    routes: hooked.Found
    #: The client that kept servers busy.
    client: str
    behind: behind.Found
    #: An app with a log-in behind servers.
    hosted: behind.Found
    growth: assets.Found
    #: More files than memory holds; ``None``: not measured.
    many: working_set.Found | None
    links: Mapping[str, list[float]]
    pages: list[page.Cost]
    #: What a page passes of ours, piece by piece, and the seconds of all of them.
    pieces: tuple[Table, float]

    def tables(self) -> list[Table]:
        """Return all tables, in order; the first is about apps with hooks."""
        return [
            *hooked.tables(self.files, self.routes),
            _calls(self.inprocess),
            *(
                servers_table(hooked_behind.HOOKS, self.hosted, self.client, case)
                for case in _cases(self.hosted)
            ),
            *(servers_table("", self.behind, self.client, case) for case in _cases(self.behind)),
            *assets.tables(self.growth),
            *([] if self.many is None else [working_set.table(self.many)]),
            links.table(self.links),
            page.table(self.pages),
            self.pieces[0],
            _traits(self.inprocess),
        ]


def _calls(found: inprocess.Found) -> Table:
    table = Table(
        "In-process WSGI calls",
        ["", *CASES, "store commands"],
        notes=[
            "Median CPU microseconds of a request, and in brackets the ratio to"
            f" {FLASK}'s (the median of the ratios of neighbouring turns). What a Valkey takes for"
            " its commands comes on top.",
        ],
    )
    for name, facts in found.facts.items():
        cells = []
        for case, by_peer in found.seconds.items():
            cell = f"{micros(statistics.median(by_peer[name]))}"
            cell += f" ({ratio(by_peer[name], by_peer[FLASK]):.2f})"
            if case in facts.deviations:
                cell += f" {facts.deviations[case]}"
            cells.append(cell)
        table.rows.append([name, *cells, f"{found.commands[name]:g}"])
    return table


def _cases(found: behind.Found) -> list[str]:
    return list(next(iter(found.values()))) if found else []


def servers_table(hooks: str, found: behind.Found, client: str, case: str) -> Table:
    """Make the table of what all ways take behind servers.

    :param hooks: what hooks the apps have; empty for all peers as they are.
    """
    table = Table(
        f"An app with {hooks}, behind servers: {case}" if hooks else f"Behind servers: {case}",
        ["", *found],
        notes=[
            f"Median CPU microseconds of all processes of the server for a request, and in brackets"
            f" the ratio to {FLASK}'s; then requests a second. One worker process; asked by"
            f" {client}, on the same machine."
            + (
                f" {hooked_behind.NOTHING!r} is a function that answers with what is ready: what"
                " the server itself takes."
                if hooks
                else f" {NGINX} serves the files itself, by the side of each server. A Valkey's"
                " own time is not counted."
            ),
            *(
                [f"Flask's own view and {'its floor' if hooks else NGINX} send it uncompressed."]
                if case == CODED
                else []
            ),
        ],
    )
    for name in next(iter(found.values()))[case]:
        cells = []
        for cases in found.values():
            rates, plain = cases[case][name], cases[case][FLASK]
            cell = f"{micros(statistics.median(rates.cpu))} ({ratio(rates.cpu, plain.cpu):.2f})"
            cells.append(f"{cell}, {statistics.median(rates.answered):,.0f}/s")
        table.rows.append([name, *cells])
    return table


def _traits(found: inprocess.Found) -> Table:
    names = [*TRAITS, CHANGES]
    table = Table("What each does, found by asking it", ["", *names])
    words = {True: "yes", False: "no", None: "–"}  # noqa: RUF001
    for name, facts in found.facts.items():
        table.rows.append(
            [name, *(words.get(facts.traits[trait], facts.traits[trait]) for trait in names)]
        )
    return table
