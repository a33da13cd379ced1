"""Stored responses as answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..http.answer import Answer
from ..http.conditional import precondition
from .entry import Entry

#: How this cache is called in ``Cache-Status`` (RFC 9211).
NAME = "flask-static-optimizer"

#: The statuses of answers that are no errors.
GOOD = frozenset({200, 304})

#: That a stored response is the answer without a look at the view.
HIT = "hit"


def answer(entry: Entry, now: float, status: int, *, how: str = HIT, head: bool = False) -> Answer:
    """A stored response as the answer to a request.

    :param now: in seconds since the epoch.
    :param status: 200, 304 or 412, as :func:`status_of` says.
    :param how: the parameters of ``Cache-Status`` that say where it comes from.
    :param head: whether the request is a HEAD, so that no body is sent.
    """
    meta = entry.head
    if status == 412:
        return Answer(412, [("Cache-Control", "no-store"), ("Content-Length", "0")], [])
    age = meta.age(now)
    fields = [
        *(meta.fields if status == 200 else meta.fields_of_304),
        ("Age", str(age if age > 0 else 0)),
        ("Cache-Status", f"{NAME}; {how}; ttl={meta.lifetime - age}"),
    ]
    body = [] if head or status != 200 else [entry.body]
    return Answer(status, fields, body, len(entry.body))


def status_of(entry: Entry, environ: Mapping[str, Any]) -> int:
    """What the preconditions of a request make of a stored response (RFC 9110 §13)."""
    meta = entry.head
    return precondition(environ["REQUEST_METHOD"], environ, meta.etag, meta.last_modified)
