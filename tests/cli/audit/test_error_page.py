"""The page for a file that is not there, as a logged-in visitor gets it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, make_response, request, session

pytestmark = pytest.mark.usefixtures("settled")

COOKIE = ("--cookie", "name=Ada")


def greeting(app: Flask, **headers: str) -> None:
    @app.errorhandler(404)
    def missing(_: Exception) -> Any:
        page = f"{request.cookies.get('name', 'you')}, there is no such page"
        return make_response(page, 404, {each.replace("_", "-"): headers[each] for each in headers})


def aged(app: Flask) -> None:
    greeting(app, Cache_Control="max-age=60")


def public(app: Flask) -> None:
    greeting(app, Cache_Control="public")


def with_cookie(app: Flask) -> None:
    @app.errorhandler(404)
    def missing(_: Exception) -> Any:
        response = make_response("no such page", 404, {"Cache-Control": "s-maxage=60"})
        response.set_cookie("seen", "1")
        return response


@pytest.mark.parametrize("handler", [aged, public, with_cookie])
def test_a_personal_page_that_caches_share(make_app, audited, handler):
    app = make_app(before=handler)
    assert audited(app).status == 0, "nobody is logged in"
    found = audited(app, *COOKIE)
    assert (found.status, [*found.findings]) == (1, ["error-page-shared"])
    assert "private" in found.findings["error-page-shared"]["fix"]


def private(app: Flask) -> None:
    greeting(app, Cache_Control="private, max-age=60")


def varying(app: Flask) -> None:
    greeting(app, Cache_Control="max-age=60", Vary="Accept, Cookie")


def silent(app: Flask) -> None:
    greeting(app)


def shared(app: Flask) -> None:
    @app.errorhandler(404)
    def missing(_: Exception) -> Any:
        return make_response("no such page", 404, {"Cache-Control": "max-age=60"})


def by_session(app: Flask) -> None:
    @app.errorhandler(404)
    def missing(_: Exception) -> Any:
        return make_response(session.get("name", "you"), 404, {"Cache-Control": "max-age=60"})


@pytest.mark.parametrize("handler", [private, varying, silent, shared, by_session, None])
def test_a_page_that_stays_with_its_visitor(make_app, audited, handler):
    found = audited(make_app(before=handler), *COOKIE)
    assert (found.status, found.findings) == (0, {})
    (row,) = [row for row in found.rows if row["status"] == 404]
    assert (row["endpoint"], row["mode"]) == ("static", "a page")


def test_an_error_handler_that_raises(make_app, audited):
    def plant(app: Flask) -> None:
        @app.errorhandler(404)
        def missing(_: Exception) -> Response:
            raise LookupError("of the handler")

    found = audited(make_app(before=plant, TESTING=False), *COOKIE)
    assert found.status == 1
    assert "LookupError" in found.findings["raises"]["problem"]
