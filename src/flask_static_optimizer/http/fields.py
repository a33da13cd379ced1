"""Header fields that speak of caching (RFC 9110 §5.3, RFC 9111 §5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.http import dump_header, parse_date, parse_dict_header

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

#: What speaks to shared caches alone.
SHARED_FRESHNESS = (
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Surrogate-Control",
    "X-Accel-Expires",
)

#: What speaks of a body, in lower case. A 304 has none, and its ``ETag`` says it all.
OF_BODY = frozenset(
    {
        "accept-ranges",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "last-modified",
        "use-as-dictionary",
    }
)


def headers_304(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of a 200's header fields that a 304 repeats (RFC 9110 §15.4.5)."""
    return [field for field in headers if field[0].lower() not in OF_BODY]


def fold(headers: Headers) -> None:
    """Put several lines of Cache-Control or Vary into one, and directive names in lower case.

    Both mean the same (RFC 9110 §5.3, RFC 9111 §5.2), but Werkzeug reads the first line only
    and knows directives in lower case.
    """
    lines = headers.getlist("Cache-Control")
    if len(lines) > 1 or (lines and not lines[0].islower()):
        said = parse_dict_header(", ".join(lines))
        headers["Cache-Control"] = dump_header(
            {name.lower(): value for name, value in said.items()}
        )
    lines = headers.getlist("Vary")
    if len(lines) > 1:
        headers["Vary"] = ", ".join(lines)


def vary_names(headers: Headers) -> frozenset[str]:
    """The request header fields that a response says it varies by, in lower case."""
    names = ",".join(headers.getlist("Vary")).split(",")
    return frozenset(name.strip().lower() for name in names if name.strip())


def is_offloaded(headers: Headers) -> bool:
    """Whether a front server is to send the body, and knows ranges itself."""
    return "X-Sendfile" in headers or "X-Accel-Redirect" in headers


def forbid_storing(headers: Headers) -> None:
    """Let no cache store the response (RFC 9111 §5.2.2.5)."""
    headers["Cache-Control"] = "no-store"
    headers.pop("Expires", None)
    forbid_sharing(headers)


def forbid_sharing(headers: Headers) -> None:
    """Take away what invites shared caches alone, whatever Cache-Control says."""
    for name in SHARED_FRESHNESS:
        headers.pop(name, None)


def set_scope(headers: Headers, scope: str) -> None:
    """Put ``public`` or ``private`` before what Cache-Control says of freshness."""
    dropped = {"public", "private"} | ({"s-maxage"} if scope == "private" else set())
    said = parse_dict_header(headers.get("Cache-Control", ""))
    rest = {name: value for name, value in said.items() if name not in dropped}
    headers["Cache-Control"] = dump_header({scope: None, **rest})


def is_authenticated(environ: Mapping[str, Any]) -> bool:
    """Whether a request has credentials, or its server has taken them off and checked them.

    Apache and others keep ``Authorization`` from an app and say ``REMOTE_USER`` instead.
    """
    return "HTTP_AUTHORIZATION" in environ or bool(environ.get("REMOTE_USER"))


def seconds_of(date: str | None) -> int | None:
    """An HTTP date in seconds since the epoch, or ``None`` if it is none."""
    try:
        parsed = parse_date(date)
    except (ValueError, OverflowError):
        return None
    return None if parsed is None else int(parsed.timestamp())
