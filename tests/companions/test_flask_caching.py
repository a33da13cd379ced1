"""Flask-Caching: views, pages and functions are cached as before, in process and in Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from flask import Flask, make_response, session
from flask_caching import Cache

from conftest import RedisServer
from flask_static_optimizer import cacheable_static

Build = Callable[..., Flask]


@pytest.fixture(params=["SimpleCache", "RedisCache"])
def backend(request: pytest.FixtureRequest, redis: RedisServer) -> dict[str, Any]:
    return {"CACHE_TYPE": request.param, "CACHE_REDIS_PORT": redis.port}


def caching(app: Flask) -> None:
    cache = Cache(app)
    runs: dict[str, Iterator[int]] = {
        name: count(1) for name in ("page", "outside", "inside", "slow", "answer")
    }

    @app.get("/page")
    @cache.cached()
    def cached_page() -> str:
        return f"page {next(runs['page'])}"

    @app.get("/outside")
    @cacheable_static(max_age=60)
    @cache.cached()
    def tag_outside() -> str:
        return f"outside {next(runs['outside'])}"

    @app.get("/inside")
    @cache.cached()
    @cacheable_static(max_age=60)
    def tag_inside() -> str:
        return f"inside {next(runs['inside'])}"

    @app.get("/answer")
    @cacheable_static(max_age=60)
    @cache.cached()
    def answer() -> Any:
        return make_response(f"answer {next(runs['answer'])}", {"X-Kept": "yes"})

    @cache.memoize()
    def slow(number: int) -> int:
        return number * 10 + next(runs["slow"])

    @app.get("/memo/<int:number>")
    @cacheable_static(store=False)
    def memo(number: int) -> str:
        return str(slow(number))

    @app.get("/forget")
    def forget() -> str:
        session["forgot"] = True
        cache.delete_memoized(slow)
        return "forgotten"


@pytest.mark.parametrize("optimize", [True, False])
def test_what_is_cached_runs_once(build: Build, backend: dict[str, Any], optimize: bool) -> None:
    browser = build(caching, optimize=optimize, **backend).test_client()
    for name in ("page", "outside", "inside", "answer"):
        assert [browser.get(f"/{name}").text for _ in range(3)] == [f"{name} 1"] * 3


@pytest.mark.parametrize("name", ["outside", "inside", "answer"])
def test_a_cached_route_keeps_its_policy(build: Build, backend: dict[str, Any], name: str) -> None:
    """A cached cacheable route has its policy and validator every time."""
    browser = build(caching, **backend).test_client()
    for _ in range(3):
        response = browser.get(f"/{name}")
        assert response.text == f"{name} 1"
        assert response.headers["Cache-Control"] == "max-age=60"
        assert response.get_etag()[0]
        not_modified = browser.get(f"/{name}", headers={"If-None-Match": response.headers["ETag"]})
        assert not_modified.status_code == 304
        assert not_modified.headers["ETag"] == response.headers["ETag"]


@pytest.mark.parametrize("name", ["outside", "inside", "answer"])
def test_the_cache_gets_the_whole(build: Build, backend: dict[str, Any], name: str) -> None:
    """A first request with a condition or a range leaves the whole in the cache."""
    browser = build(caching, **backend).test_client()
    for headers, status in [
        ({"If-None-Match": "*"}, 304),
        ({"Range": "bytes=0-2"}, 206),
        ({"Range": "bytes=999-"}, 416),
        ({}, 200),
    ]:
        assert browser.get(f"/{name}", headers=headers).status_code == status
    assert browser.get(f"/{name}").text == f"{name} 1"


def test_nothing_of_ours_is_cached(build: Build, backend: dict[str, Any]) -> None:
    """A view's own headers are replayed from the cache, and none of ours is stored."""
    app = build(caching, **backend)
    browser = app.test_client()
    assert {browser.get("/answer").headers["X-Kept"] for _ in range(2)} == {"yes"}
    [cache] = app.extensions["cache"]
    with app.test_request_context():
        stored = cache.get("view//answer")
    assert stored.headers["X-Kept"] == "yes"
    assert "ETag" not in stored.headers
    assert "Cache-Control" not in stored.headers


def test_memoized_functions(build: Build, backend: dict[str, Any]) -> None:
    """A memoized function is remembered until it is forgotten on demand."""
    browser = build(caching, **backend).test_client()
    first = browser.get("/memo/4")
    assert browser.get("/memo/4").headers["ETag"] == first.headers["ETag"]
    assert browser.get("/forget").text == "forgotten"
    changed = browser.get("/memo/4", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.text, changed.text) == ("41", "42")


def test_the_cache_is_asked_and_no_session(build: Build, redis: RedisServer) -> None:
    """The cache in Valkey is asked, and the session store is not."""
    app = build(caching, CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=redis.port)
    browser = app.test_client()
    browser.get("/")
    browser.get("/outside")
    redis.client.config_resetstat()
    browser.get("/static/app.css")
    assert redis.commands() == {}
    response = browser.get("/outside")
    assert redis.commands() == {"get": 1}
    assert "Set-Cookie" not in response.headers


def test_control_without_the_extension_both_are(build: Build, redis: RedisServer) -> None:
    app = build(caching, optimize=False, CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=redis.port)
    browser = app.test_client()
    browser.get("/")
    browser.get("/outside")
    redis.client.config_resetstat()
    assert "Set-Cookie" in browser.get("/outside").headers
    assert redis.commands() == {"get": 2, "set": 1}


def test_a_cached_page_keeps_its_session(build: Build, backend: dict[str, Any]) -> None:
    browser = build(caching, **backend).test_client()
    browser.get("/")
    for _ in range(2):
        assert "session" in browser.get("/page").headers["Set-Cookie"]
    assert browser.get("/").text == "2"
