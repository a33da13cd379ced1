"""The copies of large files, whose bytes a server may leave to the kernel to send."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from threading import Lock
from typing import TYPE_CHECKING

from ..config.bounded import Bounded
from ..http.bodies import CHUNK, CopySlice
from .asset import SMALL
from .cache_folder import CacheFolder, copy_name

if TYPE_CHECKING:
    from .asset import Asset

#: The number of files that are remembered as asked for once, and of copies as verified.
_REMEMBERED = 10_000

#: The time in seconds in which a process copies no more than the folder may hold. Where more is
#: asked for than that, copies would else be made and removed in turns.
_PERIOD = 3600


class Copies:
    """The copies of files above :data:`SMALL` in the cache folder, each named by its hash.

    ``sendfile`` reads a file while it is sent, so what it sends of a file that is rewritten
    meanwhile is of two states. Nobody rewrites a copy.

    :param may_copy: returns whether copies may be made while requests wait.
    """

    def __init__(self, cache_folder: CacheFolder, may_copy: Callable[[], bool]) -> None:
        self._cache_folder = cache_folder
        self._may_copy = may_copy
        self._asked: Bounded[str, bool] = Bounded(_REMEMBERED)
        #: The device, the inode and the size of each copy whose bytes have the hash in its name.
        self._verified: Bounded[str, tuple[int, int, int]] = Bounded(_REMEMBERED)
        self._making: set[str] = set()
        self._lock = Lock()
        self._since = 0.0
        self._copied = 0

    def open(self, asset: Asset) -> CopySlice | None:
        """Return the copy of an asset's file, from the second time on that it is asked for.

        ``None`` is returned for a file that is small, not settled or too large to be hashed while a
        client waits, where the bytes are not the file's own, and where there can be no copy.
        """
        sha256 = asset.sha256
        if sha256 is None or asset.size <= SMALL or asset.size > self._cache_folder.limit:
            return None
        if asset.is_slow or not asset.settled or asset.body is not None or not self._may_copy():
            return None
        if sha256 not in self._asked:
            self._asked[sha256] = True
            return None
        file = self._cache_folder.open(copy_name(sha256))
        if file is None or self._verified.get(sha256) != _identity(file):
            file = self._made(asset, sha256, file)
        return None if file is None else CopySlice(file, 0, asset.size, whole=True)

    def _made(self, asset: Asset, sha256: str, file: FileIO | None) -> FileIO | None:
        """Return the verified copy, which is made if there is none yet.

        :param file: the copy that is there, open. It is closed if it is not returned.
        """
        with self._lock:
            alone = sha256 not in self._making
            self._making.add(sha256)
        if not alone:
            if file is not None:
                file.close()
            return None
        try:
            name = copy_name(sha256)
            if file is None and self._copy(asset, name):
                file = self._cache_folder.open(name)
            if file is None:
                return None
            if _has_hash(file, sha256):
                self._verified[sha256] = _identity(file)
                return file
            file.close()
            self._cache_folder.remove(name)
            return None
        finally:
            with self._lock:
                self._making.discard(sha256)

    def _copy(self, asset: Asset, name: str) -> bool:
        """Copy an asset's file, unless this process has copied enough lately."""
        with self._lock:
            if time.monotonic() - self._since > _PERIOD:
                self._since, self._copied = time.monotonic(), 0
            if self._copied + asset.size > self._cache_folder.limit:
                return False
            self._copied += asset.size
        with suppress(OSError), open(asset.path, "rb", buffering=0) as original:
            return self._cache_folder.keep(name, lambda: _read(original, asset.size), asset.size)
        return False  # who opens the original to send it reports the error


def _read(file: FileIO, size: int) -> Iterator[bytes]:
    """Yield the bytes of a file, but few more than it had: it may grow as fast as it is read."""
    file.seek(0)
    while size >= 0 and (chunk := file.read(CHUNK)):
        size -= len(chunk)
        yield chunk
        time.sleep(0)  # lets other greenlets run


def _has_hash(file: FileIO, sha256: str) -> bool:
    found = hashlib.sha256()
    for chunk in _read(file, os.fstat(file.fileno()).st_size):
        found.update(chunk)
    return found.hexdigest() == sha256


def _identity(file: FileIO) -> tuple[int, int, int]:
    # Not its times: another process may note the copy's use in them.
    state = os.fstat(file.fileno())
    return state.st_dev, state.st_ino, state.st_size
