"""nginx before an app that is down: it sends what it has, and nobody keeps it for long."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from cli.nginx.servers import Answer, send
from conftest import CSS
from flask_static_optimizer import cacheable_static

pytestmark = pytest.mark.usefixtures("settled")

REPORT = "/static/private/report.pdf"
RULES = {"STATIC_OPTIMIZER_RULES": {"static:private/*": {"session": "protected"}}}


def url_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return app.url_for("static", filename=name)


@pytest.fixture
def down(make_app: Any, behind: Any) -> Callable[..., Any]:
    """Put an app behind nginx, and stop it; give the app, and a function that asks nginx."""

    def start(**arguments: Any) -> tuple[Flask, Callable[..., Answer]]:
        app = make_app(**RULES, **arguments)
        server, port = behind(app)
        server.stop()

        def ask(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
            return send(port, path, headers, method)

        return app, ask

    return start


@pytest.fixture
def silent() -> Iterator[Callable[[int], None]]:
    """Listen on a port, and answer nothing."""
    sockets = []

    def start(port: int) -> None:
        sockets.append(socket.create_server(("127.0.0.1", port)))

    yield start
    for each in sockets:
        each.close()


#: What only the app answers right, and what nginx has the bytes for.
ASKED_OF_THE_APP = [
    ("?utm_source=letter", {}),
    ("?v=0000000000000000&x=1", {}),
    ("", {"Accept-Encoding": "gzip;q=0, identity;q=0.5"}),
    ("", {"Authorization": "Bearer x"}),
    ("", {"Range": "bytes=2-4"}),
    ("", {"Range": "bytes=0-4", "If-Range": '"other"'}),
    ("", {"If-None-Match": '"other"', "Range": "bytes=2-4"}),
    ("", {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}),
    ("", {"Sec-Fetch-Dest": "serviceworker"}),
    ("", {"Service-Worker": "script"}),
]

#: What such an answer has in common with that of the app.
SAME = (
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "Etag",
    "Last-Modified",
    "Vary",
    "X-Content-Type-Options",
)


def test_what_is_in_the_copy_is_sent_whole(down: Any) -> None:
    def secure(app: Flask) -> None:
        @app.after_request
        def secure(response: Response) -> Response:
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Content-Disposition"] = "attachment"
            response.headers["Expires"] = "Mon, 01 Jan 2035 00:00:00 GMT"
            return response

    app, ask = down(before=secure, STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=5")
    plain = ask("/static/app.css")
    assert "max-age=3600" in plain.headers["Cache-Control"]
    verified = url_of(app, "app.css")
    for query, headers in ASKED_OF_THE_APP:
        for path in ("/static/app.css", verified):
            given = query.replace("?", "&") if "?" in path else query
            answer = ask(path + given, headers)
            assert (answer.status, answer.body) == (200, CSS), (path, given, headers)
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert not {"Cdn-Cache-Control", "Expires"} & answer.headers.keys()
            for name in SAME:
                assert answer.headers[name] == plain.headers[name], name
    head = ask("/static/app.css?utm=1", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(CSS))
    # In a coding it has the validator of that one.
    coded = ask("/static/app.css?utm=1", {"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert coded.headers["Etag"] != plain.headers["Etag"]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_client_that_has_it_gets_a_304(down: Any, tmp_path: Path, coding: str) -> None:
    app, ask = down()
    for copied in (tmp_path / "copy" / "objects").glob("*/*"):
        os.utime(copied, (10**9, 10**9))  # a date that nobody is told
    accepting = {"Accept-Encoding": coding}
    for path in ("/static/app.css", url_of(app, "app.css"), "/static/app.css?utm=1"):
        whole = ask(path, accepting)
        etag, modified = whole.headers["Etag"], whole.headers["Last-Modified"]
        for condition in (
            {"If-None-Match": etag},
            {"If-None-Match": f'W/{etag}, "other"'},
            {"If-None-Match": "*"},
            {"If-None-Match": etag, "Range": "bytes=0-4"},
            {"If-Modified-Since": modified},
        ):
            for method in ("GET", "HEAD"):
                answer = ask(path, accepting | condition, method)
                assert (answer.status, answer.body) == (304, b""), condition
                assert answer.headers["Etag"] == etag
                assert answer.headers["Cache-Control"] == "private, no-cache"
                # One that is there is that of the whole (RFC 9110 §8.6).
                length = answer.headers.get("Content-Length", str(len(whole.body)))
                assert length == str(len(whole.body))
        for condition in (
            {"If-None-Match": '"other"', "If-Modified-Since": modified},
            {"If-Modified-Since": "Sun, 09 Sep 2001 01:46:40 GMT"},
        ):
            assert ask(path, accepting | condition).status == 200, condition


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        (REPORT, "GET", {}),
        ("/static/missing.css", "GET", {}),
        ("/static/%61pp.css", "GET", {}),
        ("/static/app.css", "POST", {}),
        ("/static/app.css", "GET", {"If-Match": '"other"'}),
        ("/static/app.css", "GET", {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}),
        ("/", "GET", {}),
    ],
)
def test_what_is_left_to_the_app_is_an_error_that_nobody_keeps(
    down: Any, path: str, method: str, headers: dict[str, str]
) -> None:
    _, ask = down()
    answer = ask(path, headers, method)
    assert answer.status == 502
    assert b"PDF" not in answer.body
    assert not {"Cache-Control", "Etag", "Expires"} & answer.headers.keys()


def test_a_lost_copy_is_an_error(down: Any, tmp_path: Path) -> None:
    _, ask = down()
    for path in (tmp_path / "copy" / "objects").glob("*/*"):
        path.unlink()
    answer = ask("/static/app.css?utm=1")
    assert answer.status == 502
    assert not {"Cache-Control", "Etag"} & answer.headers.keys()


def test_an_error_of_the_app_is_its_own(make_app: Any, behind: Any) -> None:
    """A 502 or 504 that the app itself sends says something, and is passed on."""

    def failing(app: Flask) -> None:
        @app.before_request
        def fail() -> Any:
            return ("gateway", 502) if "utm" in request.args else None

    _, port = behind(make_app(after=failing))
    answer = send(port, "/static/app.css?utm=1")
    assert (answer.status, answer.body) == (502, b"gateway")


def test_an_app_that_does_not_answer(make_app: Any, behind: Any, silent: Any) -> None:
    def route(app: Flask) -> None:
        app.get("/chart")(cacheable_static(max_age=0)(lambda: "chart"))

    server, port = behind(make_app(before=route, **RULES), more="proxy_read_timeout 1s;")
    etag = send(port, "/static/app.css").headers["Etag"]
    server.stop()
    silent(server.port)
    assert send(port, "/static/app.css?utm=1").body == CSS
    assert send(port, "/static/app.css", {"If-None-Match": etag}).status == 304
    assert send(port, REPORT).status == 504
