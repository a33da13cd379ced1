"""Views that call other views, or ask their own app, with plain Flask as the control."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, current_app, request, session

from flask_static_optimizer import cacheable_static

from .conftest import status_of

MakeApp = Callable[..., Flask]
Way = Callable[[], str]


def calling_views(app: Flask) -> None:
    """Add views that call each other, and themselves."""

    def call(name: str, *args: Any) -> str:
        response = current_app.make_response(current_app.view_functions[name](*args))
        return response.get_data(as_text=True)

    @app.route("/inner", methods=["GET", "POST"])
    @cacheable_static(max_age=60)
    def inner() -> Response:
        return Response("inner")

    @app.get("/outer")
    @cacheable_static(max_age=60)
    def outer() -> Response:
        return Response(f"outer({call('inner')})")

    @app.get("/down/<int:number>")
    @cacheable_static(max_age=60)
    def down(number: int) -> str:
        return f"{number}" + (call("down", number - 1) if number else "")

    @app.get("/unstored")
    @cacheable_static(max_age=60, store=False)
    def unstored() -> str:
        return f"unstored({call('inner')})"

    @app.get("/private")
    @cacheable_static(session="protected")
    def private() -> str:
        return f"private({call('inner')}, {session.get('visits')})"

    @app.route("/page", methods=["GET", "POST"])
    def page_of_views() -> str:
        return f"page({call('inner')})"

    @app.get("/coroutine")
    @cacheable_static(max_age=60)
    async def coroutine() -> str:
        await asyncio.sleep(0)
        return "coroutine"

    @app.get("/awaiting")
    @cacheable_static(max_age=60)
    async def awaiting() -> str:
        return f"awaiting({await current_app.view_functions['coroutine']()})"

    @app.get("/awaiting-page")
    async def awaiting_page() -> str:
        return f"page({await current_app.view_functions['coroutine']()})"


CALLING = ["/outer", "/down/3", "/unstored", "/private", "/page", "/awaiting", "/awaiting-page"]


@pytest.mark.parametrize("url", CALLING)
def test_a_called_view_runs_as_in_flask(
    make_app: MakeApp, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody waits here, so nobody would have to wait for himself either.
    joined = []
    from flask_static_optimizer.store.single_flight import SingleFlight

    join = SingleFlight.join
    monkeypatch.setattr(
        SingleFlight, "join", lambda self, *args: joined.append(1) or join(self, *args)
    )
    plain = make_app(before=calling_views, optimize=False).test_client()
    client = make_app(before=calling_views).test_client()
    client.get("/inner")
    joined.clear()
    expected = plain.get(url)
    for _ in range(2):
        response = client.get(url)
        assert (response.status_code, response.text) == (200, expected.text)
    assert len(joined) <= 1
    assert client.get("/inner").text == "inner"


def test_the_outer_response_is_stored(make_app: MakeApp) -> None:
    client = make_app(before=calling_views).test_client()
    assert status_of(client.get("/outer")) == "fwd=uri-miss; stored"
    assert status_of(client.get("/outer")) == "hit"
    assert status_of(client.get("/inner")) == "fwd=uri-miss; stored"


def by_client(url: str) -> str:
    cookie = {"Cookie": request.headers.get("Cookie", "")}
    return current_app.test_client(use_cookies=False).get(url, headers=cookie).text  # type: ignore[call-arg]


def by_context(url: str) -> str:
    environ = {**request.environ, "PATH_INFO": url}
    with current_app.request_context(environ):
        return current_app.full_dispatch_request().get_data(as_text=True)


def by_bare_context(url: str) -> str:
    environ = {**request.environ, "PATH_INFO": url}
    with current_app.request_context(environ):
        response = current_app.make_response(current_app.dispatch_request())
        return response.get_data(as_text=True)


def by_async(url: str) -> str:
    async def ask() -> str:
        return by_client(url)

    return str(current_app.ensure_sync(ask)())


def asking_views(way: Callable[[str], str], inner: str) -> Callable[[Flask], None]:
    def add(app: Flask) -> None:
        @app.get("/box")
        @cacheable_static(max_age=60)
        def box() -> str:
            return f"box({way(inner)})"

        @app.get("/unstored")
        @cacheable_static(max_age=60, store=False)
        def unstored() -> str:
            return f"box({way(inner)})"

        @app.get("/middle")
        @cacheable_static(max_age=60, store=False)
        def middle() -> str:
            return by_client("/look")

        @app.get("/protected")
        @cacheable_static(session="protected")
        def protected() -> str:
            return str(session.get("visits", 0))

        @app.get("/fragment")
        def fragment() -> str:
            return "fragment"

    return add


@pytest.mark.parametrize("way", [by_client, by_context, by_bare_context, by_async])
@pytest.mark.parametrize("inner", ["/look", "/protected", "/middle"])
@pytest.mark.parametrize("url", ["/box", "/unstored"])
def test_what_a_page_said_to_one_visitor(
    make_app: MakeApp, way: Callable[[str], str], inner: str, url: str
) -> None:
    """A response made from a page for one visitor is private, and nobody else gets it."""
    add = asking_views(way, inner)
    app, plain = make_app(before=add), make_app(before=add, optimize=False)
    for each in (app, plain):
        one, stranger = each.test_client(), each.test_client()
        one.get("/")
        answers = [one.get(url), stranger.get(url), one.get(url)]
        # A protected response is only from the middle for the one who asks with a cookie.
        assert [answer.text for answer in answers] == ["box(1)", "box(0)", "box(1)"]
        if each is app:
            for answer in (answers[0], answers[2]):
                assert answer.headers["Cache-Control"] == "private, no-cache"
                assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("way", [by_client, by_context, by_bare_context])
def test_a_page_that_looks_at_nobody(make_app: MakeApp, way: Callable[[str], str]) -> None:
    """A response made from what is the same for all is stored as ever."""
    client = make_app(before=asking_views(way, "/fragment")).test_client()
    assert client.get("/box").headers["Cache-Control"] == "max-age=60"
    assert status_of(client.get("/box")) == "hit"


@pytest.mark.parametrize("is_static", [True, False])
def test_an_inner_request_with_credentials(make_app: MakeApp, is_static: bool) -> None:
    def add(app: Flask) -> None:
        def whoami() -> str:
            return str(request.authorization.username if request.authorization else None)

        app.get("/whoami")(cacheable_static(whoami) if is_static else whoami)

        @app.get("/box")
        @cacheable_static(max_age=60)
        def box() -> str:
            return str(current_app.test_client().get("/whoami", auth=("ada", "x")).text)

    response = make_app(before=add).test_client().get("/box")
    assert response.text == "ada"
    assert response.headers["Cache-Control"] == "private, no-cache"
