"""Header fields that control caching (RFC 9110 §5.3, RFC 9111 §5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import dump_header, parse_date, parse_dict_header

#: Header fields that only shared caches obey.
SHARED_FRESHNESS = (
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Edge-Control",
    "Netlify-CDN-Cache-Control",
    "Surrogate-Control",
    "Vercel-CDN-Cache-Control",
    "X-Accel-Expires",
    "X-LiteSpeed-Cache-Control",
)

_name_of = itemgetter(0)

_SHARED = frozenset(name.lower() for name in SHARED_FRESHNESS)

#: Header fields that describe a body, in lower case. A 304 has no body, and its ``ETag`` says which
#: representation the client may use.
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


#: Fields, in lower case, that say which bytes a response has, who may keep it and for how long.
CACHING = (
    OF_BODY
    | _SHARED
    | {
        "age",
        "cache-control",
        "etag",
        "expires",
        "pragma",
        "set-cookie",
        "vary",
        "x-accel-redirect",
        "x-sendfile",
    }
)


def headers_304(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the header fields of a 200 that a 304 repeats (RFC 9110 §15.4.5)."""
    return [field for field in headers if field[0].lower() not in OF_BODY]


def headers_of(fields: list[tuple[str, str]]) -> Headers:
    """Return header fields that were checked before, without checking them again.

    :param fields: the names and values. The list becomes the headers' own.
    """
    if _OWN_LIST is None:
        return Headers(fields)
    headers = object.__new__(Headers)
    headers.__dict__[_OWN_LIST] = fields
    return headers


def fields_of(headers: Headers) -> list[tuple[str, str]]:
    """Return header fields as a list that nobody may change, as it may be the headers' own."""
    if _OWN_LIST is None or type(headers) is not Headers:
        return headers.to_wsgi_list()
    fields: list[tuple[str, str]] = headers.__dict__[_OWN_LIST]
    return fields


def _attribute_of_fields() -> str | None:
    """Return the attribute in which Werkzeug's headers have their fields, if it is the only one."""
    probe = Headers([("A", "b")])
    return next(iter(vars(probe))) if list(vars(probe).values()) == [[("A", "b")]] else None


#: ``None`` where Werkzeug keeps the fields in another way; then they are checked again.
_OWN_LIST = _attribute_of_fields()


def fold(headers: Headers) -> None:
    """Join the lines of ``Cache-Control`` and of ``Vary``, and put directives in lower case.

    The meaning stays the same (RFC 9110 §5.3, RFC 9111 §5.2). Werkzeug reads only the first line of
    a field, and knows directives only in lower case.
    """
    lines = headers.getlist("Cache-Control")
    if len(lines) > 1 or (lines and not lines[0].islower()):
        headers["Cache-Control"] = dump_header(said_in(headers))
    lines = headers.getlist("Vary")
    if len(lines) > 1:
        headers["Vary"] = ", ".join(lines)


def add_missing(headers: Headers, fields: Iterable[tuple[str, str]]) -> None:
    """Add header fields where there are none of their names."""
    for name, value in fields:
        headers.setdefault(name, value)


def drop_repeated(headers: Headers, fields: Iterable[tuple[str, str]]) -> None:
    """Drop header fields that were given where others of their names were added since."""
    for name, value in fields:
        lines = headers.getlist(name)
        if len(lines) > 1 and value in lines:
            lines.remove(value)
            headers.setlist(name, lines)


def said_in(headers: Headers) -> dict[str, str | None]:
    """Return the directives of all lines of ``Cache-Control``, in lower case."""
    said = parse_dict_header(", ".join(headers.getlist("Cache-Control")))
    return {name.lower(): value for name, value in said.items()}


def members(value: str | None) -> frozenset[str]:
    """Return the members of a list of tokens, in lower case (RFC 9110 §5.6.1)."""
    return frozenset(name.strip().lower() for name in (value or "").split(",") if name.strip())


