"""The cost of the extension for a page: apps with and without it, taking turns.

Each app is called in-process, without a server, in a process of its own.

Run with ``python tests/benchmarks/page.py``; ``python tests/benchmarks`` prints it with the others.
The ratio is the median of the ratios of neighbouring turns, which holds when the machine's speed
drifts. Other work on the machine only ever adds time, so the time without us is that of the
fastest tenth, and the rest is that times the ratio.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
from cachelib import SimpleCache
from flask import Flask, session
from flask_session import Session
from tables import Table, wide_console
from visitor import Visitor
from werkzeug.test import create_environ
from workers import Prepared, by_turns, ratio, working

from flask_static_optimizer import StaticOptimizer

TURNS = 100

#: Label, path, whether sessions are on the server, and whether static files are at the root.
KINDS = (
    ("page, no session, cookie interface", "/plain", False, False),
    ("page, session, cookie interface", "/session", False, False),
    ("page, no session, Flask-Session", "/plain", True, False),
    ("page, session, Flask-Session", "/session", True, False),
    ("page beside static_url_path=''", "/plain", False, True),
    ("static file, cookie interface", "/static/app.css", False, False),
    ("static file, Flask-Session", "/static/app.css", True, False),
)


def make_app(folder: Path, optimize: bool, server_side: bool, root: bool) -> Flask:
    """Make a small app; ``root`` serves its static files from ``/``, the dearest place."""
    app = Flask("bench", root_path=str(folder), static_url_path="" if root else "/static")
    app.config.update(
        SECRET_KEY="bench", SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache(threshold=10**6)
    )
    if server_side:
        Session(app)

    @app.get("/plain")
    def plain() -> str:
        return "page"

    @app.get("/session")
    def with_session() -> str:
        session["n"] = 1
        return "page"

    if optimize:
        StaticOptimizer(app)
    return app


def prepare(folder: Path, path: str, optimize: bool, server_side: bool, root: bool) -> Prepared:
    """Make an app and a request to it."""
    app = make_app(folder, optimize, server_side, root)
    return Prepared({path: Visitor(app, logged_in=False).call(path, {})})


@dataclass(frozen=True)
class Cost:
    """The cost of one kind of request."""

    label: str
    #: Seconds without the extension: the fastest tenth of the turns.
    plain: float
    #: The median of the ratios of turns with and without it.
    ratio: float

    @property
    def more(self) -> float:
        """Return the seconds that the extension costs."""
        return self.plain * (self.ratio - 1)


def cost(folder: Path, label: str, path: str, server_side: bool, root: bool, turns: int) -> Cost:
    """Let two apps take turns, with and without the extension."""
    args = {name: (folder, path, name == "ours", server_side, root) for name in ("plain", "ours")}
    with working(prepare, args) as workers:
        found = by_turns(workers, path, turns)
    undisturbed = statistics.quantiles(found["plain"], n=10)[0]
    return Cost(label, undisturbed, ratio(found["ours"], found["plain"]))


def measure(folder: Path, *, quick: bool) -> list[Cost]:
    """Measure the cost of each kind of request."""
    (folder / "static").mkdir()
    (folder / "static" / "app.css").write_bytes(b"x" * 20_000)
    time.sleep(2.1)  # until the file counts as settled
    return [cost(folder, *kind, TURNS // 5 if quick else TURNS) for kind in KINDS]


def pieces(folder: Path, *, server_side: bool, tries: int = 300) -> Iterator[tuple[str, float]]:
    """Time each piece of ours that a page passes, with and without us by turns.

    Yields the seconds that each costs.
    """
    plain, ours = (make_app(folder, optimize, server_side, False) for optimize in (False, True))
    for app in (plain, ours):
        app.test_client().get("/plain")
    (hook,) = ours.before_request_funcs[None]
    with ours.test_request_context("/plain"):
        request = flask.request._get_current_object()  # type: ignore[attr-defined]
        response = flask.Response()
        empty = ours.session_interface.open_session(ours, request)

        def opening(app: Flask) -> Callable[[], Any]:
            return lambda: app.session_interface.open_session(app, request)

        def saving(app: Flask) -> Callable[[], Any]:
            return lambda: app.session_interface.save_session(app, empty, response)  # type: ignore[arg-type]

        yield (
            "before_request, Flask's part included",
            least(lambda: None, lambda: ours.ensure_sync(hook)(), tries),
        )
        yield "open_session", least(opening(plain), opening(ours), tries)
        yield "save_session", least(saving(plain), saving(ours), tries)
    yield "the lane, which lets it pass", least(passing(False), passing(True), tries)


def least(without: Callable[[], Any], with_us: Callable[[], Any], tries: int) -> float:
    """Return the seconds that a call costs with us and not without, of the best tries."""
    best = [float("inf")] * 2
    for _ in range(tries):
        for index, call in enumerate((without, with_us)):
            best[index] = min(best[index], timeit.timeit(call, number=200) / 200)
    return best[1] - best[0]


class Nothing(Flask):
    """An app whose pages cost nothing."""

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        return ()


def passing(optimize: bool) -> Callable[[], Any]:
    """Return a call that goes a page's way through the app's WSGI stack, without the page."""
    app, environ = Nothing("bench"), create_environ("/plain")
    if optimize:
        StaticOptimizer(app)
    return lambda: app(environ, None)


def table(costs: list[Cost]) -> Table:
    """Make the table."""
    pays = Table("What a page pays", ["request", "plain", "with us", "ratio", "more"])
    for its in costs:
        times = (f"{its.plain * 1e6:.1f} µs", f"{its.plain * its.ratio * 1e6:.1f} µs")
        pays.rows.append([its.label, *times, f"{its.ratio:.3f}", f"{its.more * 1e6:+.2f} µs"])
    return pays


def pieces_table(folder: Path, *, tries: int) -> tuple[Table, float]:
    """Tabulate each piece, and what the dearer session interface makes of them together."""
    table = Table(
        f"A page's share, each piece by itself, the best of {tries} tries",
        ["", "cookie interface", "Flask-Session"],
    )
    both = [
        dict(pieces(folder, server_side=server_side, tries=tries)) for server_side in (False, True)
    ]
    for name in both[0]:
        table.rows.append([name, *(f"{its[name] * 1e6:+.2f} µs" for its in both)])
    totals = [sum(its.values()) for its in both]
    table.rows.append(["together", *(f"{total * 1e6:+.2f} µs" for total in totals)])
    return table, max(totals)


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for its in (table(measure(folder, quick=False)), pieces_table(folder, tries=300)[0]):
            its.show(wide_console(), markdown=False)


if __name__ == "__main__":
    main()
