"""Variants: the bytes of assets in a content coding."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .fingerprints import etag, sha256


class Variant(NamedTuple):
    """A variant: the bytes of an asset in a content coding, and their validator."""

    coding: str
    #: The strong validator of the bytes in this coding (RFC 9110 §8.8.3.3).
    etag: str
    body: bytes

    @classmethod
    def of(cls, coding: str, body: bytes) -> Variant:
        """Return a variant with these bytes."""
        return cls(coding, etag(sha256(body)), body)


#: The variants of an asset while another thread makes them, or while it has not settled.
NOT_YET: Mapping[str, Variant] = MappingProxyType({})
