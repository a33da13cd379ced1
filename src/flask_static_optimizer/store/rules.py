"""The rules for storing a response, and for using it later (RFC 9111, RFC 5861)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.http import parse_dict_header

from ..http.fields import is_authenticated, seconds_of, vary_names

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

    from .entry import Head

#: Seconds by which the clocks of two processes may differ, or by which a clock may step back.
SKEW = 5

#: The longest time in seconds that a cache has to represent (§1.2.2).
_LONGEST = 2**31

#: The directives that forbid to use a stale response without asking (§5.2.2).
NEVER_STALE = frozenset({"must-revalidate", "proxy-revalidate", "s-maxage"})


class Ages(NamedTuple):
    """The times in seconds for which a response may be used."""

    lifetime: int
    while_revalidate: int
    if_error: int


def directives(value: str | None) -> dict[str, str | None]:
    """Parse the directives of a ``Cache-Control`` value, with names in lower case (§5.2)."""
    if not value:
        return {}
    return {name.lower(): given for name, given in parse_dict_header(value).items()}


def why_not_asked(environ: Mapping[str, Any], *, public: bool) -> str | None:
    """Return the reason why no response to a request may be stored, or ``None`` (§3, §3.5).

    :param environ: the WSGI environ of the request.
    :param public: whether the policy shares responses to authenticated requests, too.
    """
    if environ["REQUEST_METHOD"] != "GET":
        return "it does not answer GET"
    if is_authenticated(environ) and not public:
        return "the request has an Authorization"
    if "no-store" in directives(environ.get("HTTP_CACHE_CONTROL")):
        return "the request says no-store"
    return None


def why_not(headers: Headers) -> str | None:
    """Return the reason why a complete 200 response may not be stored, or ``None`` (§3)."""
    said = directives(", ".join(headers.getlist("Cache-Control")))
    for name in ("no-store", "private", "no-cache"):
        if name in said:
            return f"it says {name}"
    varying = vary_names(headers)
    for name in ("*", "cookie", "authorization"):
        if name in varying:
            return f"it varies by {name}"
    return None


def ages(headers: Headers, now: float) -> Ages:
    """Return how long a response may be used (§4.2.1, RFC 5861).

    :param headers: the header fields of the response.
    :param now: the time in seconds since the epoch.
    """
    said = directives(", ".join(headers.getlist("Cache-Control")))
    lifetime = 0
    for name in ("s-maxage", "max-age"):
        if name in said:
            lifetime = _seconds(said[name])
            break
    else:
        expires = seconds_of(headers.get("Expires"))
        if expires is not None:
            date = seconds_of(headers.get("Date"))
            lifetime = max(0, int(expires - (now if date is None else date)))
    if NEVER_STALE & said.keys():
        return Ages(lifetime, 0, 0)
    stale = (_seconds(said.get(f"stale-{name}")) for name in ("while-revalidate", "if-error"))
    return Ages(lifetime, *stale)


def initial_age(headers: Headers, now: float) -> int:
    """Return the age in seconds of a response that a view has just returned (§4.2.3).

    It is not 0 if the view had the response from another server. An ``Age`` that is not a number
    counts as the longest time, since the response is old and nobody knows how old.

    :param headers: the header fields of the response.
    :param now: the time in seconds since the epoch.
    """
    date = seconds_of(headers.get("Date"))
    apparent = 0 if date is None else max(0, int(now - date))
    said = headers.getlist("Age")
    if not said:
        return apparent
    known = len(said) == 1 and said[0].isascii() and said[0].isdigit()
    return max(apparent, _seconds(said[0])) if known else _LONGEST


def usable_fresh(head: Head, now: float) -> bool:
    """Return whether a stored response is fresh, so that the view need not be asked (§4.2)."""
    return -SKEW <= head.age(now) < head.lifetime


def usable_while_revalidating(head: Head, now: float) -> bool:
    """Return whether a stale response may be used while it is refreshed (RFC 5861 §3)."""
    return -SKEW <= head.age(now) < head.lifetime + head.while_revalidate


def usable_if_error(head: Head, now: float) -> bool:
    """Return whether a stale response may be used in place of an error (RFC 5861 §4)."""
    return -SKEW <= head.age(now) < head.lifetime + head.if_error


def usable_for(head: Head, now: float, environ: Mapping[str, Any]) -> bool:
    """Return whether a fresh response satisfies the ``Cache-Control`` of a request (§5.2.1)."""
    said = directives(environ.get("HTTP_CACHE_CONTROL"))
    if "no-cache" in said or (not said and "no-cache" in environ.get("HTTP_PRAGMA", "").lower()):
        return False
    age = max(0, head.age(now))
    if "max-age" in said and age >= _seconds(said["max-age"]):
        return False
    return not ("min-fresh" in said and head.lifetime - age < _seconds(said["min-fresh"]))


def only_if_cached(environ: Mapping[str, Any]) -> bool:
    """Return whether a request accepts nothing but a stored response (§5.2.1.7)."""
    return "only-if-cached" in directives(environ.get("HTTP_CACHE_CONTROL"))


def _seconds(value: str | None) -> int:
    """Return the seconds of a directive, 0 if they can't be parsed: that means stale (§4.2.1)."""
    if value is None or not (value.isascii() and value.isdigit()):
        return 0
    return min(int(value[:20]), _LONGEST)
