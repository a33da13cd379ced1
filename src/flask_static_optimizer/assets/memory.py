"""The memory that holds the bytes of assets, up to a limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock

from ..http.bodies import SMALL_BODY
from .asset import SMALL, Asset
from .facts import Facts
from .files import WHOLE

#: A file larger than :data:`SMALL` may take at most this part of the limit (1/32).
_PART = 32

#: An asset is used often if the uses of others between two of its own are at most this part of the
#: number of assets (1/4).
_OFTEN = 4


class Memory:
    """A memory for assets and all that is made from them, up to a limit.

    The bytes of the least recently used asset are released first; what is known of its file stays
    (its hash, its type). When this takes a quarter of the limit, the asset itself is forgotten, but
    for the facts about its bytes, which take a third at most. The most recently used one stays,
    however large it is.

    :param limit: the largest size in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._largest = min(max(SMALL, limit // _PART), limit, WHOLE)
        self._lock = Lock()
        #: The size in bytes of each asset with its bytes, and of those whose bytes were released.
        #: If two folders serve one file, each has its own asset.
        self._held: OrderedDict[Asset, int] = OrderedDict()
        self._released: OrderedDict[Asset, int] = OrderedDict()
        self._size = self._size_released = 0
        #: The uses of assets whose bytes are not in memory.
        self._uses = 0
        self.facts = Facts(limit // 3)
        self._listeners: list[Callable[[Asset], None]] = []

    def on_release(self, listener: Callable[[Asset], None]) -> None:
        """Register a function that is called with each asset whose bytes are released.

        It is called while the memory's lock is held, so it must not call the memory.
        """
        self._listeners.append(listener)

    def body(self, asset: Asset) -> bytes | None:
        """Return the bytes of an asset, or ``None`` if memory does not hold them.

        The asset's file is read the first time, if it is small enough. It displaces others only if
        it is asked for often: what is read once in a while is sent from its file at little more
        cost. A large body displaces none of another asset, and is sent in chunks, so that clients
        that do not read hold no bodies that memory has released.

        :raises OSError: if the file can't be read.
        """
        held = asset.derived.body
        if held is None and asset.settled:
            if self.has_room(asset, asset.size):
                held = asset.derived.body = asset.read()
                self.hold(asset)
            elif asset.body is None and not asset.derived.variants:
                asset.derived.is_read_each_time = True
        return held

    def has_room(self, asset: Asset, size: int) -> bool:
        """Return whether memory takes bytes of an asset that can be read again.

        :param size: their number.
        """
        room = self._largest
        is_alone = len(self._held) == (asset in self._held)
        if not is_alone and (size > SMALL_BODY or not asset.derived.is_wanted):
            room = self._limit - self._size - self.facts.size()
            if size <= SMALL_BODY:  # what is left is for what is known of files beside their bytes
                room -= self._limit // 4
        return size <= min(room, self._largest)

    def hold(self, asset: Asset, *, again: bool = False) -> None:
        """Count what an asset takes now, and release others if the limit is exceeded.

        :param again: whether an asset whose bytes were released meanwhile is left alone.
        """
        with self._lock:
            if again and asset not in self._held:
                return
            self._drop(asset)
            size = self._held[asset] = asset.weight()
            self._size += size
            while self._size + self.facts.size() > self._limit:
                if len(self._held) > 1 and self._size_released <= self._limit // 4:
                    self._let_go(_oldest(self._held))
                elif self._released:
                    oldest = next(iter(self._released))
                    self._drop(oldest)
                    oldest.forget()
                else:
                    break

    def touch(self, asset: Asset) -> None:
        """Mark an asset as the most recently used, if its bytes are there."""
        try:  # each request comes here, and neither a lock nor a context manager is free
            self._held.move_to_end(asset)
        except KeyError:
            return
        if asset.derived.is_read_each_time:
            self._note_use(asset)

    def _note_use(self, asset: Asset) -> None:
        """Note the use of an asset whose bytes are read from its file each time.

        If it is used more often than others are on average, it is let go of, so that the next
        request for it brings its bytes into memory.
        """
        with self._lock:
            self._uses += 1
            derived, between = asset.derived, self._uses - asset.derived.used
            is_often = derived.used and between <= len(self._held) // _OFTEN
            derived.used = self._uses
            can_come = asset.size <= SMALL_BODY or derived.variants
            if is_often and can_come and asset in self._held:
                self._let_go(asset)
                derived.is_wanted = True

    def holds(self, asset: Asset) -> bool:
        """Return whether the bytes of an asset are counted."""
        return asset in self._held

    def let_go(self, asset: Asset) -> None:
        """Release the bytes of an asset, and all that was made from them."""
        with self._lock:
            if asset in self._held:
                self._let_go(asset)

    def release(self, asset: Asset) -> None:
        """Release all of an asset that is no longer served."""
        with self._lock:
            self._let_go(asset)
            self._drop(asset)

    def _let_go(self, asset: Asset) -> None:
        """Release the bytes of an asset, and count what it still takes."""
        self._drop(asset)
        asset.derived.is_wanted = False
        asset.derived.let_go()
        for listener in self._listeners:
            listener(asset)
        size = self._released[asset] = asset.weight()
        self._size += size
        self._size_released += size

    def _drop(self, asset: Asset) -> None:
        released = self._released.pop(asset, 0)
        self._size_released -= released
        self._size -= self._held.pop(asset, 0) + released


def _oldest(held: Mapping[Asset, int]) -> Asset:
    """Return the asset that was used longest ago. Others may be used meanwhile."""
    while True:
        with suppress(RuntimeError):  # the order has changed between the two steps
            return next(iter(held))
