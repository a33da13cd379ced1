"""Routes behind the 'proxy_cache' that 'flask static nginx' prints."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask, Response, request

from cli.nginx.servers import Answer, send
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


def send_until(port: int, path: str, wanted: Callable[[Answer], bool]) -> Answer:
    """Ask nginx, whose clock nobody sets, until it gives the answer that is waited for."""
    deadline = time.monotonic() + 60
    while True:
        answer = send(port, path)
        if wanted(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


#: Tells of each response whether nginx had it.
TELLING = "add_header X-Cache $upstream_cache_status;"


def test_a_stale_response_is_used_where_the_app_is_down(make_app: Any, behind: Any) -> None:
    def routes(app: Flask) -> None:
        @app.get("/chart")
        @cacheable_static(max_age=1)
        def chart() -> str:
            return "chart"

    server, port = behind(make_app(before=routes), more=TELLING)
    etag = send(port, "/chart").headers["Etag"]
    server.stop()
    stale = send_until(port, "/chart", lambda answer: answer.headers["X-Cache"] == "STALE")
    assert (stale.status, stale.body) == (200, b"chart")
    assert send(port, "/chart", {"If-None-Match": etag}).status == 304
    assert send(port, "/chart", {"Authorization": "Bearer x"}).status == 502
    missing = send(port, "/chart?never=asked")
    assert missing.status == 502
    assert "Cache-Control" not in missing.headers


@pytest.mark.parametrize(
    "forbidding",
    [
        "max-age=60, must-revalidate",
        "Proxy-Revalidate, max-age=60",
        "s-maxage=60",
        'no-transform,s-maxage = "60"',
    ],
)
def test_what_forbids_stale_responses_is_not_kept(
    make_app: Any, behind: Any, forbidding: str
) -> None:
    """nginx would use it where the app is down (RFC 9111 §4.2.4)."""
    runs = []

    def routes(app: Flask) -> None:
        @app.get("/rate")
        @cacheable_static(store=False)
        def rate() -> Response:
            runs.append("rate")
            return Response("rate", headers={"Cache-Control": forbidding})

    server, port = behind(make_app(before=routes))
    assert send(port, "/rate").body == b"rate"
    assert send(port, "/rate").status == 200
    assert runs == ["rate", "rate"]
    server.stop()
    assert send(port, "/rate").status == 502


def test_an_error_of_the_app_is_told(make_app: Any, behind: Any) -> None:
    """The app is there, so what it says counts, and ``stale-if-error`` is for it to say."""
    fails = []

    def routes(app: Flask) -> None:
        @app.get("/chart")
        @cacheable_static(max_age=1, store=False)
        def chart() -> Response:
            return Response("failed", 503) if fails else Response("chart")

    _, port = behind(make_app(before=routes))
    assert send(port, "/chart").body == b"chart"
    fails.append(True)
    failed = send_until(port, "/chart", lambda answer: answer.status == 503)
    assert (failed.body, failed.headers["Cache-Control"]) == (b"failed", "no-store")


@pytest.mark.parametrize("field", ["key", "unless"])
def test_a_function_that_decides_in_the_request(make_app: Any, behind: Any, field: str) -> None:
    """nginx goes by the URL and can't ask it, so the app answers each time."""
    seen: list[str] = []

    def function() -> str:
        seen.append(request.headers.get("X-Kind", ""))
        return seen[-1]

    def routes(app: Flask) -> None:
        view = cacheable_static(max_age=60, **{field: function})(lambda: seen[-1])
        app.get("/kind", endpoint="kind")(view)
        named = cacheable_static(max_age=60, query=["page"])(lambda: request.query_string)
        app.get("/named", endpoint="named")(named)

    _, port = behind(make_app(before=routes))
    for kind in ("a", "b", "a"):
        assert send(port, "/kind", {"X-Kind": kind}).body == kind.encode()
    assert seen == ["a", "b", "a"]
    for query in ("page=1&x=1", "x=2&page=1", "page=2"):
        assert send(port, f"/named?{query}").body == query[query.index("page") :][:6].encode()
