"""A stored response that answers a request with the app's hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..http.conditional import ASKING, FIRST
from .entry import Entry


class Hit:
    """A stored response of status 200, as the app's hooks see it and as it leaves.

    :param entry: the stored response.
    :param now: the time in seconds since the epoch.
    :param how: the parameters of ``Cache-Status``.
    """

    #: No content coding is chosen for it.
    variant = None
    saved_by_coding = 0

    __slots__ = ("_entry", "_how", "_now", "etag", "headers", "saved_by_304")

    def __init__(self, entry: Entry, now: float, how: str) -> None:
        self._entry = entry
        self._now = now
        self._how = how
        self.headers = entry.answer(now, 200, how=how).headers
        self.etag = entry.head.etag
        self.saved_by_304 = len(entry.body)

    def usual(self, environ: Mapping[str, Any]) -> Any:
        """Return the status, the fields and the body, or ``None`` for other answers than usual.

        The usual ones are the whole body, and a 304 for the very ``ETag`` that was sent.
        """
        asked = environ.keys()
        if asked.isdisjoint(ASKING):
            return 200, self.headers, (self._entry.body,)
        same = self.etag is not None and environ.get("HTTP_IF_NONE_MATCH") == self.etag
        if same and asked.isdisjoint(FIRST):
            return 304, self._entry.answer(self._now, 304, how=self._how).headers, ()
        return None
