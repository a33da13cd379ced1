"""The bytes of an asset in a content coding."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .fingerprints import etag, sha256


class Variant(NamedTuple):
    """The bytes of an asset in a content coding."""

    coding: str
    #: The strong validator of these very bytes (RFC 9110 §8.8.3.3).
    etag: str
    body: bytes

    @classmethod
    def of(cls, coding: str, body: bytes) -> Variant:
        """A variant with these bytes."""
        return cls(coding, etag(sha256(body)), body)


#: What there is of an asset while somebody makes its variants.
BEING_MADE: Mapping[str, Variant] = MappingProxyType({})