def vary_names(headers: Headers) -> frozenset[str]:
    """Return the request header fields that ``Vary`` names, in lower case (RFC 9110 §12.5.5)."""
    return members(",".join(headers.getlist("Vary")))


def is_offloaded(headers: Headers) -> bool:
    """Return whether a front server is to send a file as the body; it also answers ranges."""
    return "X-Sendfile" in headers or "X-Accel-Redirect" in headers


def forbid_storing(headers: Headers) -> None:
    """Make the response ``no-store``, so that no cache keeps it (RFC 9111 §5.2.2.5)."""
    headers["Cache-Control"] = "no-store"
    headers.pop("Expires", None)
    forbid_sharing(headers)


def forbid_reuse(headers: Headers) -> None:
    """Make the response ``no-cache`` unless it is stricter, so that each use asks again."""
    said = _said(headers.get("Cache-Control", ""))
    if "no-store" not in said:
        headers["Cache-Control"] = "private, no-cache" if "private" in said else "no-cache"
    headers.pop("Expires", None)
    forbid_sharing(headers)


def forbid_sharing(headers: Headers) -> None:
    """Remove the header fields that let shared caches keep what ``Cache-Control`` forbids."""
    names = map(_name_of, fields_of(headers))
    if not _SHARED.isdisjoint(map(str.lower, names)):  # few responses have one
        for name in SHARED_FRESHNESS:
            headers.pop(name, None)


def keep_private(headers: Headers) -> None:
    """Make the response ``private`` unless it is stricter, so that no shared cache keeps it."""
    value = headers.get("Cache-Control", "")
    private = value if "no-store" in _said(value) else _scoped(value, "private")
    if private != value:
        headers["Cache-Control"] = private
    forbid_sharing(headers)


def set_scope(headers: Headers, scope: str) -> None:
    """Put ``public`` or ``private`` before the other directives of ``Cache-Control``.

    :param scope: ``"public"`` or ``"private"``. The latter drops ``s-maxage``, too.
    """
    headers["Cache-Control"] = _scoped(headers.get("Cache-Control", ""), scope)


# An app says few different things, and says them in each response.
@lru_cache(maxsize=256)
def _scoped(value: str, scope: str) -> str:
    dropped = {"public", "private"} | ({"s-maxage"} if scope == "private" else set())
    rest = {name: said for name, said in _said(value).items() if name not in dropped}
    return dump_header({scope: None, **rest})


@lru_cache(maxsize=256)
def _said(value: str) -> Mapping[str, str | None]:
    return MappingProxyType(parse_dict_header(value))


def withdraw_freshness(headers: Headers, given: str | None) -> bool:
    """Put ``no-cache`` in the place of the ``Cache-Control`` directives that were given before.

    Directives that were added since stay. Where other ones have replaced them, only ``immutable``
    goes, as it spoke of other bytes.

    :param given: the value of ``Cache-Control`` that is true no longer.
    :returns: whether ``no-cache`` was put there.
    """
    withdrawn = parse_dict_header(given or "")
    said = parse_dict_header(headers.get("Cache-Control", ""))
    if not said or (withdrawn and withdrawn.items() <= said.items()):
        added = {name: value for name, value in said.items() if name not in withdrawn}
        headers["Cache-Control"] = dump_header({"no-cache": None, **added})
        return True
    if "immutable" in withdrawn and "immutable" in said:
        del said["immutable"]
        headers["Cache-Control"] = dump_header(said)
    return False


def is_authenticated(environ: Mapping[str, Any]) -> bool:
    """Return whether a request has credentials, or the server has checked and removed them.

    Apache and others hide ``Authorization`` from the app and set ``REMOTE_USER`` instead.

    :param environ: the request's WSGI environ.
    """
    return "HTTP_AUTHORIZATION" in environ or bool(environ.get("REMOTE_USER"))


def seconds_of(date: str | None) -> int | None:
    """Return an HTTP date in seconds since the epoch, or ``None`` if it can't be parsed."""
    try:
        parsed = parse_date(date)
    except (ValueError, OverflowError):
        return None
    return None if parsed is None else int(parsed.timestamp())
