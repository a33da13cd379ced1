"""What static requests were spared, counted."""

from __future__ import annotations

from collections import deque
from itertools import zip_longest
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flask import Request, Response

    from .assets.selection import Selected
    from .marking import Mark

#: Requests that may wait to be added up, so that a process that is never asked holds little.
_WAITING = 4096


class Figures(NamedTuple):
    """What was counted in one process since it started."""

    #: Static requests that were answered.
    requests: int = 0
    #: Those that came with a session cookie and whose session was never opened.
    session_reads_avoided: int = 0
    #: Those that came with a session cookie, or wrote into their session, and were not saved.
    #: Flask-Session would have written each; Flask's signed cookie only some of them.
    session_writes_avoided: int = 0
    #: ``Set-Cookie`` fields taken off responses.
    cookies_dropped: int = 0
    #: Answers of 304, whose bodies were spared.
    not_modified: int = 0
    #: Bytes that 304s and content codings kept from being sent.
    bytes_saved: int = 0
    #: Responses of routes that came from a store, without running the view.
    store_hits: int = 0


class Stats:
    """The counters of one app.

    A request pays for one ``append`` to a deque, which needs no lock; whoever reads adds up.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, ...]] = deque()
        self._sum = Figures()
        self._lock = Lock()

    def add(self, figures: tuple[int, ...]) -> None:
        """Count something.

        :param figures: a :class:`Figures`, or a plain tuple of its first fields, for less.
        """
        self._waiting.append(figures)
        if len(self._waiting) >= _WAITING:
            self.figures()

    def figures(self) -> Figures:
        """All counters, as of one moment."""
        with self._lock:
            # What comes meanwhile waits for the next who reads.
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._sum = Figures(*map(sum, zip_longest(self._sum, *waiting, fillvalue=0)))
            return self._sum

    def __getattr__(self, name: str) -> int:
        if name in Figures._fields:
            value: int = getattr(self.figures(), name)
            return value
        raise AttributeError(name)

    def served(self, cookie_name: str, mark: Mark, request: Request, response: Response) -> None:
        """Count a static request that is answered.

        :param cookie_name: of the app's session.
        """
        came = cookie_name in request.environ.get("HTTP_COOKIE", "")
        unmodified = response.status_code == 304
        self.add(
            (
                1,
                came and not mark.opened,
                came or bool(mark.dropped),
                mark.cookies_dropped,
                unmodified,
                _saved(mark, unmodified=unmodified),
            )
        )


def bytes_saved(selected: Selected, *, unmodified: bool) -> int:
    """Bytes of a representation of a file that were not sent."""
    return selected.asset.size - (0 if unmodified else selected.size)


def _saved(mark: Mark, *, unmodified: bool) -> int:
    if mark.selected is not None:
        return bytes_saved(mark.selected, unmodified=unmodified)
    body = mark.body if unmodified and isinstance(mark.body, tuple) else ()
    return sum(len(part) for part in body if isinstance(part, (bytes, str)))
