"""A mapping of bounded size, for keys that clients choose, of which there is no end."""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A dictionary that drops its oldest items when it has more than its limit.

    Reading takes no lock. A key that is set again keeps its place in the order.

    :param limit: the most items that it keeps.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._lock = Lock()

    def __setitem__(self, key: K, value: V) -> None:
        with self._lock:
            super().__setitem__(key, value)
            while len(self) > self._limit:
                super().__delitem__(next(iter(self)))

    def pop(self, key: K, default: Any = None) -> Any:
        """Remove a key, if it is there.

        :returns: its value, or ``default``.
        """
        with self._lock:
            return super().pop(key, default)

    def clear(self) -> None:
        """Remove all items."""
        with self._lock:
            super().clear()
