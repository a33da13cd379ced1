"""The bytes that stored responses are written as."""

from __future__ import annotations

import json
import re
import struct
from functools import lru_cache
from typing import Any

from .entry import MOST_VARIANTS, NOT_STORED, STORED, Entry, Fields, Head, Variants

#: The first bytes say which layout the others have. A new layout gets a new number, so that
#: versions of the extension that share a backend read only what they can.
_MAGIC = b"fso\x02"
_VARIANTS = b"fsv\x01"
_LENGTHS = struct.Struct(">II")

#: The name and the value of a header field that a server can send (RFC 9110 §5.1, §5.5).
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\xff]*")

#: The most seconds of an age, and of a time since the epoch.
_LONGEST, _LATEST = 2**31, 2**40

#: The most header fields that the variants of one URL may vary by.
_MOST_NAMES = 64


def encode(entry: Entry) -> bytes:
    """Return an entry as bytes."""
    head = entry.head
    ages = (head.lifetime, head.while_revalidate, head.if_error)
    meta = json.dumps(
        [
            head.fields,
            head.made,
            head.initial_age,
            ages,
            head.generations,
            head.status,
            head.etag_of_view,
        ],
        separators=(",", ":"),
    ).encode()
    return b"".join((_MAGIC, _LENGTHS.pack(len(meta), len(entry.body)), meta, entry.body))


def decode(data: object) -> Entry | None:
    """Return the entry that :func:`encode` made bytes of, or ``None`` for other bytes."""
    if type(data) is Entry:  # the memory backend keeps entries as they are
        return data
    if not isinstance(data, bytes) or not data.startswith(_MAGIC):
        return None
    start = len(_MAGIC) + _LENGTHS.size
    try:
        meta, body = _LENGTHS.unpack_from(data, len(_MAGIC))
        if len(data) != start + meta + body:
            return None
        head = _head(data[start : start + meta], body)
    except (ValueError, TypeError, ArithmeticError, struct.error, RecursionError):
        return None
    return Entry(head, data[start + meta :])


def encode_variants(variants: Variants) -> bytes:
    """Return a list of variants as bytes."""
    return _VARIANTS + json.dumps(variants).encode()


def decode_variants(data: object, key: str) -> Variants | None:
    """Return the list that :func:`encode_variants` made bytes of, or ``None`` for other bytes.

    :param key: the key of the URL, with which those of its variants begin.
    """
    if not isinstance(data, bytes) or not data.startswith(_VARIANTS):
        return None
    try:
        found: Any = json.loads(data[len(_VARIANTS) :])
        names, keys = (tuple(map(_text, texts)) for texts in found)
        if len(names) > _MOST_NAMES or len(keys) > MOST_VARIANTS:
            return None
        if not all(map(_NAME.fullmatch, names)) or not all(
            other.startswith(f"{key}:") for other in keys
        ):
            return None
        return Variants(names, keys)
    except (ValueError, TypeError, RecursionError):
        return None


@lru_cache(maxsize=512)
def _head(meta: bytes, length: int) -> Head:
    # The head of an entry that is read often is parsed once.
    fields, made, initial_age, ages, generations, status, etag_of_view = json.loads(meta)
    lifetime, revalidate, error = ages
    if not generations:
        raise ValueError("a response that can't be purged")
    if type(status) is not int or status not in STORED or type(etag_of_view) is not bool:
        raise ValueError("not a response that is stored")
    return Head.of(
        status,
        _checked_fields(fields, length),
        etag_of_view,
        _checked(made, _LATEST, float, int),
        _checked(initial_age, _LONGEST, int),
        (
            _checked(lifetime, _LONGEST, int),
            _checked(revalidate, _LONGEST, int),
            _checked(error, _LONGEST, int),
        ),
        tuple(_text(state) for state in generations),
    )


def _checked(value: Any, most: int, *kinds: type) -> Any:
    # Infinity and NaN compare as false, and so do not pass.
    if type(value) not in kinds or not 0 <= value <= most:
        raise ValueError(f"not a number of seconds: {value!r}")
    return value


def _checked_fields(fields: Any, length: int) -> Fields:
    checked = [(_text(name), _text(value)) for name, value in fields]
    for name, value in checked:
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(f"not a header field: {name!r}")
        said = name.lower()
        if said in NOT_STORED and (said, value) != ("content-length", str(length)):
            raise ValueError(f"not a field of a stored response: {name!r}")
    return checked


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"not a string: {value!r}")
    return value
