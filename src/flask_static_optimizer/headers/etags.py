"""Strong ETags of open files, which are the same on every host, path and in every time zone."""

from __future__ import annotations

import hashlib
import io
import os
from typing import IO

from ..assets.files import Identity
from ..assets.fingerprints import etag
from ..config.bounded import Bounded

#: The number of files whose ETags are remembered for each app.
REMEMBERED = 8192

_CHUNK = 1 << 20


class FileETags:
    """A memory of the ETags of open files, each valid until its file changes."""

    def __init__(self) -> None:
        self._known: Bounded[tuple[int, ...], str] = Bounded(REMEMBERED)

    def of(self, file: IO[bytes]) -> str | None:
        """Return the ``ETag`` of an open file's bytes from its current position to its end.

        The file keeps its position. Return ``None`` if the file isn't seekable, or if it changes
        while it is being read.
        """
        seekable = getattr(file, "seekable", None)
        if seekable is None or not seekable():
            return None
        start = file.tell()
        if not (isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO)):
            # It may be a wrapper such as gzip, whose file descriptor gives other bytes.
            return _read(file, start)
        before = _identity(file)
        key = (*before, start)
        known = self._known.get(key)
        if known is not None:
            return known
        found = _read(file, start)
        if _identity(file) != before:
            return None
        if before.settled:
            self._known[key] = found
        return found

    def of_path(self, path: str) -> str | None:
        """Return the ``ETag`` of the file at a path, or ``None`` if the app can't read it."""
        try:
            with open(path, "rb") as file:
                return self.of(file)
        except OSError:  # The path may exist for the front server only, which sends the file.
            return None


def _identity(file: IO[bytes]) -> Identity:
    return Identity.of(os.fstat(file.fileno()))


def _read(file: IO[bytes], start: int) -> str:
    sha = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        sha.update(chunk)
    file.seek(start)
    return etag(sha.hexdigest())
