"""Routes behind the 'proxy_cache' that 'flask static nginx' prints."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask, Response, request

from cli.nginx.servers import send
from flask_static_optimizer import cacheable_static

pytestmark = pytest.mark.usefixtures("settled")


BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd", "Cookie": "session=x.y.z"}


def test_routes_are_kept_as_long_as_the_app_says(make_app: Any, behind: Any) -> None:
    runs = []

    def routes(app: Flask) -> None:
        @app.get("/charts/<int:number>.svg")
        @cacheable_static(max_age=60)
        def chart(number: int) -> Any:
            runs.append(number)
            return Response(f"<svg>{number}</svg>", mimetype="image/svg+xml")

        @app.get("/fails/<path:name>")
        @cacheable_static(max_age=60)
        def fails(name: str) -> Any:
            runs.append(name)
            return Response("failed", 503)

    app = make_app(before=routes)
    _, port = behind(app)
    first, second = (send(port, "/charts/7.svg", BROWSER) for _ in range(2))
    assert runs == [7]
    assert first.body == second.body == b"<svg>7</svg>"
    for name in ("Cache-Control", "Etag", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert send(port, "/charts/7.svg", {"If-None-Match": first.headers["Etag"]}).status == 304
    assert runs == [7]
    # With Authorization the response is private and the store is passed by.
    assert (
        "private"
        in send(port, "/charts/7.svg", {"Authorization": "Bearer x"}).headers["Cache-Control"]
    )
    runs.clear()
    assert [send(port, "/fails/a/b").status for _ in range(2)] == [503, 503]
    assert runs == ["a/b", "a/b"]


def reading_content(runs: list[str]) -> Callable[[Flask], None]:
    """Make a view that says what it got, as one with ``request.get_json(silent=True)`` may."""

    def routes(app: Flask) -> None:
        @app.route("/search", methods=["GET", "POST"])
        @cacheable_static(max_age=60, store=False)
        def search() -> Response:
            runs.append(request.method)
            return Response(request.get_data() or b"all")

    return routes


def send_content(port: int, method: str, body: bytes | Iterable[bytes]) -> bytes:
    """Send a request with content; what is no ``bytes`` goes in chunks, without a length."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        chunked = not isinstance(body, bytes)
        headers = {"Host": "example.org"} | ({"Transfer-Encoding": "chunked"} if chunked else {})
        connection.request(method, "/search", body, headers, encode_chunked=chunked)
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.parametrize("body", [b"mine", [b"mi", b"ne"]], ids=["length", "chunks"])
def test_a_request_with_content_neither_reads_nor_feeds_the_cache(
    make_app: Any, behind: Any, body: Any
) -> None:
    runs: list[str] = []
    _, port = behind(make_app(before=reading_content(runs)))
    assert send_content(port, "GET", body) == b"mine"
    assert send(port, "/search").body == b"all"
    runs.clear()
    assert send_content(port, "GET", body) == b"mine"
    assert send_content(port, "POST", body) == b"mine"
    assert runs == ["GET", "POST"]
    # An empty content is none.
    assert send_content(port, "GET", b"") == send(port, "/search").body == b"all"
    assert runs == ["GET", "POST"]
