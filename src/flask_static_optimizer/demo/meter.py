"""A meter of the requests and responses of one served app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

from ..http.fields import members
from .tally import Counts, Tally

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Meter:
    """A WSGI middleware that counts responses and the bytes of their bodies.

    It counts before it sends, so that a client that has a response finds it counted.

    :param app: the app whose responses are counted.
    :param counts: returns the reads and writes of the app's session store up to now.
    """

    def __init__(self, app: WSGIApplication, counts: Callable[[], Counts]) -> None:
        self._app = app
        self._counts = counts
        self._lock = Lock()
        self._passed = Tally()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def counting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self._add(_head(status, headers))
            return start_response(status, headers, *rest)

        body = self._app(environ, counting)
        return ClosingIterator(map(self._counted, body), getattr(body, "close", None))

    @property
    def tally(self) -> Tally:
        """Return the figures up to now, without times."""
        reads, writes = self._counts()
        return replace(self._passed, session_reads=reads, session_writes=writes)

    def _counted(self, piece: bytes) -> bytes:
        self._add(Tally(body_bytes=len(piece)))
        return piece

    def _add(self, more: Tally) -> None:
        with self._lock:
            self._passed += more


def _head(status: str, headers: Iterable[tuple[str, str]]) -> Tally:
    fields = [(name.lower(), value) for name, value in headers]
    return Tally(
        requests=1,
        not_modified=status.startswith("304"),
        cookies_set=sum(name == "set-cookie" for name, _ in fields),
        vary_cookie=any(name == "vary" and "cookie" in members(value) for name, value in fields),
    )
