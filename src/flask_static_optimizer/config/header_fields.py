"""Header fields that a configuration adds to static responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from ..http.fields import CACHING
from .errors import ConfigurationError
from .names import PREFIX

#: Names and values. The value ``None`` stands for a field that is not sent after all.
HeaderFields: TypeAlias = tuple[tuple[str, "str | None"], ...]

#: The field by which pages of all origins may read a response (Fetch, "CORS protocol").
SHARED_ORIGINS: HeaderFields = (("Access-Control-Allow-Origin", "*"),)

#: The names that every server can say. RFC 9110 §5.6.2 allows more, which no field makes use of.
_NAME = re.compile(r"[A-Za-z0-9_-]+")

#: The fields, in lower case, that begin with ``Content-`` and can be set. All others of them speak
#: of the bytes that are sent.
_CONTENT = frozenset(
    {
        "content-disposition",
        "content-language",
        "content-security-policy",
        "content-security-policy-report-only",
    }
)

#: The fields, in lower case, that the extension, Flask or the server sets.
_OWNED = (CACHING - _CONTENT) | {
    "allow",
    "cache-status",
    "date",
    "digest",
    "location",
    "repr-digest",
    "server",
    "server-timing",
    "set-cookie2",
    "via",
    "www-authenticate",
}

#: The fields, in lower case, that are about one connection (RFC 9110 §7.6.1). An app must not set
#: them (PEP 3333), and HTTP/2 forbids them.
_OF_CONNECTION = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

#: The fields, in lower case, by which a server, a proxy or a browser makes something else of a
#: response: another status, other bytes, another page, an empty cache.
_COMMANDS = frozenset(
    {
        "clear-site-data",
        "refresh",
        "status",
        "x-accel-charset",
        "x-accel-redirect",
        "x-lighttpd-send-file",
        "x-lighttpd-send-tempfile",
        "x-litespeed-location",
        "x-reproxy-file",
        "x-reproxy-url",
        "x-sendfile",
        "x-sendfile2",
    }
)

#: How the fields end by which a CDN of any name is told what it may keep.
_FOR_CACHES = ("cache-control", "edge-control")

#: What to use in place of a field that is set already.
_INSTEAD = {
    "cache-control": "give max_age, immutable or public in a policy",
    "etag": "give a view's etag in @cacheable_static",
    "expires": "give max_age in a policy",
    "refresh": "answer with a redirect",
    "status": "return the status from a view",
    "vary": "give vary in a policy",
    "x-accel-redirect": f"give {PREFIX}SENDFILE",
    "x-sendfile": f"give {PREFIX}SENDFILE",
}


def header_fields(where: str, value: object) -> HeaderFields:
    """Check a mapping of header names and values.

    The value ``None`` or ``False`` takes back a field that a more general setting adds.

    :raises ConfigurationError: for names and values that can't be sent, and for fields that the
        extension, Flask or the server sets.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"{where} is {value!r}: give a mapping of header names and values, such as"
            " {'X-Content-Type-Options': 'nosniff'}."
        )
    checked: dict[str, tuple[str, str | None]] = {}
    for name, said in value.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{where} has {name!r}: that is not a header name; give letters, digits and '-'."
            )
        lower = name.lower()
        wrong = _what_is_wrong(lower)
        if wrong is not None:
            raise ConfigurationError(
                f"{where} has {name!r}={said!r}, a field {wrong}; {_instead(lower)}."
            )
        if lower in checked:
            raise ConfigurationError(f"{where} has {name!r} twice; give each field once.")
        checked[lower] = (name, _value(where, name, said))
    return tuple(checked.values())


def _what_is_wrong(lower: str) -> str | None:
    """Return why a field can't be set, or ``None`` if it can."""
    if lower in _OF_CONNECTION:
        return "of the connection, which only the server may set"
    if lower in _COMMANDS:
        return "that makes something else of the response"
    if (
        lower in _OWNED
        or lower.endswith(_FOR_CACHES)
        or (lower.startswith("content-") and lower not in _CONTENT)
    ):
        return "that is set for each response"
    return None


def _instead(lower: str) -> str:
    """Return what to use in place of a field that is set already."""
    if lower != "cache-control" and lower.endswith(_FOR_CACHES):
        return f"give {PREFIX}CDN_CACHE_CONTROL"
    return _INSTEAD.get(lower, "leave it out")


def _value(where: str, name: str, value: object) -> str | None:
    if value is None or value is False:
        return None
    if (
        not isinstance(value, str)
        or not value.strip()
        or not (value.isascii() and value.isprintable())
    ):
        raise ConfigurationError(
            f"{where} has {name!r}={value!r}: give a text of ASCII characters without line breaks,"
            " or None to leave the field out."
        )
    return value.strip()


def merged(*layers: HeaderFields) -> HeaderFields:
    """Put layers of header fields over each other, the most general one first."""
    fields = {name.lower(): (name, value) for layer in layers for name, value in layer}
    return tuple(fields.values())
