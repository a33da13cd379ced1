"""File names that carry a fingerprint: ``app.css`` and ``app.3f….css``."""

from __future__ import annotations

import hashlib
import re

#: Hexadecimal characters of a fingerprint in a URL.
FINGERPRINT_LENGTH = 16

_NAME = re.compile(rf"(.*/)?([^/]*)\.([0-9a-f]{{{FINGERPRINT_LENGTH}}})(\.[^./]+)?", re.DOTALL)


def insert(name: str, fingerprint: str) -> str:
    """The name with a fingerprint before its extension, or at its end if it has none.

    Of a name with a dot at its end nothing is made that could be split again.
    """
    folder, slash, base = name.rpartition("/")
    stem, dot, extension = base.rpartition(".")
    if not dot:
        stem, extension = base, ""
    return f"{folder}{slash}{stem}.{fingerprint}{dot}{extension}"


def split(name: str) -> tuple[str, str] | None:
    """The name and the fingerprint that :func:`insert` made one of, or ``None`` if it did not."""
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
    """Return the strong ``ETag`` of bytes, 128 bits of their SHA-256 (RFC 9110 §8.8.3)."""
    return f'"{sha256[:32]}"'


def fingerprint(sha256: str) -> str:
    """Return what stands for bytes in a URL."""
    return sha256[:FINGERPRINT_LENGTH]
