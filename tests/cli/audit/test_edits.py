"""Hooks that edit files, and hooks that do so wrongly where a coding is taken."""

from __future__ import annotations

import gzip
import itertools
from typing import Any

import pytest
from flask import Flask, Response, request

pytestmark = pytest.mark.usefixtures("settled")


def set_data(response: Response, data: bytes) -> Response:
    response.direct_passthrough = False
    response.set_data(data)
    return response


def banner(app: Flask) -> None:
    @app.after_request
    def add_banner(response: Response) -> Response:
        if response.mimetype == "text/css":
            response.direct_passthrough = False
            set_data(response, response.get_data() + b"/* banner */")
        return response


def nonce(app: Flask) -> None:
    count = itertools.count()

    @app.after_request
    def add_nonce(response: Response) -> Response:
        if response.mimetype == "text/css":
            response.direct_passthrough = False
            set_data(response, response.get_data() + b"/* %d */" % next(count))
        return response


def middleware(app: Flask) -> None:
    inner = app.wsgi_app

    def replace(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *info: Any) -> Any:
            kept = [each for each in headers if each[0] != "Content-Length"]
            return start_response(status, kept, *info)

        if not environ["PATH_INFO"].endswith(".css"):
            return inner(environ, start_response)
        return [b"".join(inner(environ, start)).replace(b"rebeccapurple", b"red")]

    app.wsgi_app = replace  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("hook", "named"), [(banner, "add_banner"), (nonce, "add_nonce"), (middleware, "middleware")]
)
def test_a_hook_that_edits_a_file(make_app, audited, hook, named):
    found = audited(make_app(before=hook, STATIC_OPTIMIZER_ENCODINGS=[]))
    assert found.status == 1
    assert [*found.findings] == ["hook-edits"]
    finding = found.findings["hook-edits"]
    assert finding["severity"] == "warning"
    assert "no-cache" in finding["problem"]
    assert ".css" in finding["problem"]
    assert named in finding["fix"]
    assert "is_static_request" in finding["fix"]


def by_coding(app: Flask) -> None:
    @app.after_request
    def other(response: Response) -> Response:
        if response.mimetype == "text/css" and "gzip" in request.environ.get(
            "HTTP_ACCEPT_ENCODING", ""
        ):
            return set_data(response, b"/* for who takes gzip */")
        return response


def twice(app: Flask) -> None:
    @app.after_request
    def code(response: Response) -> Response:
        if response.mimetype == "text/css" and "gzip" in request.environ.get(
            "HTTP_ACCEPT_ENCODING", ""
        ):
            response.direct_passthrough = False
            set_data(response, gzip.compress(response.get_data()))  # and says nothing of it
        return response


def lying(app: Flask) -> None:
    @app.after_request
    def lie(response: Response) -> Response:
        if "gzip" in request.environ.get("HTTP_ACCEPT_ENCODING", ""):
            response.headers["Content-Encoding"] = "gzip"
        return response


def failing(app: Flask) -> None:
    @app.after_request
    def fail(response: Response) -> Response:
        if "gzip" in request.environ.get("HTTP_ACCEPT_ENCODING", ""):
            raise LookupError("no such coder")
        return response


@pytest.mark.parametrize("hook", [by_coding, twice, lying, failing])
def test_a_hook_that_breaks_a_coding(make_app, audited, hook):
    found = audited(make_app(before=hook, TESTING=False))
    assert found.status == 1
    assert [*found.findings] == ["coding-broken"]
    finding = found.findings["coding-broken"]
    assert finding["severity"] == "error"
    assert any("Accept-Encoding: gzip" in place for place in finding["places"])
    assert "is_static_request" in finding["fix"]


def compressing(app: Flask) -> None:
    from flask_compress import Compress

    Compress(app)


def reading(app: Flask) -> None:
    @app.after_request
    def read(response: Response) -> Response:
        response.direct_passthrough = False
        return set_data(response, response.get_data())


def adding(app: Flask) -> None:
    @app.after_request
    def add(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        return response


@pytest.mark.parametrize("hook", [compressing, reading, adding, None])
@pytest.mark.parametrize("name", ["picture.svgz", "late.css"])
def test_a_hook_that_keeps_the_bytes(make_app, audited, static_folder, hook, name):
    """Nor does a rewritten stylesheet or a file with a coding of its own count as edited."""
    (static_folder / "picture.svgz").write_bytes(gzip.compress(b"<svg/>"))
    (static_folder / name).write_bytes(
        gzip.compress(b"<svg/>" * 99) if name.endswith("z") else b"a{b:url(app.js)}" * 200
    )
    found = audited(make_app(before=hook))
    assert (found.status, found.findings) == (0, {})
