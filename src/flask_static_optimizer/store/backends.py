"""Backends of the store: the memory of the process, or the app's cache of Flask-Caching."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol

#: The size in bytes, roughly, of a key and of the entry in the mapping, besides the value.
_OVERHEAD = 400

#: Backends without locks that work among processes: each process has one for itself, or two calls
#: of ``add`` at the same time may both succeed.
_WITHOUT_LOCKS = frozenset({"MemoryBackend", "SimpleCache", "FileSystemCache"})


#: What a key without a value has.
_NOTHING: tuple[float, Any, int] = (0.0, None, 0)


class Backend(Protocol):
    """The methods of a backend that the store calls; Flask-Caching's have them all."""

    def get_many(self, *keys: str) -> list[Any]:
        """Return the values of the keys, ``None`` for each key without one."""

    def set(self, key: str, value: Any, timeout: int) -> Any:
        """Keep a value for ``timeout`` seconds."""

    def add(self, key: str, value: Any, timeout: int) -> Any:
        """Keep a value unless the key has one, and return whether it was kept."""

    def delete(self, key: str) -> Any:
        """Delete the value of a key."""


class MemoryBackend:
    """A backend in the memory of one process, which drops what was used longest ago.

    It keeps the objects that it is given, not copies. Their length counts as their size.

    :param limit: the bytes that it may take.
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
        """Return the bytes that it takes, roughly."""
        return self._size

    def get_many(self, *keys: str) -> list[Any]:
        """Return the values of the keys, ``None`` for each key without one."""
        now = time.time()
        found: list[Any] = []
        get, move_to_end, add = self._values.get, self._values.move_to_end, found.append
        with self._lock:
            for key in keys:
                until, value, _ = get(key, _NOTHING)
                if until > now:
                    move_to_end(key)
                    add(value)
                else:
                    add(None)
        return found

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value for ``timeout`` seconds, and return whether there was room for it."""
        with self._lock:
            return self._put(key, value, timeout)

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value unless the key has one, and return whether it was kept."""
        with self._lock:
            kept = self._values.get(key)
            if kept is not None and kept[0] > time.time():
                return False
            return self._put(key, value, timeout)

    def delete(self, key: str) -> bool:
        """Delete the value of a key, and return whether it had one."""
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
    """Return the backend of the app's Flask-Caching ``Cache``, if it has one that keeps values.

    :param extensions: ``app.extensions``, where Flask-Caching has its caches and their backends.
    """
    caches = extensions.get("cache")
    for backend in caches.values() if isinstance(caches, Mapping) else ():
        if type(backend).__name__ != "NullCache" and callable(getattr(backend, "get_many", None)):
            found: Backend = backend
            return found
    return None


def has_locks(backend: Backend) -> bool:
    """Return whether processes share a backend, and ``add`` succeeds for only one of them."""
    return _WITHOUT_LOCKS.isdisjoint(kind.__name__ for kind in type(backend).__mro__)


def in_process(backend: Backend) -> bool:
    """Return whether a backend is in the memory of one process, where no other can reach it."""
    return any(kind.__name__ in ("MemoryBackend", "SimpleCache") for kind in type(backend).__mro__)
