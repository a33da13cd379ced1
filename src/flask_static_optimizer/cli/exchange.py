"""Requests inside the process: the response of an app, and the mark of the request."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import got_request_exception, request_finished
from flask.testing import EnvironBuilder
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import FileWrapper

from ..monitoring.signals import cookies_dropped
from ..requests.mark import current_mark
from ..store.store import ASK_VIEW

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ..requests.mark import Mark


class Digest(NamedTuple):
    """The size and the hash of a body."""

    size: int
    sha256: str


@dataclass(eq=False)
class Exchange:
    """An exchange of one request and its response."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: Iterable[bytes] = ()
    #: Whether Flask has answered; else a middleware or the lane has, or the app has failed.
    is_by_flask: bool = False
    #: The mark of the request; ``None`` if it is not static.
    mark: Mark | None = None
    #: The names of the cookies that were removed from the response.
    cookies: tuple[str, ...] = ()
    #: The path of the file that is the body, as far as can be seen.
    path: str | None = None
    #: The exception that the app raised, whether or not it answered with an error page.
    error: Exception | None = None

    def read(self) -> bytes:
        """Return the whole body, and close it.

        If a generator raises, the body is what came before, and the exception is :attr:`error`.
        """
        return b"".join(self._chunks())

    def digest(self) -> Digest:
        """Return the size and the hash of the body, which may be large, and close it.

        If a generator raises, they are those of what came before, as in :meth:`read`.
        """
        sha, size = hashlib.sha256(), 0
        for chunk in self._chunks():
            sha.update(chunk)
            size += len(chunk)
        return Digest(size, sha.hexdigest())

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self.reading() as chunks:
                yield from chunks
        except Exception as error:  # noqa: BLE001 - whatever the app raises
            self.error = error

    @contextmanager
    def reading(self) -> Iterator[Iterable[bytes]]:
        """Yield the body in chunks, and close it at the end, read or not."""
        try:
            yield self.body
        finally:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()


def environ_of(
    app: Flask, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> dict[str, Any]:
    """Make the WSGI environ of a request as a server would make it.

    The scheme, host and root are those of ``PREFERRED_URL_SCHEME``, ``SERVER_NAME`` and
    ``APPLICATION_ROOT``.

    :param app: the app.
    :param path: a URL path, percent-encoded and without the application root; a query may follow.
    :param headers: the header fields of the request.
    :param method: the request method.
    """
    fields = Headers(list((headers or {}).items()))
    return EnvironBuilder(app, path, method=method, headers=fields).get_environ()


def matched(app: Flask, path: str) -> tuple[Rule, Mapping[str, Any]] | None:
    """Return the URL rule that a GET request for a path matches, if there is one, and its values.

    :param app: the app.
    :param path: a URL path, as for :func:`environ_of`.
    """
    adapter = app.create_url_adapter(app.request_class(environ_of(app, path)))
    if adapter is None:
        return None
    try:
        return adapter.match(return_rule=True)
    except HTTPException:  # there is none, or only a redirect to another spelling
        return None


def is_file(exchange: Exchange) -> bool:
    """Return whether a view that is not static has sent a file, by the form of ``send_file``."""
    return (
        exchange.mark is None
        and exchange.status == 200
        and "filename" in exchange.headers.get("Content-Disposition", "")
        and "Last-Modified" in exchange.headers
    )


def ask(
    app: Flask, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> Exchange:
    """Send a request through the whole WSGI stack of an app, as a server would.

    Neither the lane nor a stored response answers it, so that all hooks of the app run. The caller
    has to read or close the body. The parameters are those of :func:`environ_of`.
    """
    environ = environ_of(app, path, headers, method=method)
    environ[ASK_VIEW] = True
    environ["REMOTE_USER"] = ""  # it names nobody, and keeps the lane from answering
    return _sent(app, environ)


def ask_as_visitor(app: Flask, path: str, headers: Mapping[str, str] | None = None) -> Exchange:
    """Send a GET request that the lane may answer, which leaves no mark then; drop the body.

    The parameters are those of :func:`environ_of`.
    """
    exchange = _sent(app, environ_of(app, path, headers))
    with exchange.reading():  # and not read, as it may be a large file
        pass
    return exchange


def ask_without_host(app: Flask, path: str) -> None:
    """Send a request as of HTTP/1.0, which the lane takes for one that it knows nothing of.

    The response is dropped. The parameters are those of :func:`environ_of`.
    """
    environ = environ_of(app, path, method="HEAD")
    del environ["HTTP_HOST"]
    with _sent(app, environ).reading():
        pass


def _sent(app: Flask, environ: dict[str, Any]) -> Exchange:
    exchange = Exchange()

    # The receivers run while the context of the request is still there.
    def finished(_: Flask, *, response: Any, **__: object) -> None:
        exchange.is_by_flask = True
        mark = exchange.mark = current_mark()
        if mark is not None and mark.view.representation is not None:
            exchange.path = mark.view.representation.asset.path
        elif isinstance(response.response, FileWrapper):
            name = getattr(response.response.file, "name", None)
            exchange.path = name if isinstance(name, str) else None

    def dropped(_: Flask, *, names: tuple[str, ...], **__: object) -> None:
        exchange.cookies += names

    def raised(_: Flask, *, exception: Exception, **__: object) -> None:
        exchange.error = exception

    with (
        request_finished.connected_to(finished, app),
        cookies_dropped.connected_to(dropped, app),
        got_request_exception.connected_to(raised, app),
    ):
        try:
            # In a context of its own: else the app context of the command, and its ``g``, would
            # serve all requests, and a user whom one of them logged in would be there for the next.
            body, status, exchange.headers = Context().run(run_wsgi_app, app, environ)
        except Exception as error:  # noqa: BLE001
            exchange.error = error
            exchange.status = 500
        else:
            exchange.body = body
            exchange.status = int(status.split()[0])
    return exchange
