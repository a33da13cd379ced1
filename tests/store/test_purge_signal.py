"""The signal about purges, and the tags in header fields, by which other caches are purged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, current_app, redirect, send_from_directory
from flask_caching import Cache

from conftest import RedisServer, free_port
from flask_static_optimizer import StaticOptimizer, cacheable_static, responses_purged

from .conftest import status_of

MakeApp = Callable[..., Flask]


@pytest.fixture
def told() -> Iterator[list[tuple[Any, ...]]]:
    """List what a receiver is told."""
    heard: list[tuple[Any, ...]] = []

    def receive(app: Flask, endpoint: str | None, tag: str | None, paths: tuple[str, ...]) -> None:
        assert current_app == app
        heard.append((endpoint, tag, paths))

    responses_purged.connect(receive)
    yield heard
    responses_purged.disconnect(receive)


@pytest.fixture
def shop(make_app: MakeApp, redis: RedisServer) -> Flask:
    """Make an app that stores its responses in a real Valkey."""

    def add(app: Flask) -> None:
        Cache(app)
        item = cacheable_static(max_age=60, tags=["items", "shop"])(lambda name: name)
        app.get("/items/<name>", endpoint="item")(item)
        app.put("/items/<name>", endpoint="change")(lambda name: redirect("/items/new", 303))
        app.delete("/items/<name>", endpoint="fail")(lambda name: ("", 409))

    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
    return make_app(before=add, **config)


@pytest.mark.parametrize(
    ("purge", "said"),
    [
        ({"endpoint": "item"}, ("item", None, ())),
        ({"tag": "shop"}, (None, "shop", ())),
        ({"path": "/items/caf\u00e9 1?x=1"}, (None, None, ("/items/caf%C3%A9%201",))),
        ({"path": "http://localhost/items/a%2Fb"}, (None, None, ("/items/a/b",))),
        ({"tag": "shop", "endpoint": "item"}, ("item", "shop", ())),
        ({}, (None, None, ())),
    ],
    ids=str,
)
@pytest.mark.parametrize("by", ["call", "command"])
def test_what_was_purged(
    shop: Flask, told: list[Any], by: str, purge: dict[str, str], said: tuple[Any, ...]
) -> None:
    """A receiver is told once, with what was named; of the command as of the call."""
    if by == "call":
        with shop.app_context():
            StaticOptimizer().purge(**purge)
    else:
        options = [word for name, value in purge.items() for word in (f"--{name}", value)]
        result = shop.test_cli_runner().invoke(args=["static", "purge", *options])
        assert (result.exit_code, result.output) == (0, "Purged.\n")
    assert told == [said]


def test_after_an_unsafe_request(shop: Flask, told: list[Any]) -> None:
    """Its path and those that its response names are told once, when the response has left."""
    client = shop.test_client()
    client.get("/items/new")
    with client.put("/items/old%20one?x=1", buffered=False) as response:
        assert (response.status_code, told) == (303, [])
    assert told == [(None, None, ("/items/new", "/items/old%20one"))]
    assert status_of(client.get("/items/new")) == "fwd=uri-miss; stored"
    client.delete("/items/new")
    assert len(told) == 1


def test_what_is_refused_is_not_told(shop: Flask, told: list[Any]) -> None:
    with shop.app_context(), pytest.raises(ValueError, match="tag='none'"):
        StaticOptimizer().purge(tag="none")
    assert told == []


class Failing:
    """A receiver that raises, between two others."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def first(self, app: Flask, **_: Any) -> None:
        self.heard.append("first")

    def raises(self, app: Flask, **_: Any) -> None:
        self.heard.append("raises")
        raise ConnectionError("the CDN is down")

    def last(self, app: Flask, **_: Any) -> None:
        self.heard.append("last")


@pytest.fixture
def failing() -> Iterator[Failing]:
    found = Failing()
    receivers = [found.first, found.raises, found.last]
    for receiver in receivers:
        responses_purged.connect(receiver)
    yield found
    for receiver in receivers:
        responses_purged.disconnect(receiver)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize("by", ["call", "command", "request"])
def test_a_receiver_that_raises(
    shop: Flask, failing: Failing, caplog: pytest.LogCaptureFixture, by: str
) -> None:
    """All is purged and all others are called. Who purges by hand gets the error; a client not."""
    client = shop.test_client()
    client.get("/items/a")
    if by == "request":
        assert client.put("/items/a").status_code == 303
    elif by == "command":
        result = shop.test_cli_runner().invoke(args=["static", "purge", "--tag", "shop"])
        assert result.exit_code == 1
        assert "a receiver of responses_purged failed (ConnectionError: the CDN" in result.output
    else:
        with shop.app_context(), pytest.raises(RuntimeError, match="the CDN is down") as caught:
            StaticOptimizer().purge(tag="shop")
        assert isinstance(caught.value.__cause__, ConnectionError)
    assert sorted(failing.heard) == ["first", "last", "raises"]
    assert status_of(client.get("/items/a")) == "fwd=uri-miss; stored"
    (said,) = logged(caplog)
    assert "a receiver of responses_purged failed" in said


