"""A connection to the server that asks again where a worker was killed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlencode

from counts import CUT, ERROR, Counts
from trouble import Restarts

#: Seconds between two attempts, and how many there are.
_PAUSE, _ATTEMPTS = 0.2, 100


class Reply(NamedTuple):
    """A response, and how often it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The monotonic time before the last attempt.
    asked: float
    attempts: int


class Client:
    """An HTTP client that counts what it gets."""

    def __init__(self, port: int, counts: Counts, restarts: Restarts) -> None:
        self._port = port
        self._counts = counts
        self._restarts = restarts
        self._connection: HTTPConnection | None = None
        #: The monotonic time of its last response.
        self._used = 0.0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def fetch(
        self,
        kind: str,
        path: str,
        method: str = "GET",
        form: Mapping[str, str] | None = None,
        *,
        retry_errors: bool = False,
        **fields: str | None,
    ) -> Reply:
        """Send a request, again and again if its connection is cut.

        :param kind: what it counts as.
        :param retry_errors: whether to ask again after a 5xx, too.
        :param fields: header fields; underscores stand for hyphens.
        :raises TimeoutError: if there is no answer after all.
        """
        headers = {name.replace("_", "-"): value for name, value in fields.items() if value}
        body = None if form is None else urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        for attempt in range(1, _ATTEMPTS + 1):
            asked = time.monotonic()
            try:
                reply = self._once(path, method, body, headers, asked, attempt)
            except (OSError, HTTPException) as error:
                # A connection that was used before may have been closed since then.
                self._was_cut(kind, path, error, self._used)
                self.close()
                time.sleep(_PAUSE)
                continue
            self._counts.answer(kind, reply.status)
            if reply.status >= 500:
                cause = reply.body[:40].decode(errors="replace")
                if cause == "PlannedError":
                    self._counts.other("5xx that a view raised on purpose")
                else:
                    self._counts.fault(ERROR, f"{cause}: {method} {path}")
                    self._counts.other(f"5xx: {cause}")
                if retry_errors:
                    time.sleep(_PAUSE)
                    continue
            return reply
        raise TimeoutError(f"{method} {path}: no answer to {_ATTEMPTS} requests")

    def _once(
        self,
        path: str,
        method: str,
        body: str | None,
        headers: Mapping[str, str],
        asked: float,
        attempt: int,
    ) -> Reply:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._used = asked
        self._connection.request(method, path, body, dict(headers))
        response = self._connection.getresponse()
        data = response.read()
        self._used = time.monotonic()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, received, data, asked, attempt)

    def _was_cut(self, kind: str, path: str, error: Exception, since: float) -> None:
        self._counts.other(f"connection errors: {type(error).__name__}")
        if not self._restarts.since(since):
            self._counts.fault(CUT, f"{error!r}: {kind}, {path}")
