"""Strong ETags of open files: the same on every host, path and time zone."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from typing import IO

from ..assets.files import Identity
from ..assets.fingerprints import etag, state_etag
from ..config.bounded import Bounded

#: Files remembered for each app.
REMEMBERED = 8192

_CHUNK = 1 << 20


class FileETags:
    """The ETags of open files, remembered for as long as a file stays as it is.

    :param is_slow: returns whether hashing a file in a state would keep a client waiting. The ETag
        of such a file is made of its state.
    """

    def __init__(self, is_slow: Callable[[Identity], bool]) -> None:
        self._is_slow = is_slow
        self._known: Bounded[tuple[int, ...], str] = Bounded(REMEMBERED)

    def of(self, file: IO[bytes]) -> str | None:
        """Return the ``ETag`` of what an open file holds from its present position on.

        The position is left where it was. ``None`` if the file can't be sought in, or changes
        while it is being read.
        """
        seekable = getattr(file, "seekable", None)
        if seekable is None or not seekable():
            return None
        start = file.tell()
        if not is_plain_file(file):
            return _read(file, start)
        before = _identity(file)
        key = (*before, start)
        known = self._known.get(key)
        if known is not None:
            return known
        if self._is_slow(before):
            return state_etag(key, strong=before.settled)
        found = _read(file, start)
        if _identity(file) != before:
            return None
        if before.settled:
            self._known[key] = found
        return found

    def of_path(self, path: str) -> str | None:
        """Return the ``ETag`` of the file at a path, or ``None`` if it can't be read here."""
        try:
            with open(path, "rb") as file:
                return self.of(file)
        except OSError:  # only the front server that is to send it may know the path
            return None


def is_plain_file(file: object) -> bool:
    """Return whether an object is an open file itself.

    The descriptor of something around a file leads to other bytes (gzip).
    """
    return isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO)


def _identity(file: IO[bytes]) -> Identity:
    return Identity.of(os.fstat(file.fileno()))


def _read(file: IO[bytes], start: int) -> str:
    sha = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        sha.update(chunk)
    file.seek(start)
    return etag(sha.hexdigest())
