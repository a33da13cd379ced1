"""The data made from an asset's bytes, such as its variants, which can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .variant import Variant

#: What each variant and each representation takes in memory beside its bytes: measured, in bytes
#: and rounded up.
_VARIANT, _REPRESENTATION = 800, 2000


class Derived:
    """The data made from an asset's bytes, which can be made again."""

    __slots__ = (
        "body",
        "deltas",
        "integrity",
        "is_read_each_time",
        "is_version_kept",
        "is_wanted",
        "noted",
        "representations",
        "used",
        "variants",
        "version",
        "version_found",
    )

    def __init__(self, body: bytes | None = None) -> None:
        #: The bytes to serve, if memory holds them.
        self.body = body
        #: The variants by content coding; ``None``: not made yet.
        self.variants: Mapping[str, Variant] | None = None
        #: The deltas from old versions, by the SHA-256 of the old version.
        self.deltas: dict[bytes, Variant] = {}
        #: The representations, by the values that they depend on.
        self.representations: dict[Any, Any] = {}
        #: True if the cache folder keeps the bytes, so that later versions can be sent as deltas.
        self.is_version_kept = False
        #: The value of an ``integrity`` attribute; ``None``: not computed yet.
        self.integrity: str | None = None
        #: The fingerprint, or the file name with it, for URLs; ``None``: the URL has none.
        self.version: str | None = None
        #: The time when the version was found, in seconds of the monotonic clock.
        self.version_found = -inf
        #: True if the bytes may displace those of other assets in memory, as they are asked for
        #: often.
        self.is_wanted = False
        #: True if bytes that could be in memory are read for each request, for want of room.
        self.is_read_each_time = False
        #: The number of uses that memory had noted when this asset was last used.
        self.used = 0
        #: The bytes that other modules take to remember which requests the asset answers.
        self.noted = 0

    def weight(self) -> int:
        """Return the number of bytes that it takes."""
        variants = [*(self.variants or {}).values(), *self.deltas.values()]
        return (
            len(self.body or b"")
            + sum(len(variant.body or b"") + _VARIANT for variant in variants)
            + len(self.representations) * _REPRESENTATION
            + self.noted
        )

    def take_variants(self, other: Derived) -> None:
        """Take over the variants of an asset with the same bytes."""
        self.variants = other.variants
        self.is_read_each_time = bool(other.variants) and other.is_read_each_time

    def let_go(self) -> None:
        """Forget the body, the variants, the deltas and the representations."""
        self.body = self.variants = None
        self.is_read_each_time = False
        self.deltas.clear()
        self.representations.clear()
