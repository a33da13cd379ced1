"""Where stored responses are kept: in memory, or with Flask-Caching wherever that keeps things."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol

#: Bytes that a key and its place take besides the value, roughly.
_OVERHEAD = 400

#: Backends of Flask-Caching that one process has for itself, or whose ``add`` lets two in.
_WITHOUT_LOCKS = frozenset({"MemoryBackend", "SimpleCache", "FileSystemCache"})


class Backend(Protocol):
    """What the store asks of a backend; those of Flask-Caching (cachelib) have it all."""

    def get_many(self, *keys: str) -> list[Any]:
        """The values, ``None`` for each key without one."""

    def set(self, key: str, value: Any, timeout: int) -> Any:
        """Keep a value for so many seconds."""

    def add(self, key: str, value: Any, timeout: int) -> Any:
        """Keep a value unless there is one, and say whether there was none."""

    def delete(self, key: str) -> Any:
        """Forget a value."""


class MemoryBackend:
    """A backend in the memory of one process; what was used longest ago goes first.

    It keeps the very objects that it is given, whose length is their size.

    :param limit: bytes that it may take.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._lock = Lock()
        self._values: OrderedDict[str, tuple[float, Any, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return self._size

    def get_many(self, *keys: str) -> list[Any]:
        """The values, ``None`` for each key without one."""
        now = time.time()
        found: list[Any] = []
        values = self._values
        with self._lock:
            for key in keys:
                kept = values.get(key)
                if kept is not None and kept[0] > now:
                    values.move_to_end(key)
                    found.append(kept[1])
                else:
                    found.append(None)
        return found

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value for so many seconds, if there is room for it at all."""
        with self._lock:
            return self._put(key, value, timeout)

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value unless there is one, and say whether there was none."""
        with self._lock:
            kept = self._values.get(key)
            if kept is not None and kept[0] > time.time():
                return False
            return self._put(key, value, timeout)

    def delete(self, key: str) -> bool:
        """Forget a value."""
        with self._lock:
            return self._drop(key)

    def _put(self, key: str, value: Any, timeout: int) -> bool:
        self._drop(key)
        size = len(value) + _OVERHEAD
        if size > self._limit:
            return False
        self._values[key] = (time.time() + timeout, value, size)
        self._size += size
        while self._size > self._limit:
            self._drop(next(iter(self._values)))
        return True

    def _drop(self, key: str) -> bool:
        kept = self._values.pop(key, None)
        if kept is not None:
            self._size -= kept[2]
        return kept is not None


def of_flask_caching(extensions: Mapping[str, Any]) -> Backend | None:
    """The backend of the app's own ``Cache``, if it has one that keeps anything.

    :param extensions: the app's: Flask-Caching has its caches and their backends there.
    """
    caches = extensions.get("cache")
    for backend in caches.values() if isinstance(caches, Mapping) else ():
        if type(backend).__name__ != "NullCache" and callable(getattr(backend, "get_many", None)):
            found: Backend = backend
            return found
    return None


def has_locks(backend: Backend) -> bool:
    """Whether other processes see what one puts there, and ``add`` lets in one of them only."""
    return _WITHOUT_LOCKS.isdisjoint(kind.__name__ for kind in type(backend).__mro__)


def in_process(backend: Backend) -> bool:
    """Whether a backend is in the memory of one process, where no other can reach it."""
    return any(kind.__name__ in ("MemoryBackend", "SimpleCache") for kind in type(backend).__mro__)
