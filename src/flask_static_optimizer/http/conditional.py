"""Preconditions of a request (RFC 9110 §13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .fields import seconds_of
from .ranges import Range, requested

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Verdict = Literal[200, 304, 412]

#: A member of a list of entity tags (§8.8.3), without or with its quotes: as in Werkzeug, one that
#: lacks them is understood.
_MEMBER = re.compile(r'(?:\A|(?<=,))[ \t]*(?P<weak>[Ww]/)?(?P<tag>"[^"]*"|[^" \t,]+)[ \t]*(?:,|\Z)')

#: The keys of an environ with preconditions. ``If-Range`` is none (§13.1).
CONDITIONS = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)

#: The fields of requests whose answer may be another than the whole, and those of them that are
#: judged before ``If-None-Match`` (§13.2.2).
ASKING = CONDITIONS | {"HTTP_RANGE"}
FIRST = frozenset({"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})

#: The conditions that name entity tags.
_TAGS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE")


def has_precondition(environ: Mapping[str, Any]) -> bool:
    """Return whether a request has a precondition; ``If-Range`` alone is none (RFC 9110 §13.1)."""
    return not environ.keys().isdisjoint(CONDITIONS)


def precondition(
    method: str, environ: Mapping[str, Any], etag: str | None, last_modified: int | None
) -> Verdict:
    """Return the status that a 200 gets by the request's preconditions (RFC 9110 §13.2.2).

    :param method: the request method, in upper case.
    :param environ: the request's WSGI environ.
    :param etag: the ``ETag`` value of the representation, if it has one.
    :param last_modified: its ``Last-Modified`` in seconds since the epoch, if it has one.
    :returns: 200, 304 or 412.
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


def outcome(
    environ: Mapping[str, Any],
    etag: str | None,
    last_modified: int | None,
    length: int | None = None,
) -> tuple[int, list[Range]]:
    """Return the status that a 200 gets by a request's preconditions and then its range (§13.2.2).

    A ``Range`` that can't be parsed is ignored, as §14.2 allows, and so is one on any method but
    GET.

    :param environ: the request's WSGI environ.
    :param etag: the ``ETag`` value of the representation, if it has one.
    :param last_modified: its ``Last-Modified`` in seconds since the epoch, if it has one.
    :param length: the size of the representation in bytes, if parts of it can be sent.
    :returns: 200, 206, 304, 412 or 416, and the ranges of a 206.
    """
    method = environ["REQUEST_METHOD"].upper()  # Flask accepts lower case, too
    if has_precondition(environ):
        status = precondition(method, environ, etag, last_modified)
        if status != 200:
            return status, []
    asked = environ.get("HTTP_RANGE")
    if asked and length is not None and method == "GET":
        ranges = requested(asked, length)
        if ranges is not None and range_applies(environ, etag):
            return (206, ranges) if ranges else (416, [])
    return 200, []


def with_etag(environ: WSGIEnvironment, old: str, new: str) -> WSGIEnvironment:
    """Return a copy of an environ whose conditions name an entity tag in the place of another."""
    named = {key: environ[key].replace(old, new) for key in _TAGS if key in environ}
    return environ | named


def range_applies(environ: Mapping[str, Any], etag: str | None) -> bool:
    """Return whether ``If-Range`` lets a ``Range`` be answered with a part (RFC 9110 §13.1.5).

    The validator in ``If-Range`` has to be the representation's own and a strong one. A date never
    is: other hosts, codings and copies may have the same one with other bytes, and bytes of two
    files would be joined. Clients may send a date only where there is no ``ETag``.

    :param environ: the request's WSGI environ.
    :param etag: the ``ETag`` value of the representation, if it has one.
    """
    condition = environ.get("HTTP_IF_RANGE")
    if condition is None:
        return True
    condition = condition.strip()
    return condition == etag and not condition.startswith("W/")


def _matches(header: str, etag: str | None, *, weak: bool) -> bool:
    """Return whether a list has an entity tag, by weak or strong comparison (§8.8.3.2)."""
    if header.strip() == "*":
        return True
    own = _MEMBER.fullmatch(etag or "")
    if own is None or (own["weak"] and not weak):
        return False
    return any(
        given["tag"].strip('"') == own["tag"].strip('"') and (weak or not given["weak"])
        for given in _MEMBER.finditer(header)
    )
