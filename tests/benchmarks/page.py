"""What a page pays for the extension: apps with and without it, interleaved in one process.

Run with ``python tests/benchmarks/page.py``. The machine may be noisy: read the ratio and the
difference of medians, not single times.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cachelib import SimpleCache
from flask import Flask, session
from flask_session import Session
from werkzeug.test import create_environ, run_wsgi_app

from flask_static_optimizer import StaticOptimizer

ROUNDS = 400
CALLS = 25


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


def interleaved(calls: list[Callable[[], Any]]) -> list[float]:
    """Median seconds of each call, all of them taking turns."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(ROUNDS):
        order = range(len(calls)) if turn % 2 else reversed(range(len(calls)))
        for index in order:
            call = calls[index]
            start = time.perf_counter()
            for _ in range(CALLS):
                call()
            times[index].append((time.perf_counter() - start) / CALLS)
    return [statistics.median(taken) for taken in times]


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
            calls = [
                caller(
                    make_app(folder, optimize=optimize, server_side=server_side, root=root), path
                )
                for optimize in (False, True)
            ]
            plain, ours = (seconds * 1e6 for seconds in interleaved(calls))
            print(
                f"{label:38} {plain:6.1f} µs {ours:6.1f} µs {ours / plain:7.3f}"
                f" {ours - plain:+6.2f} µs"
            )


if __name__ == "__main__":
    main()
