"""Requests that never leave the process: what an app answers, and what the extension knew of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import got_request_exception, request_finished
from flask.testing import EnvironBuilder
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from ..monitoring.signals import cookies_dropped
from ..requests.mark import current_mark
from ..store.store import ASK_VIEW

if TYPE_CHECKING:
    from flask import Flask

    from ..requests.mark import Mark


@dataclass(eq=False)
class Exchange:
    """One request and what came of it."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: Iterable[bytes] = ()
    #: What the extension knew of the request; ``None`` if it was none of its.
    mark: Mark | None = None
    #: Names of the cookies that were taken off the response.
    cookies: tuple[str, ...] = ()
    #: What the app raised, whether or not it made an error page of it.
    error: Exception | None = None

    def read(self) -> bytes:
        """The whole body."""
        with self.reading() as chunks:
            return b"".join(chunks)

    @contextmanager
    def reading(self) -> Iterator[Iterable[bytes]]:
        """The body in chunks; it is closed afterwards, read or not."""
        try:
            yield self.body
        finally:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()


def environ_of(
    app: Flask, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> dict[str, Any]:
    """The WSGI environ of a request as a server would make it.

    The scheme, host and root are those of ``PREFERRED_URL_SCHEME``, ``SERVER_NAME`` and
    ``APPLICATION_ROOT``.

    :param path: a URL path, percent-encoded and without the application root; a query may follow.
    """
    fields = Headers(list((headers or {}).items()))
    return EnvironBuilder(app, path, method=method, headers=fields).get_environ()


def ask(
    app: Flask, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> Exchange:
    """Send an app a request as a server would, by its whole WSGI stack, past stored responses.

    Flask is asked always, past the express lane too, so that all hooks have their say. The body of
    the answer is to be read or closed. The parameters are those of :func:`environ_of`.
    """
    exchange = Exchange()

    # The signals' receivers run while the app still has the request at hand.
    def finished(_: Flask, **__: object) -> None:
        exchange.mark = current_mark()

    def dropped(_: Flask, *, names: tuple[str, ...], **__: object) -> None:
        exchange.cookies += names

    def raised(_: Flask, *, exception: Exception, **__: object) -> None:
        exchange.error = exception

    environ = environ_of(app, path, headers, method=method)
    environ[ASK_VIEW] = True
    environ["REMOTE_USER"] = ""  # which is nobody, and leads past the lane
    with (
        request_finished.connected_to(finished, app),
        cookies_dropped.connected_to(dropped, app),
        got_request_exception.connected_to(raised, app),
    ):
        try:
            body, status, exchange.headers = run_wsgi_app(app, environ)
        except Exception as error:  # noqa: BLE001
            exchange.error = error
            exchange.status = 500
        else:
            exchange.body = body
            exchange.status = int(status.split()[0])
    return exchange
