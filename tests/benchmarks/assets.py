"""The growth of cost with the number of files: start-up, memory and look-ups.

    python tests/benchmarks/assets.py [--quick]

prints this part alone; ``python tests/benchmarks`` prints it with the others.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import url_for
from peers import HOOK, LANE, PEERS, WHITENOISE, Site
from tables import Table, wide_console
from visitor import Visitor
from workers import Prepared, by_turns, ratio, rotated, working

#: Who looks at files at start-up, or when they are asked for.
GROWING = [WHITENOISE, "ServeStatic", HOOK, LANE]


@dataclass(frozen=True)
class Start:
    """The medians of some starts."""

    #: Of CPU time.
    seconds: float
    kilobytes: float


@dataclass(frozen=True)
class Found:
    """The figures."""

    #: By number of files and peer.
    starts: Mapping[int, Mapping[str, Start]]
    #: What is looked up among many files over the same among the fewest, by number and call.
    look_ups: Mapping[int, Mapping[str, float]]


def write_folders(root: Path, counts: Sequence[int]) -> None:
    """Write folders with so many files, a thousand in a folder."""
    for count in counts:
        for number in range(count):
            path = root / str(count) / "static" / str(number // 1000) / f"{number}.css"
            if number % 1000 == 0:
                path.parent.mkdir(parents=True)
            path.write_bytes(b"a { b: c }")
    time.sleep(2.1)  # until the files count as settled


def measure(root: Path, *, quick: bool) -> Found:
    """Measure folders of 10 to 100,000 files, or to 1,000."""
    counts = (10, 1000) if quick else (10, 100, 1000, 10_000, 100_000)
    write_folders(root, counts)
    return Found(
        {count: start_all(root / str(count), 3 if count < 10_000 else 1) for count in counts},
        {count: look_up(root, counts[0], count, quick=quick) for count in counts[1:]},
    )


def start_all(folder: Path, rounds: int) -> dict[str, Start]:
    """Start each peer, by turns, so many times."""
    program = [sys.executable, str(Path(__file__).with_name("start.py"))]
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in GROWING}
    for turn in range(rounds):
        for name in rotated(GROWING, turn):
            said = subprocess.check_output([*program, name, str(folder)], text=True)
            found[name].append(tuple(float(word) for word in said.split()))
    return {
        name: Start(*(statistics.median(figures) for figures in zip(*starts, strict=True)))
        for name, starts in found.items()
    }


def look_up(root: Path, few: int, many: int, *, quick: bool) -> dict[str, float]:
    """Compare a GET and a ``url_for`` among many files with the same among few."""
    found = {}
    for name in GROWING:
        args = {str(count): (name, root / str(count), count) for count in (many, few)}
        with working(prepare, args) as workers:
            for call in ("GET", "url_for") if name == HOOK else ("GET",):
                turns = by_turns(workers, call, 9 if quick else 25)
                found[f"{call}, {name}"] = ratio(turns[str(many)], turns[str(few)])
    return found


def prepare(name: str, folder: Path, count: int) -> Prepared:
    """Start one peer over a folder; return the look-up of its last file."""
    app = PEERS[name].make(Site(folder))
    filename = f"{(count - 1) // 1000}/{count - 1}.css"
    get = Visitor(app, logged_in=False).call(f"/static/{filename}", {})
    app.test_request_context().push()
    return Prepared({"GET": get, "url_for": lambda: url_for("static", filename=filename)})


def tables(found: Found) -> list[Table]:
    """Make the tables."""
    start = Table(
        "Start and first request, by the number of files",
        ["files", *GROWING],
        notes=[
            "CPU milliseconds, and KB by which the process grew; medians of three starts"
            " (one from 10,000 files on)."
        ],
    )
    for count, starts in found.starts.items():
        cells = [f"{its.seconds * 1e3:,.1f} ms, {its.kilobytes:,.0f} KB" for its in starts.values()]
        start.rows.append([f"{count:,}", *cells])
    fewest = min(found.starts)
    kinds = list(next(iter(found.look_ups.values())))
    grown = Table(
        f"A look-up, by the number of files (that among {fewest} is 1)", ["files", *kinds]
    )
    for count, ratios in found.look_ups.items():
        grown.rows.append([f"{count:,}", *(f"{value:.2f}" for value in ratios.values())])
    return [start, grown]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        for table in tables(measure(Path(name), quick="--quick" in sys.argv)):
            table.show(wide_console(), markdown=False)


if __name__ == "__main__":
    main()
