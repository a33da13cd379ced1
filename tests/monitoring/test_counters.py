"""The counters, and where they are shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, Response

from flask_static_optimizer import ConfigurationError, cacheable_static
from flask_static_optimizer.monitoring.counters import Figures, Stats

pytestmark = pytest.mark.usefixtures("settled")

RULES = {"static:private/*": {"session": "protected"}}


def figures(app: Flask) -> Figures:
    found: Figures = app.extensions["static_optimizer"].stats.figures()
    return found


def views(app: Flask) -> None:
    @app.get("/chart")
    @cacheable_static
    def chart() -> Response:
        response = Response("chart" * 10)
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response


def test_what_is_counted(make_app: Any) -> None:
    app = make_app(before=views, STATIC_OPTIMIZER_RULES=RULES)
    stats = app.extensions["static_optimizer"].stats
    client = app.test_client()
    client.get("/static/app.css")
    assert figures(app) == Figures(requests=1)
    client.get("/")  # a page, which sets the session cookie
    assert figures(app) == Figures(requests=1)
    whole = client.get("/static/app.js")
    assert stats.session_reads_avoided == stats.session_writes_avoided == 1
    client.get("/static/app.js", headers={"If-None-Match": whole.headers["ETag"]})
    assert (stats.not_modified, stats.bytes_saved) == (1, len(whole.data))
    coded = client.get("/static/app.css", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/static/app.css")
    assert stats.bytes_saved == len(whole.data) + len(plain.data) - len(coded.data)
    before = figures(app)
    chart = client.get("/chart")
    assert stats.cookies_dropped == 2
    client.get("/chart", headers={"If-None-Match": chart.headers["ETag"]})
    after = figures(app)
    assert after.bytes_saved - before.bytes_saved == len(chart.data)
    assert after.requests - before.requests == 2
    with pytest.raises(AttributeError):
        stats.nonsense  # noqa: B018


def test_an_opened_session_is_no_saving(make_app: Any) -> None:
    """A session that was opened is not counted as a read avoided."""

    def guard(app: Flask) -> None:
        from flask import request, session

        @app.before_request
        def look() -> None:
            if request.path.startswith("/static/private"):
                session.get("visits")

    app = make_app(before=guard, STATIC_OPTIMIZER_RULES=RULES)
    client = app.test_client()
    client.get("/")
    client.get("/static/private/report.pdf")
    assert figures(app).session_reads_avoided == 0
    assert figures(app).session_writes_avoided == 1


def test_nothing_is_lost_among_threads() -> None:
    stats = Stats()

    def count(_: int) -> None:
        for _ in range(10_000):
            stats.add((1, 1, 0, 2, 0, 3))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert stats.figures() == Figures(80_000, 80_000, 0, 160_000, 0, 240_000)
    stats.add(Figures(store_hits=2))
    assert stats.store_hits == 2


def test_little_is_held_while_nobody_asks() -> None:
    stats = Stats()
    for _ in range(20_000):
        stats.add((1,))
    assert len(stats._waiting) < 5000
    assert stats.requests == 20_000


def test_prometheus(make_app: Any) -> None:
    app = make_app(STATIC_OPTIMIZER_METRICS="/-/metrics")
    client = app.test_client()
    client.get("/static/app.css")
    response = client.get("/-/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
    lines = response.text.splitlines()
    assert any(line.startswith("static_optimizer_requests_total") for line in lines)
    assert "# TYPE static_optimizer_bytes_saved_total counter" in lines
    assert response.text.endswith("\n")


def test_there_is_no_endpoint_unless_asked_for(make_app: Any) -> None:
    assert make_app().test_client().get("/-/metrics").status_code == 404


@pytest.mark.parametrize(
    "path", ["metrics", "/", "/a b", "/<x>", "//a", "/../a", "/a/", "/a?b", 5, True, ""]
)
def test_a_path_that_can_not_be_meant(make_app: Any, path: object) -> None:
    with pytest.raises(ConfigurationError, match=r"STATIC_OPTIMIZER_METRICS is .* give a path"):
        make_app(STATIC_OPTIMIZER_METRICS=path)


def test_a_path_that_is_taken(make_app: Any) -> None:
    with pytest.raises(ConfigurationError, match="has a route already"):
        make_app(STATIC_OPTIMIZER_METRICS="/look")


@pytest.mark.parametrize("value", ["X-Send-File", True, 5, ""])
def test_a_sendfile_header_that_can_not_be_meant(make_app: Any, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"STATIC_OPTIMIZER_SENDFILE is .* 'X-Sendfile'"):
        make_app(STATIC_OPTIMIZER_SENDFILE=value)


def test_server_timing_in_debug(make_app: Any) -> None:
    client = make_app(DEBUG=True, STATIC_OPTIMIZER_RULES=RULES).test_client()
    said = client.get("/static/app.css").headers["Server-Timing"]
    assert said.startswith('static;desc="static", session;desc="isolated, not opened"')
    assert 'asset;desc="identity", total;dur=' in said
    assert "protected" in client.get("/static/private/report.pdf").headers["Server-Timing"]
    assert "Server-Timing" not in client.get("/static/missing.css").headers
    assert "Server-Timing" not in client.get("/").headers


def test_no_server_timing_otherwise(make_app: Any) -> None:
    assert "Server-Timing" not in make_app().test_client().get("/static/app.css").headers
