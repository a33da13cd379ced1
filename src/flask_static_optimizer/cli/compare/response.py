"""A response as a browser sees it, and the requests that it was got by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import got_request_exception
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from ...http.codings import decompress

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Response(NamedTuple):
    """A response of the app."""

    url: str
    status: int
    headers: Headers
    #: The body as it was sent, compressed or not.
    sent: bytes
    #: The body without compression.
    body: bytes
    #: The time that the app took.
    seconds: float
    #: What went wrong, if the app raised an exception or the body can't be decompressed.
    error: str | None = None


class Fetched(NamedTuple):
    """A page or an asset as the browser has it in the end."""

    #: The URL in the end, which a redirect may have changed.
    url: str
    status: int
    headers: Headers
    body: bytes
    #: The responses of the app: several after a redirect, none if the cache had it.
    responses: tuple[Response, ...]

    @property
    def media_type(self) -> str:
        """The value of ``Content-Type``."""
        return self.headers.get("Content-Type", "")


def answer(app: WSGIApplication, environ: WSGIEnvironment, url: str) -> Response:
    """Ask an app, and return its whole response. An exception is a 500, as servers make it one.

    :param url: the URL that is asked for.
    """
    raised: list[Exception] = []

    def noted(_: object, *, exception: Exception, **__: Any) -> None:
        raised.append(exception)

    with got_request_exception.connected_to(noted):
        started = time.perf_counter()
        try:
            pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
        except Exception as error:  # noqa: BLE001 - whatever the app raises
            seconds = time.perf_counter() - started
            return Response(url, 500, Headers(), b"", b"", seconds, _in_a_line(error))
        seconds = time.perf_counter() - started
    sent = b"".join(pieces)
    body, problem = sent, None
    if raised and status.startswith("5"):
        problem = _in_a_line(raised[-1])
    try:
        body = _decoded(sent, headers.get("Content-Encoding"))
    except Exception as error:  # noqa: BLE001 - each compression has errors of its own
        problem = f"it can't be decompressed: {type(error).__name__}: {error}"
    return Response(url, int(status[:3]), headers, sent, body, seconds, problem)


def _in_a_line(error: Exception) -> str:
    """Return an exception as a traceback ends with it, without the further lines of its text."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _decoded(body: bytes, content_encoding: str | None) -> bytes:
    """Return a body without the compressions that ``Content-Encoding`` names.

    :raises Exception: an error of a compression's library, if the body is not in it.
    """
    for coding in reversed((content_encoding or "").split(",")):
        name = coding.strip().lower()
        if body and name not in ("", "identity"):
            body = decompress(name, body)
    return body
