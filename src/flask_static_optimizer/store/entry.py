"""A stored response, and what it is as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..http.answer import Answer
from ..http.conditional import outcome
from ..http.fields import headers_304, seconds_of

#: Of this layout of the bytes. Another one gets another, so that each reads its own only.
_MAGIC = b"fso\x01"
_VARIANTS = b"fsv\x01"
_LENGTHS = struct.Struct(">II")

#: How this cache is called in ``Cache-Status`` (RFC 9211).
NAME = "flask-static-optimizer"

#: The statuses of answers that are no errors.
GOOD = frozenset({200, 304})

#: That a stored response is the answer without a look at the view.
HIT = "hit"

Fields = list[tuple[str, str]]


class Head(NamedTuple):
    """All of a stored response but its body."""

    #: Header fields as they are sent, and those of a 304. They are shared: copy before changing.
    fields: Fields
    fields_304: Fields
    etag: str | None
    #: ``Last-Modified`` in seconds since the epoch.
    last_modified: int | None
    #: When it was made, in seconds since the epoch, and how old it was then (RFC 9111 §4.2.3).
    made: float
    initial_age: int
    #: Seconds that it is fresh for; that it may be used for afterwards while it is made anew, and
    #: instead of an error (RFC 5861).
    lifetime: int
    while_revalidate: int
    if_error: int
    #: The state of all that it can be purged by when it was made.
    generations: tuple[str, ...]

    @classmethod
    def of(
        cls,
        fields: Fields,
        made: float,
        initial_age: int,
        ages: tuple[int, int, int],
        generations: tuple[str, ...],
    ) -> Head:
        """A head with what follows from its header fields.

        :param ages: lifetime and both stale windows, in seconds.
        """
        values = {name.lower(): value for name, value in fields}
        return cls(
            fields,
            headers_304(fields),
            values.get("etag"),
            seconds_of(values.get("last-modified")),
            made,
            initial_age,
            *ages,
            generations,
        )

    def age(self, now: float) -> int:
        """Seconds since it was made; negative if the clock says that it is still to be made."""
        since = now - self.made
        return int(since) + self.initial_age if since >= 0 else min(-1, round(since))


class Entry:
    """A complete 200 response to a GET."""

    __slots__ = ("body", "head")

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self.body = body

    def __len__(self) -> int:
        """Bytes that it takes, roughly."""
        return len(self.body) + sum(len(name) + len(value) + 200 for name, value in self.head[0])

    def answer(self, now: float, status: int, *, how: str = HIT, head: bool = False) -> Answer:
        """Return the response as the answer to a request.

        :param now: in seconds since the epoch.
        :param status: 200, 304 or 412, as :meth:`status_of` says.
        :param how: the parameters of ``Cache-Status`` that say where it comes from.
        :param head: whether the request is a HEAD, so that no body is sent.
        """
        meta = self.head
        if status == 412:
            return Answer(412, [("Cache-Control", "no-store"), ("Content-Length", "0")], [])
        age = meta.age(now)
        fields = [
            *(meta.fields if status == 200 else meta.fields_304),
            ("Age", str(age if age > 0 else 0)),
            ("Cache-Status", f"{NAME}; {how}; ttl={meta.lifetime - age}"),
        ]
        body = [] if head or status != 200 else [self.body]
        return Answer(status, fields, body, len(self.body))

    def status_of(self, environ: Mapping[str, Any]) -> int:
        """Return what the preconditions of a request make of the response (RFC 9110 §13)."""
        meta = self.head
        return outcome(environ, meta.etag, meta.last_modified)[0]

    def encode(self) -> bytes:
        """It as bytes."""
        head = self.head
        ages = (head.lifetime, head.while_revalidate, head.if_error)
        meta = json.dumps(
            [head.fields, head.made, head.initial_age, ages, head.generations],
            separators=(",", ":"),
        ).encode()
        return b"".join((_MAGIC, _LENGTHS.pack(len(meta), len(self.body)), meta, self.body))

    @classmethod
    def decode(cls, data: object) -> Entry | None:
        """What :meth:`encode` made bytes of; ``None`` if it was something else."""
        if type(data) is cls:  # out of this very process
            return data
        if not isinstance(data, bytes) or not data.startswith(_MAGIC):
            return None
        start = len(_MAGIC) + _LENGTHS.size
        try:
            meta, body = _LENGTHS.unpack_from(data, len(_MAGIC))
            if len(data) != start + meta + body:
                return None
            head = _head(data[start : start + meta])
        except (ValueError, TypeError, struct.error, RecursionError):
            return None
        return cls(head, data[start + meta :])


@lru_cache(maxsize=512)
def _head(meta: bytes) -> Head:
    # What is read often is parsed once.
    fields, made, initial_age, (lifetime, revalidate, error), generations = json.loads(meta)
    return Head.of(
        [(str(name), str(value)) for name, value in fields],
        float(made),
        int(initial_age),
        (int(lifetime), int(revalidate), int(error)),
        tuple(map(str, generations)),
    )


class Variants(NamedTuple):
    """What stands at the key of a URL whose responses vary."""

    #: Names of request header fields, in lower case.
    names: tuple[str, ...]
    #: The keys of the variants stored so far, the newest last.
    keys: tuple[str, ...]

    def encode(self) -> bytes:
        """It as bytes."""
        return _VARIANTS + json.dumps([self.names, self.keys]).encode()

    @classmethod
    def decode(cls, data: object) -> Variants | None:
        """What :meth:`encode` made bytes of; ``None`` if it was something else."""
        if not isinstance(data, bytes) or not data.startswith(_VARIANTS):
            return None
        try:
            found: Any = json.loads(data[len(_VARIANTS) :])
            names, keys = found
            return cls(tuple(map(str, names)), tuple(map(str, keys)))
        except (ValueError, TypeError, RecursionError):
            return None
