"""The hashes of files that are too large to be hashed while a client waits."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from threading import Lock, Thread

from ..config.bounded import Bounded
from . import files
from .cache_folder import CacheFolder
from .files import FileChangingError, Identity, Snapshot, read

#: The size in bytes up to which a file that has not settled is hashed, as it is at each request.
UNSETTLED = 4 * 2**20

#: The number of hashes remembered, and of files that wait for theirs.
_REMEMBERED = 10_000

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Hashes:
    """The hashes of large files: kept in the cache folder, or made by one background thread.

    :param limit: the size in bytes up to which a settled file is hashed while a client waits.
    :param background: whether the thread may run.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(
        self,
        limit: int,
        background: bool,
        cache_folder: CacheFolder,
        warn: Callable[[object, str], None],
    ) -> None:
        self._limit = limit
        self._background = background
        self._cache_folder = cache_folder
        self._warn = warn
        self._known: Bounded[str, str] = Bounded(_REMEMBERED)
        self._waiting: dict[str, Callable[[str], None]] = {}
        self._thread: Thread | None = None
        self._lock = Lock()

    def is_slow(self, state: Identity) -> bool:
        """Return whether hashing a file would keep a client waiting."""
        return state.size > self._limit or (state.size > UNSETTLED and not state.settled)

    def snapshot(self, path: str) -> Snapshot:
        """Return a file in one state, with its hash unless that is missing and slow to compute.

        :raises OSError: if the file can't be read.
        """
        state = Identity.of(os.stat(path))
        if not self.is_slow(state):
            return read(path)
        with open(path, "rb"):  # a file that can't be read is reported now, not when it is sent
            return Snapshot(state, state.settled, self._find(path, state), None)

    def later(self, path: str, done: Callable[[str], None]) -> None:
        """Have a file hashed by the background thread.

        :param done: called with the path when the hash is known.
        """
        if not self._background:
            return
        with self._lock:
            if len(self._waiting) < _REMEMBERED:
                self._waiting[path] = done
            # A thread does not live on in a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="static_optimizer", daemon=True)
                self._thread.start()

    def compute(self, path: str) -> None:
        """Hash a file, however long that takes, once it has settled.

        :raises FileChangingError: if the file changes meanwhile.
        :raises OSError: if the file can't be read.
        """
        if not Identity.of(os.stat(path)).settled:
            time.sleep(max(files.SETTLED, 0) + 0.1)
        state = Identity.of(os.stat(path))
        if not state.settled:
            raise FileChangingError(f"{path} is being written")
        if self._find(path, state) is None:
            found = read(path)
            if not found.settled:
                raise FileChangingError(f"{path} is being written")
            assert found.sha256 is not None, "it was read"
            name = hash_name(path, found.identity)
            self._known[name] = found.sha256
            self._cache_folder.put(name, found.sha256.encode())

    def _find(self, path: str, state: Identity) -> str | None:
        """Return the hash of a file in a state, if it is known."""
        if not state.settled:
            return None
        name = hash_name(path, state)
        known = self._known.get(name)
        if known is None:
            kept = (self._cache_folder.get(name) or b"").decode("latin-1")
            if _SHA256.fullmatch(kept):
                known = self._known[name] = kept
        return known

    def _work(self) -> None:
        while True:
            with self._lock:
                path = next(iter(self._waiting), None)
                if path is None:
                    self._thread = None
                    return
                done = self._waiting.pop(path)
            try:
                self.compute(path)
            except (FileChangingError, FileNotFoundError):
                continue  # the next look-up of the file asks again
            except OSError as error:
                self._warn(
                    ("hash", path),
                    f"static_optimizer: {path!r} gets no fingerprint, as it can't be read: {error}",
                )
                continue
            done(path)


def hash_name(path: str, state: Identity) -> str:
    """Return the name under which the cache folder keeps the hash of a file in a state."""
    key = hashlib.sha256(repr((os.path.abspath(path), *state)).encode()).hexdigest()
    return f"hashes/{key[:2]}/{key}"
