"""Lost updates and undone logouts, on a real server with threads and a real Valkey.

A browser asks for a page and its assets at once. In plain Flask-Session an asset that read the
session before the page changed it writes its old copy back when it ends: the page's update is
lost, or the session that a logout deleted comes back.

A ``before_request`` hook sleeps 25 ms on assets, as a slower disk would, and the browser asks for
the assets 10 ms before the page; both in every variant, ours and the plain one. That makes the
plain failure reliable within seconds; it is not what causes it.

Run with ``-s`` to see the counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from flask import Flask, request, session
from flask_session import Session
from redis import Redis
from werkzeug.serving import WSGIRequestHandler, make_server

from conftest import RedisServer

MakeApp = Callable[..., Flask]

UPDATES = 60
LOGOUTS = 40
ASSETS = ["/static/app.css", "/static/app.js", "/static//app.css"] * 2
ASSET_SECONDS = 0.025
HEAD_START = 0.01


class Quiet(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None: ...


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    """Serve an app with a thread for each request; its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Browser:
    """A browser that asks for several things at once, all with the cookie that it got first."""

    def __init__(self, port: int, threads: ThreadPoolExecutor) -> None:
        self._port = port
        self._threads = threads
        self._cookie: str | None = None

    def get(self, path: str) -> str:
        headers = {"Cookie": self._cookie} if self._cookie else {}
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read().decode()
        assert response.status == (308 if "//" in path else 200), (path, response.status)
        if self._cookie is None:
            self._cookie = response.headers["Set-Cookie"].partition(";")[0]
        return body

    def get_with(self, assets: list[str], page: str) -> None:
        """Ask for a page while assets are on their way; return when all are there."""
        pending = [self._threads.submit(self.get, asset) for asset in assets]
        time.sleep(HEAD_START if assets else 0)
        self.get(page)
        for asset in pending:
            asset.result()


@dataclass(frozen=True)
class Counts:
    lost: int
    undone: int


def count(
    make_app: MakeApp,
    redis: RedisServer,
    variant: str,
    *,
    assets: list[str] = ASSETS,
    guard: bool = False,
    **kwargs: Any,
) -> Counts:
    """Count what is lost and what is undone in one variant of the app."""
    with ExitStack() as stack:
        client = stack.enter_context(closing(Redis(port=redis.port)))

        def prepare(app: Flask) -> None:
            app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client)
            Session(app)
            if guard:
                app.before_request(look_at_session)
            app.before_request(slow_assets)

        port = stack.enter_context(serving(make_app(before=prepare, **kwargs)))
        threads = stack.enter_context(ThreadPoolExecutor(len(ASSETS)))
        counts = Counts(
            lost=count_lost(Browser(port, threads), assets),
            undone=sum(is_undone(Browser(port, threads), assets) for _ in range(LOGOUTS)),
        )
    print(
        f"\n{variant:<32}{counts.lost:>4} of {UPDATES} updates lost"
        f"{counts.undone:>4} of {LOGOUTS} logouts undone"
    )
    return counts


def slow_assets() -> None:
    if request.path.startswith("/static/"):
        time.sleep(ASSET_SECONDS)


def look_at_session() -> None:
    assert session.get("visits", 0) >= 0


def count_lost(browser: Browser, assets: list[str]) -> int:
    """Count a logged-in visitor's updates that are not there in the end."""
    before = int(browser.get("/"))
    for _ in range(UPDATES):
        browser.get_with(assets, "/")
    return before + UPDATES - int(browser.get("/look"))


def is_undone(browser: Browser, assets: list[str]) -> bool:
    """Return True if the session of a visitor who logged out is there again."""
    assert browser.get("/") == "1"
    browser.get_with(assets, "/logout")
    return browser.get("/look") != "0"


def test_control_plain_assets_lose_updates(make_app: MakeApp, redis: RedisServer) -> None:
    """Control: plain Flask-Session's assets lose updates and undo log-outs.

    A static request that read the session before a page changed it writes its old copy back when it
    ends.
    """
    counts = count(make_app, redis, "plain Flask-Session", optimize=False)
    assert counts.lost > 0
    assert counts.undone > 0


def test_without_assets_nothing_is_lost_or_undone(make_app: MakeApp, redis: RedisServer) -> None:
    counts = count(make_app, redis, "plain, no assets", optimize=False, assets=[])
    assert counts == Counts(lost=0, undone=0)


def test_with_us_nothing_is_lost_or_undone(make_app: MakeApp, redis: RedisServer) -> None:
    counts = count(make_app, redis, "ours")
    assert counts == Counts(lost=0, undone=0)


def test_guards_that_read_lose_nothing(make_app: MakeApp, redis: RedisServer) -> None:
    """Nothing is lost or undone where a guard reads the session on each asset."""
    rules = {"static": {"session": "protected"}}
    counts = count(
        make_app, redis, "ours, protected and guarded", guard=True, STATIC_OPTIMIZER_RULES=rules
    )
    assert counts == Counts(lost=0, undone=0)
    assert redis.commands()["get"] > (UPDATES + LOGOUTS) * len(ASSETS)
