"""Fingerprints of bytes: the same on every host, path and time zone."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections import OrderedDict
from threading import Lock
from typing import IO

#: Files remembered for each app.
REMEMBERED = 8192

#: Seconds before a file's modification time is believed: within one tick of a coarse clock
#: (2 s on FAT) a file can change twice and keep its size and time.
SETTLED = 2.0

_CHUNK = 1 << 20


def digest(data: bytes) -> str:
    """The fingerprint of some bytes: 128 bits of their SHA-256, in hexadecimal."""
    return _shortened(hashlib.sha256(data))


class Digests:
    """Fingerprints of open files, remembered for as long as a file stays as it is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, ...], str] = OrderedDict()

    def of(self, file: IO[bytes]) -> str | None:
        """The fingerprint of what an open file holds from its present position on.

        The position is left where it was. ``None`` if the file can't be sought in, or changes
        while it is being read.
        """
        seekable = getattr(file, "seekable", None)
        if seekable is None or not seekable():
            return None
        start = file.tell()
        if not (isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO)):
            # Something around a file, perhaps, whose descriptor leads to other bytes (gzip).
            return _read(file, start)
        before = _identity(file)
        key = (*before, start)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        found = _read(file, start)
        if _identity(file) != before:
            return None
        if time.time() - before[-1] / 1e9 > SETTLED:
            with self._lock:
                self._known[key] = found
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def of_path(self, path: str) -> str | None:
        """The fingerprint of the file at a path, or ``None`` if it can't be read here."""
        try:
            with open(path, "rb") as file:
                return self.of(file)
        except OSError:  # only the front server that is to send it may know the path
            return None


def _identity(file: IO[bytes]) -> tuple[int, ...]:
    # The change time too: copying tools put an old modification time on new bytes.
    stat = os.fstat(file.fileno())
    return (
        stat.st_dev,
        stat.st_ino,
        stat.st_size,
        max(stat.st_mtime_ns, stat.st_ctime_ns),
    )


def _read(file: IO[bytes], start: int) -> str:
    sha = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        sha.update(chunk)
    file.seek(start)
    return _shortened(sha)


def _shortened(sha: hashlib._Hash) -> str:
    return sha.hexdigest()[:32]
