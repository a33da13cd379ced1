"""The bytes of assets that are held in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from .asset import SMALL, Asset
from .files import WHOLE

#: The part of all memory that a file larger than :data:`SMALL` may take.
_PART = 32


class Memory:
    """A memory of assets' bytes and of their variants, up to a limit.

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
        self._listeners: list[Callable[[Asset], None]] = []

    def on_release(self, listener: Callable[[Asset], None]) -> None:
        """Have a function called with each asset whose bytes are let go.

        It is called under the memory's lock, so it may not ask the memory anything.
        """
        self._listeners.append(listener)

    def body(self, asset: Asset) -> bytes | None:
        """Return the bytes of an asset, or ``None`` if they are to be read from its file.

        :raises OSError: if they can't be read.
        """
        held = asset.derived.body
        if held is None and asset.settled and asset.size <= self._largest:
            held = asset.derived.body = asset.read()
            self.hold(asset)
        return held

    def hold(self, asset: Asset) -> None:
        """Count what an asset holds by now, and let others go where that is too much."""
        with self._lock:
            self._drop(asset)
            size = self._held[asset] = asset.derived.size()
            self._size += size
            while self._size > self._limit and len(self._held) > 1:
                oldest = next(iter(self._held))
                self._drop(oldest)
                self._let_go(oldest)

    def touch(self, asset: Asset) -> None:
        """Note that an asset was used."""
        with self._lock:
            if asset in self._held:
                self._held.move_to_end(asset)

    def holds(self, asset: Asset) -> bool:
        """Return whether the bytes of an asset are counted."""
        return asset in self._held

    def release(self, asset: Asset) -> None:
        """Let the bytes of an asset go, as it is not served any more."""
        with self._lock:
            self._drop(asset)
            self._let_go(asset)

    def _let_go(self, asset: Asset) -> None:
        asset.derived.let_go()
        for listener in self._listeners:
            listener(asset)

    def _drop(self, asset: Asset) -> None:
        self._size -= self._held.pop(asset, 0)
