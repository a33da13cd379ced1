"""The events that the panel's counters are made of."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Flask, Response, request
from werkzeug.test import Client, create_environ, run_wsgi_app

from flask_static_optimizer.cli.compare.tally import Counts, Tally
from flask_static_optimizer.demo.meter import Meter

NOTHING = Counts(0, 0)


def answering(response: Response) -> Meter:
    app = Flask("site")
    app.add_url_rule("/", view_func=lambda: response, endpoint="page")
    return Meter(app, lambda: NOTHING, "/")


def test_each_figure() -> None:
    response = Response("12345")
    response.vary.update(("Accept-Encoding", "cookie"))
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    meter = answering(response)
    client = Client(meter)
    client.get("/").close()
    client.head("/").close()
    counted = meter.tally
    assert counted.milliseconds > 0
    assert replace(counted, milliseconds=0) == Tally(
        requests=2, cookies_set=4, vary_cookie=2, body_bytes=5, plain_bytes=5
    )


def test_bytes_without_compression() -> None:
    body = gzip.compress(b"1" * 1000)
    meter = answering(Response(body, headers={"Content-Encoding": "gzip"}))
    Client(meter).get("/").close()
    assert meter.tally.body_bytes == len(body)
    assert meter.tally.plain_bytes == 1000


def test_the_last_whole_response_is_kept() -> None:
    meter = answering(Response("12345", headers={"X-One": "1"}))
    Client(meter).get("/elsewhere").close()
    assert meter.last is None
    Client(meter).get("/").close()
    assert meter.last is not None
    assert meter.last.headers["X-One"] == "1"


def test_what_is_not_modified() -> None:
    response = Response("12345")
    response.set_etag("1")
    app = Flask("site")
    meter = Meter(app, lambda: NOTHING)

    @app.get("/")
    def page() -> Response:
        return response.make_conditional(request)

    Client(meter).get("/", headers={"If-None-Match": '"1"'}).close()
    assert replace(meter.tally, milliseconds=0) == Tally(requests=1, not_modified=1)


def test_the_store_is_asked_what_it_was_asked() -> None:
    meter = Meter(Flask("site"), lambda: Counts(3, 2))
    assert meter.tally == Tally(session_reads=3, session_writes=2)


def test_it_has_counted_what_has_arrived() -> None:
    closed = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"12"
            yield b"345"
        finally:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return pieces()

    meter = Meter(app, lambda: NOTHING)
    body, _, _ = run_wsgi_app(meter, create_environ())
    assert meter.tally.requests == 1
    assert meter.tally.body_bytes == 5
    assert b"".join(body) == b"12345"
    assert closed == [True]