def test_a_backend_that_is_down(make_app: MakeApp, told: list[Any]) -> None:
    """Other caches are purged all the same, and the backend's error is raised."""

    def add(app: Flask) -> None:
        Cache(app)
        app.get("/x", endpoint="x")(cacheable_static(max_age=60)(lambda: "x"))

    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": free_port()}
    app = make_app(before=add, **config)
    with app.app_context(), pytest.raises(Exception, match="refused"):
        StaticOptimizer().purge(endpoint="x")
    assert told == [("x", None, ())]
    app.extensions["static_optimizer"].open_store().index._purges._waiting.clear()


def test_an_async_receiver(shop: Flask) -> None:
    heard = []

    async def receive(app: Flask, **said: Any) -> None:
        await asyncio.sleep(0)
        heard.append(said["tag"])

    with responses_purged.connected_to(receive), shop.app_context():
        StaticOptimizer().purge(tag="items")
    assert heard == ["items"]


def test_a_receiver_of_another_app_does_not_count(make_app: MakeApp) -> None:
    app = make_app(before=lambda app: app.get("/x")(cacheable_static(max_age=60)(lambda: "x")))

    def receive(_: Flask, **said: Any) -> None:
        """Hear of another app's purges."""

    with responses_purged.connected_to(receive, sender=Flask("another")):
        result = app.test_cli_runner().invoke(args=["static", "purge", "--tag", "none"])
    assert "in the memory of each process" in result.output
    assert "tag='none'" not in result.output


def test_the_command_where_memory_is_out_of_reach(make_app: MakeApp, told: list[Any]) -> None:
    """Other caches are told, and the command still fails for those in memory."""
    app = make_app(before=lambda app: app.get("/x")(cacheable_static(max_age=60)(lambda: "x")))
    result = app.test_cli_runner().invoke(args=["static", "purge"])
    assert (result.exit_code, told) == (1, [(None, None, ())])
    assert "other caches were told of it, but responses are stored in the memory" in result.output


class TestTagHeaders:
    @pytest.fixture(params=["lane", "hooks"])
    def through(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def app(self, make_app: MakeApp, **config: Any) -> Flask:
        def add(app: Flask) -> None:
            tagged = cacheable_static(max_age=60, tags=["a", "b", "a"])
            app.get("/tagged", endpoint="tagged")(tagged(lambda: "x"))
            app.get("/plain", endpoint="plain")(cacheable_static(max_age=60)(lambda: "x"))
            own = cacheable_static(max_age=60, tags="a")(lambda: ("x", {"Cache-Tag": "own"}))
            app.get("/own", endpoint="own")(own)
            gone = cacheable_static(max_age=60, tags="a")(lambda: ("x", 404))
            app.get("/gone", endpoint="gone")(gone)
            folder = app.static_folder
            sent = cacheable_static(tags="sent")(lambda: send_from_directory(folder, "app.css"))
            app.get("/sent", endpoint="sent")(sent)

        rules = {"static:*.css": {"tags": ["style", "assets"]}}
        return make_app(
            before=add,
            STATIC_OPTIMIZER_RULES=rules,
            **{"STATIC_OPTIMIZER_TAG_HEADERS": ["cache-tag", "Surrogate-Key"], **config},
        )

    @pytest.mark.parametrize(
        ("path", "cache_tag", "surrogate_key"),
        [
            ("/tagged", "a,b", "a b"),
            ("/plain", None, None),
            ("/own", "own", "a"),
            ("/gone", None, None),
            ("/sent", "sent", "sent"),
            ("/static/app.css", "style,assets", "style assets"),
            ("/static/app.js", None, None),
        ],
    )
    @pytest.mark.parametrize("express", [False, True])
    def test_tags_go_out(
        self, make_app: MakeApp, path: str, cache_tag: str, surrogate_key: str, express: bool
    ) -> None:
        """From the view, from the store and on a 304; of files, too; and not on errors."""
        client = self.app(make_app, STATIC_OPTIMIZER_EXPRESS=express).test_client()
        first = client.get(path)
        etag = first.headers.get("ETag", "")
        same = client.get(path, headers={"If-None-Match": etag}) if etag else first
        assert same.status_code in (304, 404)
        for response in (first, client.get(path), client.head(path), same):
            assert response.headers.get("Cache-Tag") == cache_tag
            assert response.headers.get("Surrogate-Key") == surrogate_key

    def test_not_unless_asked_for(self, make_app: MakeApp) -> None:
        client = self.app(make_app, STATIC_OPTIMIZER_TAG_HEADERS=[]).test_client()
        assert "Cache-Tag" not in client.get("/tagged").headers

    def test_tags_of_files_can_be_purged_outside(self, make_app: MakeApp, told: list[Any]) -> None:
        """The store has no files, but another cache may."""
        app = self.app(make_app)
        with app.app_context():
            StaticOptimizer().purge(tag="style")
        assert told == [(None, "style", ())]
        with self.app(make_app, STATIC_OPTIMIZER_TAG_HEADERS=False).app_context():  # noqa: SIM117
            with pytest.raises(ValueError, match="tag='style'"):
                StaticOptimizer().purge(tag="style")
