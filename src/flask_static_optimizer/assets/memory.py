"""The bytes of assets that are held in memory."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from .asset import Asset
from .files import WHOLE

#: Bytes of a file up to which it is held whole, and the part of all that a larger one may take.
SMALL = 2**20
_PART = 32


class Memory:
    """Holds the bytes of assets and of their variants, up to a limit.

    What was used longest ago goes first; what was used last stays, however large it is.

    :param limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._largest = min(max(SMALL, limit // _PART), limit, WHOLE)
        self._size = 0
        self._lock = Lock()
        #: Bytes of each. Two folders may serve one file: each has an asset of its own.
        self._held: OrderedDict[Asset, int] = OrderedDict()

    def body(self, asset: Asset) -> bytes | None:
        """The bytes of an asset, or ``None`` if they are to be read from its file each time.

        :raises OSError: if they can't be read.
        """
        held = asset.held
        if held is None and asset.settled and asset.size <= self._largest:
            held = asset.held = asset.read()
            self.hold(asset)
        return held

    def hold(self, asset: Asset) -> None:
        """Count what an asset holds by now, and let others go where that is too much."""
        with self._lock:
            self._drop(asset)
            size = self._held[asset] = asset.bytes_held()
            self._size += size
            while self._size > self._limit and len(self._held) > 1:
                oldest = next(iter(self._held))
                self._drop(oldest)
                oldest.let_go()

    def touch(self, asset: Asset) -> None:
        """Say that an asset was used."""
        with self._lock:
            if asset in self._held:
                self._held.move_to_end(asset)

    def holds(self, asset: Asset) -> bool:
        """Whether the bytes of an asset are counted."""
        return asset in self._held

    def release(self, asset: Asset) -> None:
        """Let the bytes of an asset go, as it is not served any more."""
        with self._lock:
            self._drop(asset)
            asset.let_go()

    def _drop(self, asset: Asset) -> None:
        self._size -= self._held.pop(asset, 0)
