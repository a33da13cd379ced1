"""Scripts of service workers, which no cache may keep from being new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, url_for

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]

#: What Chromium sends for the script itself, for a module that it imports, and by importScripts.
ASKED = [
    {"Service-Worker": "script"},
    {"Sec-Fetch-Dest": "serviceworker"},
    {
        "Sec-Fetch-Dest": "script",
        "Sec-Fetch-Mode": "no-cors",
        "Referer": "https://example.org/static/sw.js?v=1",
    },
]
#: A page's script, and a module that another one imports.
OTHERS = [
    {
        "Sec-Fetch-Dest": "script",
        "Sec-Fetch-Mode": "no-cors",
        "Referer": "https://example.org/page",
    },
    {
        "Sec-Fetch-Dest": "script",
        "Sec-Fetch-Mode": "cors",
        "Referer": "https://example.org/static/main.js",
    },
]


def hooks(app: Flask) -> None:
    app.after_request(lambda response: response)


@pytest.fixture(params=["hooks", "lane", "express"])
def app(make_app: MakeApp, static_folder: Path, settled: None, request: Any) -> Flask:
    (static_folder / "sw.js").write_bytes(b"self.a = 1")

    def views(app: Flask) -> None:
        @app.get("/sw.js")
        @cacheable_static(max_age=600, stale_if_error=5)
        def worker() -> Response:
            return Response("self.b = 1", mimetype="text/javascript")

        if request.param == "hooks":
            hooks(app)

    return make_app(
        before=views,
        STATIC_OPTIMIZER_EXPRESS=request.param == "express",
        STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=60",
        STATIC_OPTIMIZER_RULES={"static:*.css": {"max_age": 5}},
    )


@pytest.mark.parametrize("headers", ASKED)
def test_it_is_never_kept(app: Flask, headers: dict[str, str]) -> None:
    client = app.test_client()
    with app.test_request_context():
        fingerprinted = url_for("static", filename="sw.js")
    for url in ("/static/sw.js", fingerprinted, "/sw.js"):
        usual = client.get(url).headers["Cache-Control"]
        assert "max-age" in usual
        for _ in range(2):  # the second time from what is remembered
            response = client.get(url, headers=headers)
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "no-cache"
            assert "CDN-Cache-Control" not in response.headers
            tag = {"If-None-Match": response.headers["ETag"]}
            again = client.get(url, headers=headers | tag)
            assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")
        assert client.get(url).headers["Cache-Control"] == usual


@pytest.mark.parametrize("headers", OTHERS)
def test_other_scripts_are_kept(app: Flask, headers: dict[str, str]) -> None:
    with app.test_request_context():
        url = url_for("static", filename="sw.js")
    for _ in range(2):
        response = app.test_client().get(url, headers=headers)
        assert "immutable" in response.headers["Cache-Control"]
