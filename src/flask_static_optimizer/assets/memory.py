"""The memory that holds the bytes of assets, up to a limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from .asset import SMALL, Asset
from .files import WHOLE

#: A file larger than :data:`SMALL` may take at most this part of the limit (1/32).
_PART = 32


class Memory:
    """A memory for the bytes of assets and for their variants, up to a limit.

    The least recently used asset is released first. The most recently used one stays, however
    large it is.

    :param limit: the largest size in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._largest = min(max(SMALL, limit // _PART), limit, WHOLE)
        self._size = 0
        self._lock = Lock()
        #: The size of each asset in bytes. If two folders serve one file, each has its own asset.
        self._held: OrderedDict[Asset, int] = OrderedDict()
        self._listeners: list[Callable[[Asset], None]] = []

    def on_release(self, listener: Callable[[Asset], None]) -> None:
        """Register a function that is called with each asset whose bytes are released.

        It is called while the memory's lock is held, so it must not call the memory.
        """
        self._listeners.append(listener)

    def body(self, asset: Asset) -> bytes | None:
        """Return the bytes of an asset, or ``None`` if memory does not hold them.

        The asset's file is read the first time, if it is small enough.

        :raises OSError: if the file can't be read.
        """
        held = asset.derived.body
        if held is None and asset.settled and asset.size <= self._largest:
            held = asset.derived.body = asset.read()
            self.hold(asset)
        return held

    def hold(self, asset: Asset) -> None:
        """Count the bytes that an asset holds now, and release others if the limit is exceeded."""
        with self._lock:
            self._drop(asset)
            size = self._held[asset] = asset.derived.size()
            self._size += size
            while self._size > self._limit and len(self._held) > 1:
                oldest = next(iter(self._held))
                self._drop(oldest)
                self._let_go(oldest)

    def touch(self, asset: Asset) -> None:
        """Mark an asset as the most recently used."""
        with self._lock:
            if asset in self._held:
                self._held.move_to_end(asset)

    def holds(self, asset: Asset) -> bool:
        """Return whether the bytes of an asset are counted."""
        return asset in self._held

    def release(self, asset: Asset) -> None:
        """Release the bytes of an asset that is no longer served."""
        with self._lock:
            self._drop(asset)
            self._let_go(asset)

    def _let_go(self, asset: Asset) -> None:
        asset.derived.let_go()
        for listener in self._listeners:
            listener(asset)

    def _drop(self, asset: Asset) -> None:
        self._size -= self._held.pop(asset, 0)
