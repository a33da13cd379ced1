"""Deltas: bodies that hold only the changes (Compression Dictionary Transport, RFC 9842)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from ..http.codings import zstd

#: The content coding: zstd with a dictionary that the client has (RFC 9842 §5).
DELTA = "dcz"

#: The size in bytes up to which an asset and its old version are used for a delta. Both together
#: fit into the window that a browser must support (8 MiB, RFC 9842 §5).
LARGEST = 4 * 2**20

_MAGIC = bytes.fromhex("5e2a4d1820000000")
_HASH = 32
#: At higher levels zstd takes seconds for the largest files and saves almost nothing.
_LEVEL = 12
_WINDOW = 23

_SF_BYTES = re.compile(r" *:([A-Za-z0-9+/]{43}=): *")
_SPECIAL = re.compile(r"[*+?:{}()\\]")


class WrongDeltaError(ValueError):
    """An error for a delta that can't be made, or that does not decode to its asset."""


def encode(data: bytes, dictionary: bytes) -> bytes:
    """Return a ``dcz`` body that decodes with an old version to the data, after a trial.

    :raises WrongDeltaError: if the dictionary can't be used.
    """
    if not 8 <= len(dictionary) <= LARGEST or len(data) > LARGEST:
        raise WrongDeltaError(f"a dictionary of {len(dictionary)} bytes for {len(data)}")
    options = {
        zstd.CompressionParameter.compression_level: _LEVEL,
        zstd.CompressionParameter.window_log: _WINDOW,
    }
    try:
        raw = zstd.ZstdDict(dictionary, is_raw=True)
        frame = zstd.compress(data, options=options, zstd_dict=raw.as_prefix)
    except zstd.ZstdError as error:
        raise WrongDeltaError(str(error)) from error
    body = _MAGIC + hashlib.sha256(dictionary).digest() + bytes(frame)
    if decode(body, dictionary) != data:
        raise WrongDeltaError("the delta does not decode to what it was made from")
    return body


def decode(body: bytes, dictionary: bytes) -> bytes:
    """Decode a ``dcz`` body with its dictionary.

    :raises WrongDeltaError: if the body is not ``dcz``, or was made with another dictionary.
    """
    header, frame = body[: len(_MAGIC) + _HASH], body[len(_MAGIC) + _HASH :]
    if header != _MAGIC + hashlib.sha256(dictionary).digest():
        raise WrongDeltaError("no dcz body for this dictionary")
    try:
        raw = zstd.ZstdDict(dictionary, is_raw=True)
        return bytes(zstd.decompress(frame, zstd_dict=raw.as_prefix))
    except zstd.ZstdError as error:
        raise WrongDeltaError(str(error)) from error


def parse_available(header: str | None) -> bytes | None:
    """Return the SHA-256 in an ``Available-Dictionary`` field (RFC 9842 §2.2), or ``None``.

    The field's value is a structured field's byte sequence (RFC 9651 §3.3.5).
    """
    found = _SF_BYTES.fullmatch(header) if header else None
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None


def pattern(literal: str) -> str:
    """Return a URL pattern that matches exactly this text (URL Pattern Standard §2)."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], literal)


def use_as_dictionary(match: str) -> str:
    """Return a ``Use-As-Dictionary`` value (RFC 9842 §2.1) for the URLs that a pattern matches.

    :param match: the URL pattern, in ASCII.
    """
    escaped = match.replace("\\", "\\\\").replace('"', '\\"')
    return f'match="{escaped}"'
