"""Counters of the work that static requests were spared."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import zip_longest
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..http.answer import Answer

#: Requests that may wait to be added up. The limit keeps the deque short where nobody reads the
#: counters.
_WAITING = 4096


class Figures(NamedTuple):
    """The counts of one process since it started."""

    #: Static requests that were answered.
    requests: int = 0
    #: Static requests that came with a session cookie and whose session was never opened.
    session_reads_avoided: int = 0
    #: Static requests that came with a session cookie, or wrote into their session, and whose
    #: session was not saved.
    #: Flask-Session would have written each; Flask's signed cookie only some of them.
    session_writes_avoided: int = 0
    #: ``Set-Cookie`` fields taken off responses.
    cookies_dropped: int = 0
    #: 304 responses, for which no body was sent.
    not_modified: int = 0
    #: Bytes that did not have to be sent, thanks to 304s and compression.
    bytes_saved: int = 0
    #: Responses of views that came from the store, without running the view.
    store_hits: int = 0


class Stats:
    """The counters of one app in this process: ``app.extensions["static_optimizer"].stats``.

    Each field of :class:`Figures` can be read as an attribute. A request only appends to a deque,
    which needs no lock. The counts are added up when they are read.
    """

    def __init__(self) -> None:
        #: The name of the app's session cookie, set when the app gets its first request.
        self.cookie_name = "session"
        self._waiting: deque[tuple[int, ...]] = deque()
        self._sum = Figures()
        self._lock = Lock()

    def add(self, figures: tuple[int, ...]) -> None:
        """Add to the counters.

        :param figures: a :class:`Figures`, or a plain tuple of its first fields, which is cheaper.
        """
        self._waiting.append(figures)
        if len(self._waiting) >= _WAITING:
            self.figures()

    def figures(self) -> Figures:
        """Return all counters as they are at one moment.

        :returns: the counts since the process started.
        """
        with self._lock:
            # What is appended meanwhile waits for the next call.
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._sum = Figures(*map(sum, zip_longest(self._sum, *waiting, fillvalue=0)))
            return self._sum

    def __getattr__(self, name: str) -> int:
        if name in Figures._fields:
            value: int = getattr(self.figures(), name)
            return value
        raise AttributeError(name)

    def served(
        self,
        environ: Mapping[str, Any],
        unmodified: bool,
        opened: bool,
        wrote: bool,
        cookies_dropped: int,
        saved: int,
    ) -> None:
        """Count a static request that ran through the app's hooks.

        :param environ: its WSGI environ.
        :param unmodified: whether the answer is a 304.
        :param opened: whether the real session was opened.
        :param wrote: whether anything was written into the session.
        :param cookies_dropped: how many cookies were taken off the response.
        :param saved: the bytes that a 304 or a content coding saved.
        """
        came = self.cookie_name in environ.get("HTTP_COOKIE", "")
        waiting = self._waiting  # as add() does, without a call
        waiting.append((1, came and not opened, came or wrote, cookies_dropped, unmodified, saved))
        if len(waiting) >= _WAITING:
            self.figures()

    def served_file(self, environ: Mapping[str, Any], *, unmodified: bool, saved: int) -> None:
        """Count a request for a file that the lane answered without Flask.

        :param environ: its WSGI environ.
        :param unmodified: whether the answer is a 304.
        :param saved: the bytes that a 304 or a content coding saved.
        """
        came = self._came(environ)
        self.add((1, came, came, 0, unmodified, saved))

    def served_stored(self, environ: Mapping[str, Any], answer: Answer) -> None:
        """Count a request that the lane answered with a stored response, without Flask.

        :param environ: its WSGI environ.
        :param answer: the response.
        """
        came = self._came(environ)
        unmodified = answer.status == 304
        self.add((1, came, came, 0, unmodified, answer.size if unmodified else 0, 1))

    def _came(self, environ: Mapping[str, Any]) -> bool:
        return self.cookie_name in environ.get("HTTP_COOKIE", "")
