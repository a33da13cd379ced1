"""Counters of the work that static requests were spared."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import zip_longest
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from flask import Response

    from ..http.answer import Answer

#: The beginning of the counters' names in Prometheus, and what each counts.
NAMESPACE = "static_optimizer"
HELP = {
    "requests": "Static requests that were answered.",
    "session_reads_avoided": "Static requests with a session cookie whose session was not opened.",
    "session_writes_avoided": "Static requests whose session would have been saved, at most.",
    "cookies_dropped": "Cookies taken off static responses.",
    "not_modified": "Static requests answered with 304.",
    "bytes_saved": "Bytes that 304s and compression kept from being sent.",
    "store_hits": "Responses of routes that came from a store.",
    "purges": "Purges of stored responses.",
    "backend_errors": "Calls of the store's backend that failed or took too long.",
}

#: The variable by which prometheus_client is told that several processes count together.
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"

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
    #: Purges of stored responses: calls of ``purge``, and requests that changed something at a
    #: stored URL.
    purges: int = 0
    #: Calls of the store's backend that failed or took too long.
    backend_errors: int = 0


class File(Protocol):
    """A representation of a file, as far as counting goes."""

    #: The endpoint that serves the file, and the content coding.
    endpoint: str
    coding: str
    #: The bytes that a 304 and the content coding spare.
    saved_by_304: int
    saved_by_coding: int


class Named(Protocol):
    """An endpoint."""

    @property
    def label(self) -> str:
        """The name of its folder's endpoint; its own name if it has no folder."""


class Use(Protocol):
    """A record of what the app did with the session."""

    opened: bool
    dropped: frozenset[str]


class Counted(Protocol):
    """A mark of a static request, as far as counting goes."""

    cookies_dropped: int
    #: Whether the lane took the request's steps in Flask's place.
    is_stepped: bool

    @property
    def coding(self) -> str | None:
        """The content coding of the file that was chosen, if one was."""

    @property
    def endpoint(self) -> Named:
        """The endpoint of the request."""

    @property
    def session(self) -> Use:
        """The use that the app made of its session."""


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
        mark: Counted,
        environ: Mapping[str, Any],
        response: Response,  # noqa: ARG002  # for counters with labels
        unmodified: bool,
        saved: int,
    ) -> None:
        """Count a static request that ran through the app's hooks.

        :param mark: its mark.
        :param environ: its WSGI environ.
        :param response: the response that leaves.
        :param unmodified: whether it is a 304.
        :param saved: the bytes that a 304 or a content coding saved.
        """
        use = mark.session
        came = self.cookie_name in environ.get("HTTP_COOKIE", "")
        waiting = self._waiting  # as add() does, without a call
        waiting.append(
            (
                1,
                came and not use.opened,
                came or bool(use.dropped),
                mark.cookies_dropped,
                unmodified,
                saved,
            )
        )
        if len(waiting) >= _WAITING:
            self.figures()

    def served_file(self, file: File, environ: Mapping[str, Any], status: int) -> None:
        """Count a request for a file that the lane answered without Flask.

        :param file: what was sent of it.
        :param environ: its WSGI environ.
        :param status: the status of the answer.
        """
        came = self._came(environ)
        unmodified = status == 304
        saved = file.saved_by_304 if unmodified else file.saved_by_coding
        self.add((1, came, came, 0, unmodified, saved))

    def served_stored(
        self,
        endpoint: str,  # noqa: ARG002  # for counters with labels
        environ: Mapping[str, Any],
        answer: Answer,
    ) -> None:
        """Count a request that the lane answered with a stored response, without Flask.

        :param endpoint: the name of the endpoint.
        :param environ: its WSGI environ.
        :param answer: the response.
        """
        came = self._came(environ)
        unmodified = answer.status == 304
        self.add((1, came, came, 0, unmodified, answer.size if unmodified else 0, 1))

    def looked_up(self, endpoint: str, result: str) -> None:
        """Take note of how a request to a stored view was answered.

        :param endpoint: the name of the endpoint.
        :param result: ``hit``, ``stale``, ``collapsed``, ``revalidated``, ``miss`` or ``bypass``.
        """

    def _came(self, environ: Mapping[str, Any]) -> bool:
        return self.cookie_name in environ.get("HTTP_COOKIE", "")
