"""Requests with content: they neither read nor feed a cache (RFC 9110 section 9.3.1)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request

from .conftest import Stored, status_of

MakeApp = Callable[..., Flask]
Serve = Callable[..., Stored]


class Input:
    """An input as an HTTP/2 server gives it: it ends by itself, and has few methods."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, 3))


def over(protocol: str, data: bytes) -> dict[str, Any]:
    """Return what a server says of a request with content."""
    if protocol == "HTTP/2":
        return {
            "SERVER_PROTOCOL": "HTTP/2", "wsgi.input_terminated": True, "wsgi.input": Input(data)
        }  # fmt: skip
    if protocol == "chunked":
        return {
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(data),
        }  # fmt: skip
    return {
        "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
    }  # fmt: skip


READERS: dict[str, Callable[[], bytes]] = {
    "data": lambda: request.get_data(),
    "stream": lambda: b"".join(request.stream),
    "line": lambda: request.stream.readline(),
    "raw": lambda: request.environ["wsgi.input"].read(100),
}


@pytest.mark.parametrize("policy", [{}, {"store": False}], ids=str)
@pytest.mark.parametrize("protocol", ["HTTP/2", "chunked", "length"])
@pytest.mark.parametrize("read", READERS)
def test_content_reaches_the_view_alone(
    serve: Serve, protocol: str, read: str, policy: dict[str, Any]
) -> None:
    stored = serve(lambda: b"got " + READERS[read](), **policy)
    for _ in range(2):
        response = stored.get(environ_overrides=over(protocol, b"q=EVIL"))
        assert response.data == b"got q=EVIL"[: len(response.data)]
        assert len(response.data) > len(b"got ")
        assert response.headers["Cache-Control"] == "no-store"
        assert "stored" not in response.headers["Cache-Status"]
    plain = stored.get()
    assert plain.data == b"got "
    assert plain.headers["Cache-Control"] == "max-age=60"
    if not policy:
        fat = stored.get(environ_overrides=over(protocol, b"q=EVIL"))
        assert status_of(fat) == "fwd=bypass"
        assert fat.data != plain.data
        assert status_of(stored.get()) == "hit"


def test_http_2_without_content(serve: Serve) -> None:
    stored = serve()
    for status in ("fwd=uri-miss; stored", "hit", "hit"):
        assert status_of(stored.get(environ_overrides=over("HTTP/2", b""))) == status


def test_a_run_for_the_store_has_no_content(serve: Serve) -> None:
    """What no field told of can't be read either, past the framework."""
    stored = serve(lambda: request.environ["wsgi.input"].read(100) or b"nothing")
    hidden = {"wsgi.input": io.BytesIO(b"q=EVIL")}
    assert stored.get(environ_overrides=hidden).data == b"nothing"
    assert stored.get().data == b"nothing"
