"""Flask-WTF: forms and their tokens live in the session, which assets leave alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import StringField

from conftest import RedisServer
from flask_static_optimizer import cacheable_static

Build = Callable[..., Flask]
Browser = Any


class NameForm(FlaskForm):
    name = StringField()


def forms(app: Flask) -> None:
    CSRFProtect(app)

    @app.route("/form", methods=["GET", "POST"])
    def form() -> str:
        filled = NameForm()
        return f"hello {filled.name.data}" if filled.validate_on_submit() else generate_csrf()

    @app.route("/chart", methods=["GET", "POST"])
    @cacheable_static
    def chart() -> str:
        return f"{request.method} chart"

    @app.get("/widget")
    @cacheable_static
    def widget() -> str:
        return render_template_string('<input name="csrf_token" value="{{ csrf_token() }}">')

    @app.get("/widget/protected")
    @cacheable_static(session="protected")
    def protected_widget() -> str:
        return render_template_string("{{ csrf_token() }}")


def browser_with_token(app: Flask) -> tuple[Browser, dict[str, str]]:
    browser = app.test_client()
    return browser, {"csrf_token": browser.get("/form").text}


def fetch_assets(browser: Browser) -> None:
    for url in ("/static/app.css", "/static/app.js", "/chart", "/widget"):
        browser.get(url)


@pytest.mark.parametrize("sessions", ["redis", None], ids=["valkey", "cookie"])
def test_assets_keep_the_token_valid(build: Build, sessions: str | None) -> None:
    """A token stays valid while assets are fetched."""
    browser, token = browser_with_token(build(forms, sessions=sessions))
    for _ in range(2):
        fetch_assets(browser)
        assert browser.post("/form", data={**token, "name": "ada"}).text == "hello ada"


def test_assets_ask_the_store_nothing(build: Build, redis: RedisServer) -> None:
    """Assets between a form and its submission ask the session store nothing."""
    browser, _ = browser_with_token(build(forms))
    redis.client.config_resetstat()
    fetch_assets(browser)
    assert redis.commands() == {}


def test_control_without_the_extension_they_do(build: Build, redis: RedisServer) -> None:
    browser, _ = browser_with_token(build(forms, optimize=False))
    redis.client.config_resetstat()
    fetch_assets(browser)
    assert redis.commands() == {"get": 4, "set": 4}


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("path", ["/form", "/chart"])
def test_a_post_without_token_is_refused(build: Build, path: str, optimize: bool) -> None:
    """A POST without its token is refused as ever."""
    browser, _ = browser_with_token(build(forms, optimize=optimize))
    fetch_assets(browser)
    for data in ({}, {"csrf_token": "forged"}):
        response = browser.post(path, data=data)
        assert response.status_code == 400
        assert "CSRF" in response.text


@pytest.mark.parametrize("optimize", [True, False])
def test_a_post_to_a_cacheable_route(build: Build, redis: RedisServer, optimize: bool) -> None:
    """A POST to a cacheable route is an ordinary request."""
    browser, token = browser_with_token(build(forms, optimize=optimize))
    redis.client.config_resetstat()
    response = browser.post("/chart", data=token)
    assert response.text == "POST chart"
    assert "Cache-Control" not in response.headers
    assert "ETag" not in response.headers
    assert "session" in response.headers["Set-Cookie"]
    assert redis.commands() == {"get": 1, "set": 1}


@pytest.mark.parametrize("known", [True, False], ids=["known-visitor", "new-visitor"])
@pytest.mark.parametrize("path", ["/widget", "/widget/protected"])
def test_a_token_is_never_shared(build: Build, path: str, known: bool) -> None:
    """A cacheable route with a token in it is never shared."""
    browser = build(forms).test_client()
    if known:
        browser.get("/form")
    for headers in ({}, {"If-None-Match": "*"}):
        response = browser.get(path, headers=headers)
        assert response.cache_control.private
        assert "Set-Cookie" not in response.headers


def test_a_protected_routes_token_is_accepted(build: Build) -> None:
    """A protected route shows the token that the form accepts."""
    browser, _ = browser_with_token(build(forms))
    response = browser.get("/widget/protected")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.vary
    assert browser.post("/form", data={"csrf_token": response.text, "name": "ada"}).text == (
        "hello ada"
    )


def test_an_exempted_route_stays_exempted(build: Build) -> None:
    """A cacheable route that is exempted from CSRF protection stays exempted."""

    def exempt(app: Flask) -> None:
        app.extensions["csrf"].exempt(app.view_functions["chart"])

    assert build(forms, exempt).test_client().post("/chart").text == "POST chart"
