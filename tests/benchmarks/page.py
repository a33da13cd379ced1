"""What a page pays for the extension: apps with and without it, taking turns.

Each app is called in-process, without a server, in a process of its own.

Run with ``python tests/benchmarks/page.py``. The ratio is the median of the ratios of neighbouring
pairs, which holds when the machine's speed drifts. Other work on the machine only ever adds time,
so the time without us is that of the fastest tenth, and the rest is that times the ratio.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, Process
from pathlib import Path
from typing import Any

import flask
from cachelib import SimpleCache
from flask import Flask, session
from flask_session import Session
from werkzeug.test import create_environ, run_wsgi_app

from flask_static_optimizer import StaticOptimizer

TURNS = 200
CALLS = 20
WARM_UP = 200


def make_app(folder: Path, *, optimize: bool, server_side: bool, root: bool) -> Flask:
    """A small app; ``root`` serves its static files from ``/``, the dearest place."""
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


def caller(app: Flask, path: str) -> Callable[[], Any]:
    """A function that sends the app one request, with no test client in between."""
    environ = create_environ(path)

    def call() -> None:
        body, _, _ = run_wsgi_app(app, dict(environ))
        for _chunk in body:
            pass

    return call


def paired(folder: Path, path: str, **kind: bool) -> tuple[float, float]:
    """Two apps taking turns: seconds without the extension, and the ratio of with to without."""
    with (
        worker(folder, path, optimize=False, **kind) as plain,
        worker(folder, path, optimize=True, **kind) as ours,
    ):
        pairs = []
        for turn in range(TURNS):
            first, second = (plain, ours) if turn % 2 else (ours, plain)
            times = first(), second()
            pairs.append(times if turn % 2 else times[::-1])
    undisturbed = statistics.quantiles((without for without, _ in pairs), n=10)[0]
    return undisturbed, statistics.median(ours / plain for plain, ours in pairs)


@contextmanager
def worker(folder: Path, path: str, **kind: bool) -> Iterator[Callable[[], float]]:
    """A function that has a process of its own time the app: seconds for one request.

    Two apps in one interpreter would spoil its inline caches for each other, and be slower than
    either is alone.
    """
    here, there = Pipe()
    process = Process(target=serve, args=(there, folder, path, kind), daemon=True)
    process.start()

    def ask() -> float:
        here.send(CALLS)
        seconds: float = here.recv()
        return seconds

    ask()
    yield ask
    here.send(None)
    process.join()


def serve(orders: Any, folder: Path, path: str, kind: dict[str, bool]) -> None:
    """Time requests to an app, as many at a time as is asked for."""
    call = caller(make_app(folder, **kind), path)
    for _ in range(WARM_UP):
        call()
    while count := orders.recv():
        start = time.perf_counter()
        for _ in range(count):
            call()
        orders.send((time.perf_counter() - start) / count)


def print_pieces(folder: Path, *, server_side: bool) -> None:
    """What a page passes of ours, each piece called by itself, with and without us by turns."""
    plain, ours = (
        make_app(folder, optimize=optimize, server_side=server_side, root=False)
        for optimize in (False, True)
    )
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

        total = 0.0
        for name, without, with_us in (
            (
                "  before_request, Flask's part included",
                lambda: None,
                lambda: ours.ensure_sync(hook)(),
            ),
            ("  open_session", opening(plain), opening(ours)),
            ("  save_session", saving(plain), saving(ours)),
        ):
            best = [float("inf")] * 2
            for _ in range(300):
                for index, call in enumerate((without, with_us)):
                    best[index] = min(best[index], timeit.timeit(call, number=200) / 200)
            total += best[1] - best[0]
            print(f"{name:68} {(best[1] - best[0]) * 1e6:+6.2f} µs")
        print(f"{'  together':68} {total * 1e6:+6.2f} µs")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "static").mkdir()
        (folder / "static" / "app.css").write_bytes(b"x" * 20_000)
        print(f"{'request':38} {'plain':>9} {'with us':>9} {'ratio':>7} {'more':>9}")
        for label, path, server_side, root in (
            ("page, no session, cookie interface", "/plain", False, False),
            ("page, session, cookie interface", "/session", False, False),
            ("page, no session, Flask-Session", "/plain", True, False),
            ("page, session, Flask-Session", "/session", True, False),
            ("page beside static_url_path=''", "/plain", False, True),
            ("static file, cookie interface", "/static/app.css", False, False),
            ("static file, Flask-Session", "/static/app.css", True, False),
        ):
            plain, ratio = paired(folder, path, server_side=server_side, root=root)
            micros = plain * 1e6
            print(
                f"{label:38} {micros:6.1f} µs {micros * ratio:6.1f} µs {ratio:7.3f}"
                f" {micros * (ratio - 1):+6.2f} µs"
            )
        for label, server_side in (("cookie interface", False), ("Flask-Session", True)):
            print(f"\nA page's share with {label}, each piece by itself, the best of 300 tries:")
            print_pieces(folder, server_side=server_side)


if __name__ == "__main__":
    main()
