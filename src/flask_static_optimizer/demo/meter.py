"""A meter of the requests and responses of one served app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from http.client import responses
from threading import Lock
from typing import TYPE_CHECKING

from ..cli.compare.response import Response, answer
from ..cli.compare.tally import Counts, Tally

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_NOTHING = Counts(0, 0)


class Meter:
    """A WSGI middleware that counts responses, the bytes of their bodies and the app's time.

    It counts before it sends, so that a client that has a response finds it counted. So it holds
    the whole body, which is small here.

    :param app: the app whose responses are counted.
    :param counts: returns the reads and writes of the app's session store up to now.
    :param watched: the URL path whose last whole response is kept.
    """

    def __init__(
        self, app: WSGIApplication, counts: Callable[[], Counts], watched: str | None = None
    ) -> None:
        self._app = app
        self._counts = counts
        self._watched = watched
        self._lock = Lock()
        self._passed = Tally()
        #: The last whole response of what is watched.
        self.last: Response | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        response = answer(self._app, environ, path)
        with self._lock:
            self._passed += Tally.of([response], _NOTHING, _NOTHING)
            if path == self._watched and response.status == 200:
                self.last = response
        reason = responses.get(response.status, "Unknown")
        start_response(f"{response.status} {reason}", response.headers.to_wsgi_list())
        return [response.sent]

    @property
    def tally(self) -> Tally:
        """The figures up to now."""
        reads, writes = self._counts()
        return replace(self._passed, session_reads=reads, session_writes=writes)
