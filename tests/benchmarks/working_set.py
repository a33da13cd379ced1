"""The cost of files that are asked for by turns, where there are more than memory holds.

    python tests/benchmarks/working_set.py

prints this part alone; ``python tests/benchmarks`` prints it with the others.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from peers import LANE, PEERS, WHITENOISE, Site
from tables import Table, micros, wide_console
from visitor import Visitor
from workers import Prepared, by_turns, ratio, working

#: 60 MB, while the extension may take 32 MiB.
FILES, SIZE = 3000, 20_000

#: What is asked for, by its name: a file's suffix, and a client's codings.
KINDS = {"pictures": ("png", ""), "stylesheets, in br": ("css", "br")}

#: Seconds for a request by kind and peer, one figure a round.
Found = Mapping[str, Mapping[str, list[float]]]


def write_files(folder: Path, suffix: str) -> None:
    """Write files that are all different."""
    folder.mkdir(parents=True)
    chance = random.Random(1)
    for number in range(FILES):
        if suffix == "css":
            line = ".c%x { margin: %dpx; color: #%06x }\n"
            numbers = (
                line % (chance.getrandbits(20), chance.randrange(40), chance.getrandbits(24))
                for _ in range(SIZE // 35)
            )
            data = "".join(numbers).encode()
        else:
            data = os.urandom(SIZE)
        (folder / f"{number}.{suffix}").write_bytes(data)


def measure(root: Path) -> Found:
    """Measure each kind, by turns."""
    found = {}
    for number, (kind, (suffix, codings)) in enumerate(KINDS.items()):
        folder = root / str(number)
        write_files(folder / "static", suffix)
        time.sleep(2.1)  # until the files count as settled
        args = {name: (name, folder, suffix, codings) for name in (WHITENOISE, LANE)}
        with working(prepare, args) as workers:
            found[kind] = by_turns(workers, "GET", 60)
    return found


def prepare(name: str, folder: Path, suffix: str, codings: str) -> Prepared:
    """Make one peer's app, ask for all files twice, and return the request for the next one."""
    visitor = Visitor(PEERS[name].make(Site(folder)), logged_in=False)
    headers = {"Accept-Encoding": codings} if codings else {}
    calls = [visitor.call(f"/static/{number}.{suffix}", headers) for number in range(FILES)]
    for call in 2 * calls:
        call()
    following = itertools.cycle(calls)
    return Prepared({"GET": lambda: next(following)()})


def table(found: Found) -> Table:
    """Make the table."""
    made = Table(
        f"{FILES:,} files of {SIZE // 1000} KB by turns, more than memory holds",
        ["", WHITENOISE, LANE],
        notes=[
            "Median CPU microseconds of a request, and in brackets the ratio to"
            f" {WHITENOISE}'s, which has compressed none of these and sends them as they are."
        ],
    )
    for kind, seconds in found.items():
        plain = seconds[WHITENOISE]
        cells = (
            f"{micros(statistics.median(its))} ({ratio(its, plain):.2f})"
            for its in seconds.values()
        )
        made.rows.append([kind, *cells])
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        table(measure(Path(name))).show(wide_console(), markdown=False)


if __name__ == "__main__":
    main()
