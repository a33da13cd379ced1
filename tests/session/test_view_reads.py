"""Static views that look at their visitor: at the session, which is empty, or at the cookies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, abort, g, render_template_string, request, session

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]


def of_session() -> str:
    return f"Hello {session.get('user', 'you')}"


def of_template() -> str:
    return render_template_string("{{ session.user or 'Log in' }}")


def of_cookies() -> str:
    return request.cookies.get("token", "Log in")


async def of_session_async() -> str:
    return of_session()


def of_cookies_and_error() -> str:
    return abort(404) if "token" not in request.cookies else "it"


def of_nothing() -> str:
    return render_template_string("About us")


def with_view(view: Callable[[], Any], **policy: Any) -> Callable[[Flask], None]:
    return lambda app: app.add_url_rule("/about", "about", cacheable_static(**policy)(view))


@pytest.mark.parametrize(
    ("view", "read"),
    [
        (of_session, "the session"),
        (of_template, "the session"),
        (of_session_async, "the session"),
        (of_cookies, "request.cookies"),
        (of_cookies_and_error, "request.cookies"),
        (lambda: of_session() + of_cookies(), "the session and request.cookies"),
    ],
)
@pytest.mark.parametrize("store", [True, False])
def test_a_view_that_reads_is_told_of(
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    view: Callable[[], Any],
    read: str,
    store: bool,
) -> None:
    """The log says once for an endpoint what the view read, and two ways out."""
    client = make_app(before=with_view(view, max_age=60, store=store)).test_client()
    for _ in range(3):
        client.get("/about", headers={"Cookie": "a=b"})
    (message,) = [line for line in caplog.messages if " read " in line]
    assert f"the view of 'about' read {read}, but" in message
    assert 'STATIC_OPTIMIZER_RULES = {"about": {"session": "protected"}}' in message
    assert "take @cacheable_static off" in message


def before(app: Flask) -> None:
    @app.before_request
    def load() -> None:
        g.user = session.get("user"), request.cookies.get("token")


def after(app: Flask) -> None:
    @app.after_request
    def look(response: Response) -> Response:
        session.get("_remember"), request.cookies.get("remember_token")
        return response


def preprocessor(app: Flask) -> None:
    app.url_value_preprocessor(lambda *_: (session.get("user"), request.cookies.get("token")))


@pytest.mark.parametrize("hook", [before, after, preprocessor])
def test_a_hook_that_reads_is_not(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, hook: Callable[[Flask], None]
) -> None:
    """Hooks look at the visitor of each request, and nothing is told of them."""

    def add(app: Flask) -> None:
        with_view(of_nothing)(app)
        hook(app)

    client = make_app(before=add).test_client()
    for path in ("/about", "/static/app.css"):
        assert client.get(path, headers={"Cookie": "a=b"}).status_code == 200
    assert caplog.messages == []


def test_a_view_that_reads_after_a_hook(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """Werkzeug keeps the cookies that a hook has read; that the view reads them is seen."""

    def add(app: Flask) -> None:
        with_view(of_cookies)(app)
        before(app)

    make_app(before=add).test_client().get("/about", headers={"Cookie": "token=x"})
    (message,) = caplog.messages
    assert "request.cookies" in message


@pytest.mark.parametrize("view", [of_nothing, of_cookies])
def test_hooks_keep_their_cookies(make_app: MakeApp, view: Callable[[], Any]) -> None:
    """Hooks before and after the view have the same cookies in the same object."""
    seen = []

    def add(app: Flask) -> None:
        with_view(view)(app)
        app.before_request(lambda: seen.append(request.cookies))

        @app.after_request
        def after(response: Response) -> Response:
            seen.append(request.cookies)
            return response

    client = make_app(before=add).test_client()
    client.set_cookie("token", "x")
    client.get("/about")
    assert seen[0]["token"] == "x"
    assert seen[0] is seen[1]


@pytest.mark.parametrize(
    ("view", "policy"),
    [
        (of_session, {"session": "protected"}),
        (of_cookies, {"session": "protected"}),
        (of_cookies, {"vary": "Cookie"}),
        (lambda: (of_cookies(), {"Cache-Control": "private"}), {}),
        (lambda: (of_cookies(), {"Vary": "Cookie"}), {}),
        (of_nothing, {}),
    ],
)
def test_what_is_said_or_protected_is_not(
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    view: Callable[[], Any],
    policy: dict[str, Any],
) -> None:
    """Nothing is told where the response may not be shared among visitors."""
    make_app(before=with_view(view, **policy)).test_client().get("/about")
    assert caplog.messages == []
