"""``@cacheable_static``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, make_response, request, session
from flask.views import MethodView, View

from flask_static_optimizer import ConfigurationError, cacheable_static, is_static_request

MakeApp = Callable[..., Flask]


def client_of(make_app: MakeApp, view: Any, **config: Any) -> Any:
    def add(app: Flask) -> None:
        app.add_url_rule("/thing", view_func=view, endpoint="thing")

    return make_app(before=add, **config).test_client()


def test_bare_and_with_arguments(make_app: MakeApp) -> None:
    @cacheable_static
    def bare() -> str:
        return "thing"

    @cacheable_static(max_age=timedelta(days=1), stale_while_revalidate=60, vary="Accept")
    def full() -> str:
        return "thing"

    assert client_of(make_app, bare).get("/thing").headers["Cache-Control"] == "max-age=3600"
    response = client_of(make_app, full).get("/thing")
    assert response.headers["Cache-Control"] == "max-age=86400, stale-while-revalidate=60"
    assert response.headers["Vary"] == "Accept"


def test_the_order_of_decorators_is_free(make_app: MakeApp) -> None:
    """The order of decorators is free.

    ``functools.wraps`` takes a mark on a view along to its wrapper.
    """

    def add(app: Flask) -> None:
        @cacheable_static(max_age=9)
        @app.get("/above")
        def above() -> str:
            return "x"

        def other(view: Any) -> Any:
            return functools.wraps(view)(lambda: view())

        @app.get("/below")
        @other
        @cacheable_static(max_age=9)
        def below() -> str:
            return "x"

    client = make_app(before=add).test_client()
    assert client.get("/above").headers["Cache-Control"] == "max-age=9"
    assert client.get("/below").headers["Cache-Control"] == "max-age=9"


def test_routes_may_be_added_after_the_extension(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        app.get("/late")(cacheable_static(lambda: "x"))

    assert make_app(after=add).test_client().get("/late").headers["Cache-Control"]


def test_class_based_views(make_app: MakeApp) -> None:
    class Chart(View):
        decorators = (cacheable_static(max_age=7),)

        def dispatch_request(self) -> str:
            return "chart"

    class Doc(MethodView):
        decorators = (cacheable_static(max_age=8),)

        def get(self) -> str:
            return "doc"

        def post(self) -> str:
            assert not is_static_request()
            session["posted"] = True
            return "posted"

    def add(app: Flask) -> None:
        app.add_url_rule("/chart", view_func=Chart.as_view("chart"))
        app.add_url_rule("/doc", view_func=Doc.as_view("doc"))

    client = make_app(before=add).test_client()
    assert client.get("/chart").headers["Cache-Control"] == "max-age=7"
    assert client.get("/doc").headers["Cache-Control"] == "max-age=8"
    posted = client.post("/doc")
    assert "Cache-Control" not in posted.headers
    assert "Set-Cookie" in posted.headers


def test_async_views(make_app: MakeApp) -> None:
    @cacheable_static(max_age=5)
    async def thing() -> str:
        return "async"

    response = client_of(make_app, thing).get("/thing")
    assert response.text == "async"
    assert response.headers["Cache-Control"] == "max-age=5"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("max-age=5", "max-age=5"),
        ("public, max-age=5", "public, max-age=5"),
        ("no-cache", "no-cache"),
        ("private, max-age=5", "private, max-age=5"),
        ("no-store", "no-store"),
        ("no-transform", "max-age=60, no-transform"),
    ],
)
def test_what_the_response_says_itself_wins(make_app: MakeApp, said: str, left: str) -> None:
    @cacheable_static(max_age=60)
    def thing() -> Response:
        response = make_response("thing")
        response.headers["Cache-Control"] = said
        return response

    assert client_of(make_app, thing).get("/thing").headers["Cache-Control"] == left


def test_an_expires_of_the_view_is_its_word(make_app: MakeApp) -> None:
    @cacheable_static(max_age=60)
    def thing() -> Response:
        return Response("thing", headers={"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"})

    response = client_of(make_app, thing).get("/thing")
    assert response.headers["Expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert "Cache-Control" not in response.headers


def test_the_view_renders_the_whole(make_app: MakeApp) -> None:
    """The view renders the whole, whatever part or condition is asked for."""
    seen = []

    @cacheable_static(store=False)
    def thing() -> str:
        seen.append({name for name, _ in request.headers if name.startswith(("If-", "Range"))})
        return "0123456789"

    client = client_of(make_app, thing)
    etag = client.get("/thing").headers["ETag"]
    headers = {"If-None-Match": '"other"', "Range": "bytes=2-3", "If-Range": etag}
    partial = client.get("/thing", headers=headers)
    assert partial.status_code == 206
    assert partial.data == b"23"
    assert seen == [set(), set()]


def test_a_view_keeps_its_own_etag(make_app: MakeApp) -> None:
    @cacheable_static
    def thing() -> Response:
        response = make_response("thing")
        response.set_etag("v7")
        return response

    client = client_of(make_app, thing)
    assert client.get("/thing").headers["ETag"] == '"v7"'
    assert client.get("/thing", headers={"If-None-Match": '"v7"'}).status_code == 304


def test_a_cookie_of_the_view_is_dropped(make_app: MakeApp) -> None:
    @cacheable_static
    def thing() -> Response:
        response = make_response("thing")
        response.set_cookie("seen", "1")
        return response

    assert "Set-Cookie" not in client_of(make_app, thing).get("/thing").headers


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: cacheable_static(max_age=-1), ["max_age", "-1"]),
        (lambda: cacheable_static(max_age=float("inf")), ["max_age", "inf"]),
        (lambda: cacheable_static(maxage=1), ["'maxage'", "did you mean 'max_age'"]),
        (lambda: cacheable_static(immutable=True, session="protected"), ["immutable", "protected"]),
        (lambda: cacheable_static(60), ["60", "by name"]),
        (lambda: cacheable_static(type("Page", (View,), {})), ["'decorators'"]),
        (lambda: cacheable_static({}.get), ["wrap it in a function"]),
    ],
)
def test_misuse_is_refused_by_name(use: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        use()
    for word in ["@cacheable_static", *words]:
        assert word in str(caught.value)


def test_a_view_that_takes_only_post_is_refused(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        app.post("/submit")(cacheable_static(submit))

    def submit() -> str:
        return "done"

    with pytest.raises(ConfigurationError, match=r"'submit': its route does not answer GET"):
        make_app(before=add)
    late = make_app(after=add)
    with pytest.raises(ConfigurationError, match="'submit'"):
        late.test_client().get("/")


def test_a_method_of_a_class_is_refused(make_app: MakeApp) -> None:
    """A decorated method of a class-based view is refused."""

    class Doc(MethodView):
        @cacheable_static
        def get(self) -> str:
            return "doc"

    def add(app: Flask) -> None:
        app.add_url_rule("/doc", view_func=Doc.as_view("doc"))

    with pytest.raises(ConfigurationError, match=r"method 'get' of 'doc'.*'decorators'"):
        make_app(before=add)


def test_the_tag_alone_does_nothing(make_app: MakeApp) -> None:
    """Without the extension the decorator changes nothing."""

    @cacheable_static
    def thing() -> str:
        return "thing"

    response = client_of(make_app, thing, optimize=False).get("/thing")
    assert "Cache-Control" not in response.headers


def test_a_field_that_is_for_files_only() -> None:
    with pytest.raises(ConfigurationError, match=r"rewrite=False is for the files of static"):
        cacheable_static(rewrite=False)  # type: ignore[call-overload]
