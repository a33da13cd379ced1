"""Variants: the bytes of assets in a content coding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .fingerprints import etag, sha256


class Variant(NamedTuple):
    """A variant: the bytes of an asset in a content coding, and their validator."""

    coding: str
    #: The strong validator of the bytes in this coding (RFC 9110 §8.8.3.3).
    etag: str
    #: The number of bytes.
    size: int
    #: The bytes, or ``None`` if they are read each time.
    body: bytes | None
    #: A function that reads the bytes again and returns ``None`` where they are gone, or other
    #: ones; ``None``: they are nowhere else.
    again: Callable[[], bytes | None] | None = None

    @classmethod
    def of(cls, coding: str, body: bytes) -> Variant:
        """Return a variant with these bytes."""
        return cls(coding, etag(sha256(body)), len(body), body)

    def read(self) -> bytes | None:
        """Return the bytes, or ``None`` if they are gone."""
        return self.again() if self.body is None and self.again else self.body


#: The variants of an asset while another thread makes them, or while it has not settled.
NOT_YET: Mapping[str, Variant] = MappingProxyType({})
