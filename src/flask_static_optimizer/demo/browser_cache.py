"""A browser's private cache, as far as the demo needs it (RFC 9111)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
from werkzeug.datastructures import ResponseCacheControl
from werkzeug.http import parse_date, parse_dict_header

from ..http.fields import members

#: Header fields of a 304 that do not replace those of the stored response (RFC 9111 §3.2).
_OF_THE_MESSAGE = {"connection", "content-encoding", "content-length", "content-range"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that may be used again."""

    headers: httpx.Headers
    body: bytes
    #: The values that the header fields named by ``Vary`` had in the request.
    selecting: Mapping[str, str | None]
    received: float

    @property
    def validators(self) -> dict[str, str]:
        """Return the header fields of a request that revalidates the response (RFC 9111 §4.3.1)."""
        pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        return {ask: self.headers[said] for ask, said in pairs if said in self.headers}

    def is_fresh(self, now: float) -> bool:
        """Return whether the response may be used without revalidation (RFC 9111 §4.2).

        There is no heuristic: a response without a freshness lifetime is revalidated. ``immutable``
        is ignored, since it matters only to a visitor who reloads.

        :param now: the time in seconds since the epoch.
        """
        if _cache_control(self.headers).no_cache is not None:
            return False
        return self._lifetime() > self._age(now)

    def _lifetime(self) -> float:
        said = _cache_control(self.headers).max_age
        if said is not None:
            return said
        expires = parse_date(self.headers.get("Expires"))
        return expires.timestamp() - self._date() if expires else 0

    def _age(self, now: float) -> float:
        said = self.headers.get("Age", "0")
        on_arrival = max(self.received - self._date(), int(said) if said.isdigit() else 0, 0)
        return on_arrival + now - self.received

    def _date(self) -> float:
        date = parse_date(self.headers.get("Date"))
        return date.timestamp() if date else self.received


class BrowserCache:
    """A cache of one visitor's responses to GET, by URL.

    :param clock: returns the time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._stored: dict[httpx.URL, Stored] = {}

    def find(self, request: httpx.Request) -> Stored | None:
        """Return the stored response that matches a request, if there is one (RFC 9111 §4.1)."""
        stored = self._stored.get(request.url)
        if stored is None or stored.selecting != _selecting(stored.headers, request):
            return None
        return stored

    def is_fresh(self, stored: Stored) -> bool:
        """Return whether a stored response may be used now without revalidation."""
        return stored.is_fresh(self._clock())

    def store(self, request: httpx.Request, response: httpx.Response) -> None:
        """Store a response if that is allowed (RFC 9111 §3), and drop the one stored before."""
        self._stored.pop(request.url, None)
        headers = response.headers
        useless = "*" in members(headers.get("Vary"))
        if response.status_code != 200 or _cache_control(headers).no_store or useless:
            return
        self._keep(request, headers, response.content)

    def freshen(self, request: httpx.Request, stored: Stored, response: httpx.Response) -> None:
        """Update a stored response with the header fields of a 304 (RFC 9111 §4.3.4)."""
        headers = httpx.Headers(stored.headers)
        for name, value in response.headers.items():
            if name.lower() not in _OF_THE_MESSAGE:
                headers[name] = value
        self._keep(request, headers, stored.body)

    def _keep(self, request: httpx.Request, headers: httpx.Headers, body: bytes) -> None:
        selecting = _selecting(headers, request)
        self._stored[request.url] = Stored(headers, body, selecting, self._clock())


def _cache_control(headers: httpx.Headers) -> ResponseCacheControl:
    return ResponseCacheControl(parse_dict_header(headers.get("Cache-Control", "")))


def _selecting(headers: httpx.Headers, request: httpx.Request) -> dict[str, str | None]:
    return {name: request.headers.get(name) for name in members(headers.get("Vary"))}
