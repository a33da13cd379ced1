"""The table of the figures without and with the extension, and a verdict in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .measure import Comparison, Visits
from .tally import Tally

_ROWS: tuple[tuple[str, Callable[[Tally], int]], ...] = (
    ("Requests", lambda tally: tally.requests),
    ("of them 304", lambda tally: tally.not_modified),
    ("Session reads", lambda tally: tally.session_reads),
    ("Session writes", lambda tally: tally.session_writes),
    ("Cookies set", lambda tally: tally.cookies_set),
    ("Vary: Cookie", lambda tally: tally.vary_cookie),
    ("Bytes (bodies)", lambda tally: tally.body_bytes),
    ("Time (ms)", lambda tally: tally.milliseconds),
)


def print_report(comparison: Comparison) -> None:
    """Print the table and, below it, the verdict."""
    without, optimized = comparison.without, comparison.optimized
    table = Table(
        box=SIMPLE_HEAD,
        title=(
            f"A page and its {without.first.assets.requests} assets; sessions in {comparison.store}"
        ),
        title_justify="left",
    )
    table.add_column("")
    for visit in ("1st visit", "2nd visit", "total"):
        table.add_column(f"{visit}\nwithout", justify="right")
        table.add_column("\nwith", justify="right", style="bold green")
    pairs = (
        (without.first.total, optimized.first.total),
        (without.second.total, optimized.second.total),
        (without.total, optimized.total),
    )
    for label, figure in _ROWS:
        table.add_row(label, *(f"{figure(tally):,}" for pair in pairs for tally in pair))
    console = Console()
    console.print(table)
    console.print(verdict(comparison), soft_wrap=True)


def verdict(comparison: Comparison) -> str:
    """Return in one line what the figures mean."""
    before, after = comparison.without.assets, comparison.optimized.assets
    touched, touches = (tally.session_reads + tally.session_writes for tally in (before, after))
    if touches:
        first = (
            f"Asset requests still ask the session store {touches} times ({touched} times without)"
        )
    elif touched:
        first = f"{before.requests} asset requests no longer touch the session store"
    else:
        first = "Asset requests do not touch the session store, with or without"
    asked, asks = (
        visits.second.total.requests for visits in (comparison.without, comparison.optimized)
    )
    files = "file" if asks == 1 else "files"
    second = f"asks for {asks} {files}" + (f" instead of {asked}" if asks != asked else ", as ever")
    return f"{first}; the second visit {second}."


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Return all figures, ready for JSON."""
    return {
        "store": comparison.store,
        "rounds": comparison.rounds,
        "without": _visits(comparison.without),
        "with": _visits(comparison.optimized),
        "verdict": verdict(comparison),
    }


def _visits(visits: Visits) -> dict[str, Any]:
    return {
        "first_visit": {part: asdict(tally) for part, tally in visits.first._asdict().items()},
        "second_visit": {part: asdict(tally) for part, tally in visits.second._asdict().items()},
        "total": asdict(visits.total),
    }
