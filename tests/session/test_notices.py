"""The log messages to those who run an app: each is told once, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort, redirect, session

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]


def wall(app: Flask) -> None:
    @app.before_request
    def guard() -> Any:
        return None if session.get("user") else redirect("/login")


@pytest.mark.parametrize("kind", ["redirect", 401, 403])
def test_a_login_wall_is_told_how_to_protect(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, kind: str | int
) -> None:
    def guard(app: Flask) -> None:
        @app.before_request
        def before() -> Any:
            if not session.get("user"):
                return redirect("/login") if kind == "redirect" else abort(kind)
            return None

    client = make_app(before=guard).test_client()
    for _ in range(3):
        client.get("/static/app.css")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    message = record.getMessage()
    status = 302 if kind == "redirect" else kind
    assert f"the app (a hook, a decorator or the view) answered {status}" in message
    assert "a request for /static/app.css, which is static ('static')" in message
    assert "If that is a guard" in message
    assert "an API key" in message
    assert 'STATIC_OPTIMIZER_RULES = {"static": {"session": "protected"}}' in message
    assert '"static:part/*"' in message


def test_the_named_rule_lets_the_wall_work(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(before=wall, STATIC_OPTIMIZER_RULES={"static": {"session": "protected"}})
    client = app.test_client()
    assert client.get("/static/app.css").headers["Cache-Control"] == "no-store"
    with client.session_transaction() as real:
        real["user"] = "ada"
    response = client.get("/static/app.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.vary
    assert caplog.records == []


def test_a_redirect_that_read_nothing_is_no_wall(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def add(app: Flask) -> None:
        app.get("/old")(cacheable_static(lambda: redirect("/new")))

        @app.after_request
        def late(response: Any) -> Any:
            session.get("_remember")
            return response

    make_app(before=add).test_client().get("/old")
    assert caplog.records == []


def test_nor_is_a_redirect_to_another_spelling(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def add(app: Flask) -> None:
        app.before_request(lambda: session.get("user_id"))

    assert make_app(before=add).test_client().get("/static//app.css").status_code == 308
    assert caplog.records == []


def test_late_writes_are_told_in_debug_only(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def remember(app: Flask) -> None:
        @app.after_request
        def after(response: Any) -> Any:
            session["_remember"] = "set"
            return response

    for debug, told in ((False, 0), (True, 1)):
        app = make_app(before=remember)
        app.debug = debug
        for _ in range(2):
            app.test_client().get("/static/app.css")
        assert len(caplog.records) == told


def test_writes_that_make_private_are_told(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """A dropped write that makes the response private is told of."""

    def count(app: Flask) -> None:
        @app.before_request
        def before() -> None:
            session.permanent = True
            session["hits"] = 1

    app = make_app(before=count)
    for _ in range(2):
        app.test_client().get("/static/app.css")
    (record,) = caplog.records
    message = record.getMessage()
    assert "hits" in message
    assert "'private'" in message
    assert "is_static_request()" in message


def test_a_stricter_word_over_a_folder_is_told(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def forbid(app: Flask) -> None:
        app.get("/mine")(cacheable_static(lambda: "x"))

        @app.after_request
        def after(response: Any) -> Any:
            response.headers["Cache-Control"] = "no-store"
            return response

    client = make_app(before=forbid).test_client()
    client.get("/mine")
    assert caplog.records == []
    client.get("/static/app.css")
    client.get("/static/app.js")
    (record,) = caplog.records
    assert "'Cache-Control: no-store' on 'static'" in record.getMessage()


def test_a_rule_that_matches_nothing_is_told(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """A rule that matches no endpoint is told of at the first request."""
    rules = {"statik": {"max_age": 5}, "late": {"max_age": 5}, "static": {"max_age": 5}}

    def add(app: Flask) -> None:
        app.get("/late", endpoint="late")(lambda: "x")

    app = make_app(after=add, STATIC_OPTIMIZER_RULES=rules)
    assert caplog.records == []
    for _ in range(2):
        app.test_client().get("/")
    (record,) = caplog.records
    assert "STATIC_OPTIMIZER_RULES['statik'] matches no endpoint" in record.getMessage()
