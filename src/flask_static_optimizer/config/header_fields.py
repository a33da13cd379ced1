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
    "connection",
    "date",
    "digest",
    "keep-alive",
    "location",
    "repr-digest",
    "server",
    "server-timing",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-lighttpd-send-file",
    "x-litespeed-location",
    "x-sendfile2",
}

#: How the fields end by which a CDN of any name is told what it may keep.
_FOR_CACHES = ("cache-control", "edge-control")

#: What to use in place of a field that is set already.
_INSTEAD = {
    "cache-control": "give max_age, immutable or public in a policy",
    "etag": "give a view's etag in @cacheable_static",
    "expires": "give max_age in a policy",
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
        if (
            lower in _OWNED
            or lower.endswith(_FOR_CACHES)
            or (lower.startswith("content-") and lower not in _CONTENT)
        ):
            raise ConfigurationError(
                f"{where} has {name!r}={said!r}, a field that is set for each response;"
                f" {_instead(lower)}."
            )
        if lower in checked:
            raise ConfigurationError(f"{where} has {name!r} twice; give each field once.")
        checked[lower] = (name, _value(where, name, said))
    return tuple(checked.values())


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
