"""A stored response, and the list of those of one URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..http.answer import Answer
from ..http.conditional import outcome
from ..http.fields import headers_304, seconds_of
from ..http.statuses import LASTING

#: The name of this cache in ``Cache-Status`` (RFC 9211).
NAME = "flask-static-optimizer"

#: The statuses of answers that are not errors.
GOOD = frozenset({200, 304})

#: The statuses of the responses that are stored.
STORED = frozenset({200, 203, 204}) | LASTING

#: The parameter of ``Cache-Status`` for a stored response that is sent without calling the view.
HIT = "hit"

Fields = list[tuple[str, str]]

#: The fields that are not stored: those of one connection or one response (RFC 9111 §3.1), and
#: ``Set-Cookie``, which is removed from all static responses.
NOT_STORED = frozenset(
    {
        "age",
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

#: The most variants of one URL that are kept.
MOST_VARIANTS = 32


class Head(NamedTuple):
    """The head of a stored response: all but its body."""

    #: The status, one of :data:`STORED`.
    status: int
    #: The header fields, and those of a 304. Requests share the lists: copy before changing.
    fields: Fields
    fields_304: Fields
    etag: str | None
    #: Whether the view itself gave the ``ETag``, so that it knows what to do with one.
    etag_of_view: bool
    #: ``Last-Modified`` in seconds since the epoch.
    last_modified: int | None
    #: The time when the view made the response, in seconds since the epoch, and the age in seconds
    #: that it had then (RFC 9111 §4.2.3).
    made: float
    initial_age: int
    #: The freshness lifetime in seconds, and the seconds after it for which the response may be
    #: used while it is refreshed, and in place of an error (RFC 5861).
    lifetime: int
    while_revalidate: int
    if_error: int
    #: The states of all that the response can be purged by, from before it was made, as text and
    #: as the backend has them.
    generations: tuple[str, ...]
    raw_generations: tuple[bytes, ...]

    @classmethod
    def of(
        cls,
        status: int,
        fields: Fields,
        etag_of_view: bool,
        made: float,
        initial_age: int,
        ages: tuple[int, int, int],
        generations: tuple[str, ...],
    ) -> Head:
        """Make a head, with the values that follow from its header fields.

        :param status: the status of the response.
        :param fields: its header fields.
        :param etag_of_view: whether the view itself gave the ``ETag``.
        :param made: the time when the response was made, in seconds since the epoch.
        :param initial_age: the age in seconds that it had then.
        :param ages: the freshness lifetime and both stale windows, in seconds.
        :param generations: the states of all that it can be purged by.
        """
        values = {name.lower(): value for name, value in fields}
        return cls(
            status,
            fields,
            headers_304(fields),
            values.get("etag"),
            etag_of_view,
            seconds_of(values.get("last-modified")),
            made,
            initial_age,
            *ages,
            generations,
            _raw(generations),
        )

    def purged_by(self, generations: tuple[str, ...]) -> Head:
        """Return the same head with other states of all that the response can be purged by."""
        return self._replace(generations=generations, raw_generations=_raw(generations))

    def age(self, now: float) -> int:
        """Return the age in seconds (RFC 9111 §4.2.3), negative if ``made`` is in the future."""
        since = now - self.made
        return int(since) + self.initial_age if since >= 0 else min(-1, round(since))


class Entry:
    """A complete response to a GET."""

    __slots__ = ("body", "head")

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self.body = body

    def __len__(self) -> int:
        """Return the bytes that it takes, roughly."""
        fields = self.head.fields
        return len(self.body) + sum(len(name) + len(value) + 200 for name, value in fields)

    def answer(self, now: float, status: int, *, how: str = HIT, head: bool = False) -> Answer:
        """Return the response as the answer to a request.

        :param now: the time in seconds since the epoch.
        :param status: its own, 304 or 412, as :meth:`status_of` returned it.
        :param how: the parameters of ``Cache-Status`` that say where the answer comes from.
        :param head: whether the request is a HEAD, so that no body is sent.
        """
        meta = self.head
        if status == 412:
            return Answer(412, [("Cache-Control", "no-store"), ("Content-Length", "0")], [])
        age = meta.age(now)
        fields = [
            *(meta.fields_304 if status == 304 else meta.fields),
            ("Age", str(age if age > 0 else 0)),
            ("Cache-Status", f"{NAME}; {how}; ttl={meta.lifetime - age}"),
        ]
        body = [] if head or status == 304 else [self.body]
        return Answer(status, fields, body, len(self.body))

    def status_of(self, environ: Mapping[str, Any]) -> int:
        """Return the status that the response gets by a request's preconditions (RFC 9110 §13).

        Only a 200 has any (§13.2.1).
        """
        meta = self.head
        if meta.status != 200:
            return meta.status
        return outcome(environ, meta.etag, meta.last_modified)[0]


class Variants(NamedTuple):
    """A list of the variants of a URL whose responses vary, which stands at the key of the URL."""

    #: The names of the request header fields that responses vary by, in lower case.
    names: tuple[str, ...]
    #: The keys of the variants stored so far, the newest last.
    keys: tuple[str, ...]


def _raw(generations: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(state) for state in generations)
