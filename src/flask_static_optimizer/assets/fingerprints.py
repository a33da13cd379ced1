"""Hashes and fingerprints, and file names that hold one (``app.3f….css``)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

#: The number of hexadecimal characters of a fingerprint.
FINGERPRINT_LENGTH = 16

_NAME = re.compile(rf"(.*/)?([^/]*)\.([0-9a-f]{{{FINGERPRINT_LENGTH}}})(\.[^./]+)?", re.DOTALL)


def insert(name: str, fingerprint: str) -> str:
    """Return the name with a fingerprint before its extension, or at the end if it has none.

    If the name ends with a dot, :func:`split` does not recognize the result.
    """
    folder, slash, base = name.rpartition("/")
    stem, dot, extension = base.rpartition(".")
    if not dot:
        stem, extension = base, ""
    return f"{folder}{slash}{stem}.{fingerprint}{dot}{extension}"


def split(name: str) -> tuple[str, str] | None:
    """Return the plain name and the fingerprint, or ``None`` for a name not from :func:`insert`."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    folder, stem, fingerprint, extension = found.groups(default="")
    plain = f"{folder}{stem}{extension}"
    return (plain, fingerprint) if insert(plain, fingerprint) == name else None


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def etag(sha256: str) -> str:
    """Return the strong ``ETag``, 128 bits of the SHA-256 of the bytes (RFC 9110 §8.8.3)."""
    return f'"{sha256[:32]}"'


def state_etag(state: Iterable[int], *, strong: bool) -> str:
    """Return the ``ETag`` of a file whose bytes were not hashed, made of its state.

    :param strong: whether a change of the bytes would change the state.
    """
    tag = hashlib.sha256(repr(tuple(state)).encode()).hexdigest()[:32]
    return f'"s-{tag}"' if strong else f'W/"s-{tag}"'


def fingerprint(sha256: str) -> str:
    """Return the fingerprint, which stands in URLs, of bytes with this SHA-256."""
    return sha256[:FINGERPRINT_LENGTH]
