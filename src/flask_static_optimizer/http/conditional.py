"""Preconditions of a request (RFC 9110 §13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags, unquote_etag

from .fields import seconds_of

Answer = Literal[200, 304, 412]

_HEADERS = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)


def has_precondition(environ: Mapping[str, Any]) -> bool:
    """Whether a request has any precondition (If-Range is none by itself)."""
    return not environ.keys().isdisjoint(_HEADERS)


def precondition(
    method: str, environ: Mapping[str, Any], etag: str | None, last_modified: int | None
) -> Answer:
    """What a request's preconditions make of a 200, in the order of RFC 9110 §13.2.2.

    :param environ: the request's WSGI environ.
    :param etag: the representation's ``ETag`` value.
    :param last_modified: its ``Last-Modified``, in seconds since the epoch.
    """
    if not has_precondition(environ):
        return 200
    none_match = environ.get("HTTP_IF_NONE_MATCH")
    match = environ.get("HTTP_IF_MATCH")
    if match:
        if not _matches(match, etag, weak=False):
            return 412
    elif "HTTP_IF_UNMODIFIED_SINCE" in environ and last_modified is not None:
        since = seconds_of(environ["HTTP_IF_UNMODIFIED_SINCE"])
        if since is not None and last_modified > since:
            return 412
    reading = method in ("GET", "HEAD")
    if none_match is not None:
        if none_match == etag or _matches(none_match, etag, weak=True):
            return 304 if reading else 412
    elif reading and "HTTP_IF_MODIFIED_SINCE" in environ and last_modified is not None:
        since = seconds_of(environ["HTTP_IF_MODIFIED_SINCE"])
        if since is not None and last_modified <= since:
            return 304
    return 200


def range_applies(environ: Mapping[str, Any], etag: str | None, last_modified: int | None) -> bool:
    """Whether a Range is to be answered with a part, as far as If-Range says (RFC 9110 §13.1.5).

    A validator has to match exactly and be a strong one; a date is strong here where it is the
    representation's own, which is told only when its second has passed.
    """
    condition = environ.get("HTTP_IF_RANGE")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.endswith('"'):
        return condition == etag and not condition.startswith("W/")
    return last_modified is not None and seconds_of(condition) == last_modified


def _matches(header: str, etag: str | None, *, weak: bool) -> bool:
    """Whether a list of entity tags has this one, by weak or by strong comparison (§8.8.3.2)."""
    if header.strip() == "*":
        return True
    tag, is_weak = unquote_etag(etag)
    if tag is None:
        return False
    given: ETags = parse_etags(header)
    return given.contains_weak(tag) if weak else given.is_strong(tag) and not is_weak
