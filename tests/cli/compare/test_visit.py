"""A visitor loads what a browser would, and asks for no more than it has to."""

from __future__ import annotations

import pytest
from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue

from flask_static_optimizer.cli.compare.browser import Browser, site_of
from flask_static_optimizer.cli.compare.tally import Counts
from flask_static_optimizer.cli.compare.visit import Sight, Visit, plain, visit


def visited(app: Flask, *paths: str, host: str | None = None) -> tuple[Visit, Sight]:
    return visit(Browser(app, site_of(app), static_host=host), paths, lambda: Counts(0, 0))


@pytest.mark.parametrize(
    ("cache_control", "requests", "not_modified"),
    [
        ("max-age=60", 1, 0),
        ("max-age=60, immutable", 1, 0),
        ("no-cache", 3, 2),
        ("no-store", 3, 0),
    ],
)
def test_it_asks_only_what_it_has_to(cache_control: str, requests: int, not_modified: int) -> None:
    app = Flask("site")
    conditional = []

    @app.get("/")
    def page() -> str:
        return '<script src="/a.js"></script>'

    @app.get("/a.js")
    def script() -> Response:
        conditional.append("If-None-Match" in request.headers)
        response = Response("alert(1)", mimetype="text/javascript")
        response.headers["Cache-Control"] = cache_control
        response.set_etag("1")
        return response.make_conditional(request)

    browser = Browser(app, site_of(app))
    visits = [visit(browser, ["/"], lambda: Counts(0, 0))[0] for _ in range(3)]
    cost = visits[0].assets + visits[1].assets + visits[2].assets
    assert (cost.requests, cost.not_modified) == (requests, not_modified)
    assert len(conditional) == requests
    assert sum(conditional) == not_modified
    assert cost.body_bytes == cost.plain_bytes == len("alert(1)") * (requests - not_modified)
    assert sum(one.page.requests for one in visits) == 3


def test_redirects_and_what_follows() -> None:
    """Redirects are followed on the site, with its cookies; those to another site are not."""
    app = Flask("site")

    @app.get("/")
    def start() -> ResponseReturnValue:
        response = redirect("https://localhost/home")  # as an app does that wants HTTPS
        response.set_cookie("seen", "1", secure=True)
        return response

    @app.get("/home")
    def home() -> str:
        assert request.is_secure
        assert request.cookies["seen"] == "1"
        return '<img src="a.svg"><link rel=stylesheet href="https://elsewhere.example/b.css">'

    @app.get("/a.svg")
    def picture() -> str:
        return "<svg/>"

    @app.get("/away")
    def away() -> ResponseReturnValue:
        return redirect("https://elsewhere.example/login")

    @app.get("/round")
    def circle() -> ResponseReturnValue:
        return redirect("/round")

    cost, sight = visited(app, "/", "/away", "/round")
    assert sight.pages["/"].status == 200
    assert list(sight.assets) == ["/a.svg"]
    assert cost.assets.requests == 1
    assert sight.pages["/away"].error == "/away redirects to https://elsewhere.example/login"
    assert sight.pages["/round"].status == 302


def test_an_app_below_a_root() -> None:
    app = Flask("site")
    app.config.update(APPLICATION_ROOT="/shop", SERVER_NAME="shop.example")
    app.add_url_rule("/", view_func=lambda: '<img src="/shop/a.svg"><img src="/b.svg">')
    app.add_url_rule("/a.svg", view_func=lambda: request.url, endpoint="picture")
    _, sight = visited(app, "/")
    assert list(sight.assets) == ["/shop/a.svg"]
    assert sight.assets["/shop/a.svg"].status == 200


def test_a_host_of_static_files() -> None:
    app = Flask("site")
    app.add_url_rule("/", view_func=lambda: '<img src="https://cdn.example/x/a.svg">')
    app.add_url_rule("/a.svg", view_func=lambda: "<svg/>", endpoint="picture")
    assert visited(app, "/")[1].assets == {}
    assert visited(app, "/", host="https://cdn.example/x")[1].assets["/a.svg"].status == 200


def test_what_fails_is_seen() -> None:
    app = Flask("site")
    app.testing = True  # so that exceptions come through

    @app.get("/")
    def page() -> str:
        return '<img src="/gone.svg"><img src="/raises"><img src="/broken">'

    @app.get("/raises")
    def raises() -> str:
        raise LookupError("nothing there")

    @app.get("/broken")
    def broken() -> Response:
        return Response(b"no gzip", headers={"Content-Encoding": "gzip"})

    _, sight = visited(app, "/")
    assert {name: seen.status for name, seen in sight.assets.items()} == {
        "/gone.svg": 404,
        "/raises": 500,
        "/broken": 200,
    }
    assert sight.assets["/raises"].error == "LookupError: nothing there"
    assert "can't be decompressed" in str(sight.assets["/broken"].error)


@pytest.mark.parametrize(
    "url",
    [
        "/static/a.css?v=0123456789abcdef",
        "/static/a.0123456789abcdef.css",
        "/static/a.css",
    ],
)
def test_a_name_without_fingerprint(url: str) -> None:
    assert plain(f"http://site{url}") == "/static/a.css"


def test_versions_of_the_apps_own_stay() -> None:
    assert plain("/a.css?v=0123456789abcdef?2.1") == plain("/a.css?2.1") == "/a.css?2.1"
    assert plain("/a.css?x=1&v=0123456789abcdef") == plain("/a.css?x=1") == "/a.css?x=1"
    assert plain("/a.css?v=1.2") == "/a.css?v=1.2"


@pytest.mark.parametrize(
    ("media_type", "without", "optimized"),
    [
        ("text/css", "p { b: url(a.png) }", "p { b: url(a.png?v=0123456789abcdef) }"),
        ("text/css", "p { b: url('a.eot?#x') }", "p { b: url('a.eot?v=0123456789abcdef#x') }"),
        ("text/css", '@import "b.css";', '@import "b.0123456789abcdef.css";'),
        ("application/json", '{"src": "/a.png"}', '{"src": "/a.png?v=0123456789abcdef"}'),
        ("application/json", '{"src": "/a.png"}', '{"src": "/a.0123456789abcdef.png"}'),
        ("text/html", "/a.png?x=1", "/a.png?x=1&amp;v=0123456789abcdef"),
    ],
)
def test_fingerprints_are_no_other_bytes(media_type: str, without: str, optimized: str) -> None:
    def hash_of(text: str) -> str:
        app = Flask("site")
        app.add_url_rule("/", view_func=lambda: "<img src=/a>", endpoint="page")
        app.add_url_rule("/a", view_func=lambda: Response(text, mimetype=media_type))
        return visited(app, "/")[1].assets["/a"].sha256

    assert hash_of(without) == hash_of(optimized)
    assert hash_of(without) != hash_of(without.replace("a.", "c.").replace("b.", "c."))
