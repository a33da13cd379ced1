"""A browser's private cache, as far as a comparison needs it (RFC 9111)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug.datastructures import Headers, ResponseCacheControl
from werkzeug.http import parse_date, parse_dict_header

from ...http.fields import members
from .response import Response

#: Header fields of a 304 that do not replace those of the stored response (RFC 9111 §3.2).
_OF_THE_MESSAGE = {"connection", "content-encoding", "content-length", "content-range"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that may be used again."""

    headers: Headers
    body: bytes
    #: The values that the header fields named by ``Vary`` had in the request.
    selecting: Mapping[str, str | None]
    received: float

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Return whether a request would get this response by ``Vary`` (RFC 9111 §4.1).

        :param fields: the header fields of the request.
        """
        return self.selecting == _selecting(self.headers, fields)

    def validators(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return the header fields that make a request revalidate the response (RFC 9111 §4.3.1).

        Of a response to another request, by ``Vary``, only the ``ETag`` says whether the server
        would send the same bytes now. Chromium asks so.

        :param fields: the header fields of the request.
        """
        pairs = [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")]
        usable = pairs if self.matches(fields) else pairs[:1]
        return {ask: self.headers[said] for ask, said in usable if said in self.headers}

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
        self._stored: dict[str, Stored] = {}

    def find(self, url: str) -> Stored | None:
        """Return the stored response of a URL, if there is one."""
        return self._stored.get(url)

    def is_usable(self, stored: Stored, fields: Mapping[str, str]) -> bool:
        """Return whether a stored response answers a request without revalidation.

        :param fields: the header fields of the request.
        """
        return stored.matches(fields) and stored.is_fresh(self._clock())

    def store(self, fields: Mapping[str, str], response: Response) -> None:
        """Store a response if that is allowed (RFC 9111 §3), and drop the one stored before."""
        self._stored.pop(response.url, None)
        headers = response.headers
        useless = "*" in members(headers.get("Vary"))
        if response.status != 200 or _cache_control(headers).no_store or useless:
            return
        self._keep(response.url, fields, headers, response.body)

    def freshen(self, fields: Mapping[str, str], stored: Stored, response: Response) -> None:
        """Update a stored response with the header fields of a 304 (RFC 9111 §4.3.4)."""
        headers = stored.headers.copy()
        for name, value in response.headers.items():
            if name.lower() not in _OF_THE_MESSAGE:
                headers[name] = value
        self._keep(response.url, fields, headers, stored.body)

    def _keep(self, url: str, fields: Mapping[str, str], headers: Headers, body: bytes) -> None:
        selecting = _selecting(headers, fields)
        self._stored[url] = Stored(headers, body, selecting, self._clock())


def _cache_control(headers: Headers) -> ResponseCacheControl:
    return ResponseCacheControl(parse_dict_header(headers.get("Cache-Control", "")))


def _selecting(headers: Headers, fields: Mapping[str, str]) -> dict[str, str | None]:
    given = {name.lower(): value for name, value in fields.items()}
    return {name: given.get(name) for name in members(headers.get("Vary"))}
