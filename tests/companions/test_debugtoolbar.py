"""Flask-DebugToolbar: it rewrites HTML after us, and only in debug."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask, redirect, session
from flask_debugtoolbar import DebugToolbarExtension

from conftest import RedisServer
from flask_static_optimizer import cacheable_static

Build = Callable[..., Flask]

HTML = "<!doctype html><html><body><h1>{}</h1></body></html>"
TOOLBAR_FILE = "/_debug_toolbar/static/css/toolbar.css"


def toolbar(app: Flask) -> None:
    DebugToolbarExtension(app)

    @app.get("/page")
    def html_page() -> str:
        session["count"] = session.get("count", 0) + 1
        return HTML.format(session["count"])

    @app.get("/chart")
    @cacheable_static
    def chart() -> str:
        return HTML.format("chart")

    @app.get("/moved")
    @cacheable_static(max_age=3600)
    def moved() -> Any:
        return redirect("/chart")


def login_wall(app: Flask) -> None:
    @app.before_request
    def wall() -> Any:
        return None if "count" in session else redirect("/login")


@pytest.fixture
def debug(build: Build) -> Build:
    def debug(*companions: Any, **config: Any) -> Flask:
        return build(toolbar, *companions, DEBUG=True, **config)

    return debug


@pytest.mark.parametrize("optimize", [True, False])
def test_the_toolbar_shows_on_pages(debug: Build, optimize: bool) -> None:
    """The toolbar shows on pages, whose session works."""
    browser = debug(optimize=optimize).test_client()
    for visit in (1, 2):
        response = browser.get("/page")
        assert f"<h1>{visit}</h1>" in response.text
        assert 'id="flDebug"' in response.text
        assert "session" in response.headers["Set-Cookie"]
        assert response.content_length == len(response.data)
        assert "Cache-Control" not in response.headers


def test_the_validator_counts_the_toolbar(debug: Build, redis: RedisServer) -> None:
    """The validator of a cacheable page is that of its bytes with the toolbar in them."""
    browser = debug().test_client()
    browser.get("/page")
    redis.client.config_resetstat()
    response = browser.get("/chart")
    assert 'id="flDebug"' in response.text
    assert response.get_etag() == (sha256(response.data).hexdigest()[:32], False)
    assert response.content_length == len(response.data)
    assert "Set-Cookie" not in response.headers
    assert redis.commands() == {}


def test_a_part_of_it_is_a_part_of_what_is_sent(debug: Build) -> None:
    browser = debug().test_client()
    part = browser.get("/chart", headers={"Range": "bytes=0-14"})
    assert (part.status_code, part.data) == (206, b"<!doctype html>")
    assert int(part.headers["Content-Range"].partition("/")[2]) > len(HTML) * 2
    assert browser.get("/chart", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("url", ["/chart", "/static/app.css", "/static/missing.css"])
def test_no_long_ages_under_the_toolbar(debug: Build, url: str) -> None:
    """Nothing stays long in a developer's browser.

    The toolbar puts its HTML into what looks cacheable.
    """
    response = debug().test_client().get(url)
    assert response.cache_control.no_cache or response.cache_control.no_store
    assert response.cache_control.max_age is None


@pytest.mark.parametrize("url", ["/chart", "/static/app.css"])
def test_control_outside_debug_it_does(build: Build, url: str) -> None:
    response = build(toolbar).test_client().get(url)
    assert response.cache_control.max_age == 3600
    assert b"flDebug" not in response.data


def test_files_are_validated_as_ever(debug: Build) -> None:
    """Files are validated under the toolbar as they are without it."""
    browser = debug().test_client()
    etag = browser.get("/static/app.css").headers["ETag"]
    assert browser.get("/static/app.css", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("optimize", [True, False])
def test_the_toolbars_own_files(debug: Build, redis: RedisServer, optimize: bool) -> None:
    """The toolbar's own files are served by its own view, as ever."""
    browser = debug(optimize=optimize).test_client()
    browser.get("/page")
    redis.client.config_resetstat()
    response = browser.get(TOOLBAR_FILE)
    assert response.status_code == 200
    assert response.mimetype == "text/css"
    assert redis.commands() == {"get": 1, "set": 1}


def test_a_rule_isolates_the_toolbars_own_files(debug: Build, redis: RedisServer) -> None:
    browser = debug(STATIC_OPTIMIZER_RULES={"_debug_toolbar.static": {}}).test_client()
    browser.get("/page")
    redis.client.config_resetstat()
    response = browser.get(TOOLBAR_FILE)
    assert response.mimetype == "text/css"
    assert response.get_etag() == (sha256(response.data).hexdigest()[:32], False)
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in response.headers
    assert redis.commands() == {}


def test_an_intercepted_redirect_is_no_store(debug: Build) -> None:
    """A redirect that the toolbar turned into a page is still ``no-store``."""
    app = debug(
        DEBUG_TB_INTERCEPT_REDIRECTS=True, STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=86400"
    )
    response = app.test_client().get("/moved")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "CDN-Cache-Control" not in response.headers


def test_an_intercepted_login_wall_is_told(
    debug: Build, warnings_of: Callable[[], list[str]]
) -> None:
    """A log-in wall is told of, though the toolbar turned its redirect into a page."""
    browser = debug(login_wall, DEBUG_TB_INTERCEPT_REDIRECTS=True).test_client()
    response = browser.get("/static/app.css")
    assert response.headers["Cache-Control"] == "no-store"
    assert sum('{"static": {"session": "protected"}}' in text for text in warnings_of()) == 1
