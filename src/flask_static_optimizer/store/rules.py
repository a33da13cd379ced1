"""What may be stored, and for how long it may be used (RFC 9111, RFC 5861)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.http import parse_dict_header

from ..http.fields import is_authenticated, seconds_of, vary_names

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

    from .entry import Head

#: Seconds by which the clocks of processes may differ, or one may step back.
SKEW = 5

#: Seconds; caches need not represent more (§1.2.2).
_LONGEST = 2**31

_NEVER_STALE = frozenset({"must-revalidate", "proxy-revalidate", "s-maxage"})


class Ages(NamedTuple):
    """How long a response may be used, in seconds."""

    lifetime: int
    while_revalidate: int
    if_error: int


def directives(value: str | None) -> dict[str, str | None]:
    """The directives of a ``Cache-Control`` value, with names in lower case."""
    if not value:
        return {}
    return {name.lower(): given for name, given in parse_dict_header(value).items()}


def why_not_asked(environ: Mapping[str, Any], *, public: bool) -> str | None:
    """Why the response to a request must not be stored, whatever it is, or ``None`` (§3, §3.5).

    :param public: whether it is for everybody, those who authenticate included.
    """
    if environ["REQUEST_METHOD"] != "GET":
        return "it does not answer GET"
    if is_authenticated(environ) and not public:
        return "the request has an Authorization"
    if "no-store" in directives(environ.get("HTTP_CACHE_CONTROL")):
        return "the request says no-store"
    return None


def why_not(headers: Headers) -> str | None:
    """Why a complete 200 response must not be stored, or ``None`` if it may be (§3)."""
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
    """How long a response may be used (§4.2.1, RFC 5861)."""
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
    if _NEVER_STALE & said.keys():
        return Ages(lifetime, 0, 0)
    stale = (_seconds(said.get(f"stale-{name}")) for name in ("while-revalidate", "if-error"))
    return Ages(lifetime, *stale)


def initial_age(headers: Headers, now: float) -> int:
    """How old a response is when a view gives it, which may have it from elsewhere (§4.2.3).

    An ``Age`` that is no number of seconds says that it is old, and not how old.
    """
    date = seconds_of(headers.get("Date"))
    apparent = 0 if date is None else max(0, int(now - date))
    said = headers.getlist("Age")
    if not said:
        return apparent
    known = len(said) == 1 and said[0].isascii() and said[0].isdigit()
    return max(apparent, _seconds(said[0])) if known else _LONGEST


def usable_fresh(head: Head, now: float) -> bool:
    """Whether a stored response needs no look at its origin (§4.2)."""
    return -SKEW <= head.age(now) < head.lifetime


def usable_while_revalidating(head: Head, now: float) -> bool:
    """Whether it may be used once more while it is made anew (RFC 5861 §3)."""
    return -SKEW <= head.age(now) < head.lifetime + head.while_revalidate


def usable_if_error(head: Head, now: float) -> bool:
    """Whether it may stand in for an error (RFC 5861 §4)."""
    return -SKEW <= head.age(now) < head.lifetime + head.if_error


def usable_for(head: Head, now: float, environ: Mapping[str, Any]) -> bool:
    """Whether a fresh response will do for what the request says in Cache-Control (§5.2.1)."""
    said = directives(environ.get("HTTP_CACHE_CONTROL"))
    if "no-cache" in said or (not said and "no-cache" in environ.get("HTTP_PRAGMA", "").lower()):
        return False
    age = max(0, head.age(now))
    if "max-age" in said and age >= _seconds(said["max-age"]):
        return False
    return not ("min-fresh" in said and head.lifetime - age < _seconds(said["min-fresh"]))


def only_if_cached(environ: Mapping[str, Any]) -> bool:
    """Whether a request wants nothing but a stored response (§5.2.1.7)."""
    return "only-if-cached" in directives(environ.get("HTTP_CACHE_CONTROL"))


def _seconds(value: str | None) -> int:
    """Seconds that a directive says; what is none is as bad as stale (§4.2.1)."""
    if value is None or not (value.isascii() and value.isdigit()):
        return 0
    return min(int(value[:20]), _LONGEST)
