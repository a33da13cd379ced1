"""A visitor loads what a browser would."""

from __future__ import annotations

import httpx
import pytest
from flask import Flask, Response, request

from flask_static_optimizer.demo.server import served
from flask_static_optimizer.demo.tally import Counts
from flask_static_optimizer.demo.visit import Browser, assets


class TestAssets:
    def test_what_a_browser_fetches(self) -> None:
        html = """
            <link rel="shortcut icon" href="/favicon.svg"><link rel=stylesheet href="a.css?v=1">
            <link rel="canonical" href="/elsewhere"><link rel="modulepreload" href="/m.js">
            <script src="/a.js"></script><script>inline</script><img src="/i.svg#part">
            <img src="/i.svg"><img src="data:image/gif;base64,AA"><a href="/page">page</a>
            <script src="https://cdn.example/x.js"></script>
        """
        site = "http://127.0.0.1:5000"
        assert assets(html, httpx.URL(f"{site}/docs/page")) == [
            f"{site}/favicon.svg",
            f"{site}/docs/a.css?v=1",
            f"{site}/m.js",
            f"{site}/a.js",
            f"{site}/i.svg",
        ]


class TestBrowser:
    @pytest.mark.parametrize(
        ("cache_control", "requests", "not_modified"),
        [
            ("max-age=60", 1, 0),
            ("max-age=60, immutable", 1, 0),
            ("no-cache", 3, 2),
            ("no-store", 3, 0),
        ],
    )
    def test_it_asks_only_what_it_has_to(
        self, cache_control: str, requests: int, not_modified: int
    ) -> None:
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

        with served(app) as url, Browser(url) as browser:
            visits = [browser.visit("/", lambda: Counts(0, 0)) for _ in range(3)]
        cost = visits[0].assets + visits[1].assets + visits[2].assets
        assert (cost.requests, cost.not_modified) == (requests, not_modified)
        assert len(conditional) == requests
        assert sum(conditional) == not_modified
        assert cost.body_bytes == len("alert(1)") * (requests - not_modified)
        assert sum(visit.page.requests for visit in visits) == 3

    def test_a_missing_asset_is_an_error(self) -> None:
        app = Flask("site")
        app.add_url_rule("/", view_func=lambda: '<img src="/gone.svg">', endpoint="page")
        with served(app) as url, Browser(url) as browser, pytest.raises(httpx.HTTPStatusError):
            browser.visit("/", lambda: Counts(0, 0))
