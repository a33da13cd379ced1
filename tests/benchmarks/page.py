"""What a page pays for the extension: apps with and without it, interleaved in one process.

Run with ``python tests/benchmarks/page.py``. The machine may be noisy: read the medians of the
ratios and differences, not single times.
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

ROUNDS = 1000
CALLS = 5


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


def paired(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float, float, float]:
    """Two calls taking turns: the median of each in seconds, of their ratio and difference.

    Ratio and difference are taken pair by pair, so that they hold when the machine's speed drifts.
    """
    pairs = []
    for turn in range(ROUNDS):
        first, second = (one, other) if turn % 2 else (other, one)
        times = timed(first), timed(second)
        pairs.append(times if turn % 2 else times[::-1])
    columns = zip(*((a, b, b / a, b - a) for a, b in pairs), strict=True)
    medians = [statistics.median(column) for column in columns]
    return medians[0], medians[1], medians[2], medians[3]


def timed(call: Callable[[], Any]) -> float:
    """Seconds for one call, over a few."""
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS


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
            plain, ours = (
                caller(
                    make_app(folder, optimize=optimize, server_side=server_side, root=root), path
                )
                for optimize in (False, True)
            )
            before, after, ratio, more = paired(plain, ours)
            print(
                f"{label:38} {before * 1e6:6.1f} µs {after * 1e6:6.1f} µs {ratio:7.3f}"
                f" {more * 1e6:+6.2f} µs"
            )


if __name__ == "__main__":
    main()
