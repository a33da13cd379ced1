"""A mapping of bounded size, for what clients can think up without end."""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A dictionary that forgets what was put in first when it would hold more than its limit.

    Reading takes no lock. What is put in again keeps its place.

    :param limit: the number of items that it holds at most.
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
        """Take out an item; it need not be there.

        :returns: its value, or ``default``.
        """
        with self._lock:
            return super().pop(key, default)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            super().clear()
