"""How long a redirect or an error holds, where the static view itself says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, abort, request
from werkzeug.exceptions import Gone, HTTPException, NotFound

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]

SAID = {"Cache-Control": "max-age=600"}


def returned(response: Response) -> Response:
    return response


def aborted(response: Response) -> Any:
    abort(response)


def raised(response: Response) -> Any:
    kind = {404: NotFound, 410: Gone}.get(response.status_code, HTTPException)
    raise kind(response=response)


def with_view(
    answer: Callable[[Response], Any], status: int, fields: dict[str, str], **policy: Any
) -> Callable[[Flask], None]:
    """Return a function that gives an app a static view that answers so."""

    def add(app: Flask) -> None:
        @app.get("/it")
        @cacheable_static(**policy)
        def it() -> Any:
            return answer(app.response_class("it", status, {"Location": "/new", **fields}))

    return add


@pytest.mark.parametrize("answer", [returned, aborted, raised])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 404, 405, 410, 451])
@pytest.mark.parametrize(
    "fields",
    [
        SAID,
        {"Cache-Control": "s-maxage=600"},
        {"Cache-Control": "public"},
        {"Cache-Control": "private, max-age=5"},
        {"Cache-Control": "max-age=9, immutable"},
        {"Cache-Control": "no-cache"},
        {"Expires": "Thu, 01 Jan 2099 00:00:00 GMT"},
    ],
    ids=str,
)
def test_what_the_view_says_stays(
    make_app: MakeApp, answer: Callable[[Response], Any], status: int, fields: dict[str, str]
) -> None:
    """The view's own freshness leaves as it does without the extension."""
    add = with_view(answer, status, fields, max_age=60)
    for app in (make_app(before=add, optimize=False), make_app(before=add)):
        response = app.test_client().get("/it")
        assert response.status_code == status
        said = {name: response.headers.get(name) for name in ("Cache-Control", "Expires")}
        assert said == {"Cache-Control": None, "Expires": None, **fields}


@pytest.mark.parametrize("answer", [returned, aborted])
@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (404, {}),
        (410, {"Cache-Control": "no-transform"}),
        (301, {"Last-Modified": "Thu, 01 Jan 2004 00:00:00 GMT"}),
        (302, {}),
        (401, SAID),
        (403, SAID),
        (429, SAID),
        (500, SAID),
        (503, SAID),
    ],
    ids=str,
)
def test_all_else_is_not_remembered(
    make_app: MakeApp, answer: Callable[[Response], Any], status: int, fields: dict[str, str]
) -> None:
    """A response that says nothing, or that is of a passing kind, is not to be stored."""
    app = make_app(before=with_view(answer, status, fields))
    response = app.test_client().get("/it")
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"


def test_it_is_said_of_a_head_request_too(make_app: MakeApp) -> None:
    client = make_app(before=with_view(returned, 410, SAID)).test_client()
    assert client.head("/it").headers["Cache-Control"] == "max-age=600"


@pytest.mark.parametrize("answer", [returned, aborted, raised])
def test_what_is_private_stays_private(
    make_app: MakeApp, answer: Callable[[Response], Any]
) -> None:
    """Neither a protected response nor one to a known user may be shared."""
    client = make_app(before=with_view(answer, 410, SAID, session="protected")).test_client()
    response = client.get("/it")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.vary
    client = make_app(before=with_view(answer, 410, SAID)).test_client()
    response = client.get("/it", headers={"Authorization": "Basic eDp5"})
    assert response.headers["Cache-Control"] == "private, max-age=600"


@pytest.mark.parametrize("answer", [returned, aborted])
def test_its_cookies_are_dropped(make_app: MakeApp, answer: Callable[[Response], Any]) -> None:
    add = with_view(answer, 410, {**SAID, "Set-Cookie": "a=b"})
    response = make_app(before=add).test_client().get("/it")
    assert response.headers["Cache-Control"] == "max-age=600"
    assert "Set-Cookie" not in response.headers


def before_request(app: Flask) -> None:
    app.before_request(lambda: ("gone", 410, SAID) if request.path == "/it" else None)


def after_request(app: Flask) -> None:
    @app.after_request
    def replace(response: Response) -> Response:
        return Response("gone", 410, {"Cache-Control": "max-age=9"})


def changed_status(app: Flask) -> None:
    @app.after_request
    def change(response: Response) -> Response:
        response.status_code = 404
        return response


def changed_freshness(app: Flask) -> None:
    @app.after_request
    def change(response: Response) -> Response:
        response.headers["Cache-Control"] = "max-age=1000"
        return response


def error_handler(app: Flask) -> None:
    app.register_error_handler(Gone, lambda error: ("gone", 410, {"Cache-Control": "max-age=9"}))


@pytest.mark.parametrize(
    "instead", [before_request, after_request, changed_status, changed_freshness, error_handler]
)
def test_what_stands_in_its_place_is_not(
    make_app: MakeApp, instead: Callable[[Flask], None]
) -> None:
    """What a hook or an error handler answers in place of the view is not to be stored."""

    def add(app: Flask) -> None:
        with_view(raised if instead is error_handler else returned, 410, SAID)(app)
        instead(app)

    response = make_app(before=add).test_client().get("/it")
    assert response.status_code in (404, 410)
    assert response.headers["Cache-Control"] == "no-store"


def test_the_audit_takes_it_as_meant(make_app: MakeApp) -> None:
    """The audit takes a stated 301 for no guard, and a stated 410 for no failure."""
    for status in (301, 410):
        app = make_app(before=with_view(returned, status, SAID))
        result = app.test_cli_runner().invoke(args=["static", "audit", "--json"])
        assert "guard-not-protected" not in result.output
        assert '"fails"' not in result.output
        app = make_app(before=with_view(returned, status, {}))
        result = app.test_cli_runner().invoke(args=["static", "audit", "--json"])
        assert "guard-not-protected" in result.output or '"fails"' in result.output
