"""The bytes of assets that are held in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from .asset import Asset

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
        self._largest = min(max(SMALL, limit // _PART), limit)
        self._size = 0
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[Asset, int]] = OrderedDict()
        #: Called with each asset that is let go, by those who hold bytes of it in their own way.
        self.followers: list[Callable[[Asset], None]] = []

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
            self._drop(asset.path)
            size = asset.bytes_held()
            self._held[asset.path] = asset, size
            self._size += size
            while self._size > self._limit and len(self._held) > 1:
                path, (oldest, _) = next(iter(self._held.items()))
                self._drop(path)
                oldest.let_go()
                for follower in self.followers:
                    follower(oldest)

    def touch(self, asset: Asset) -> None:
        """Say that an asset was used."""
        with self._lock:
            if asset.path in self._held:
                self._held.move_to_end(asset.path)

    def holds(self, asset: Asset) -> bool:
        """Whether the bytes of this very asset are counted here."""
        return self._held.get(asset.path, (None,))[0] is asset

    def _drop(self, path: str) -> None:
        if path in self._held:
            self._size -= self._held.pop(path)[1]
