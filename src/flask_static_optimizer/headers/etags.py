"""Strong ETags of open files: the same on every host, path and time zone."""

from __future__ import annotations

import hashlib
import io
import os
from typing import IO

from ..assets.files import WHOLE, Identity
from ..assets.fingerprints import etag
from ..assets.javascript import is_module
from ..config.bounded import Bounded

#: Files remembered for each app.
REMEMBERED = 8192

_CHUNK = 1 << 20


class FileETags:
    """The ETags of open files, remembered for as long as a file stays as it is."""

    def __init__(self) -> None:
        self._known: Bounded[tuple[int, ...], str] = Bounded(REMEMBERED)
        self._modules: Bounded[str, bool] = Bounded(REMEMBERED)

    def of(self, file: IO[bytes]) -> str | None:
        """Return the ``ETag`` of what an open file holds from its present position on.

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
        known = self._known.get(key)
        if known is not None:
            return known
        found = _read(file, start)
        if _identity(file) != before:
            return None
        if before.settled:
            self._known[key] = found
        return found

    def is_module(self, file: IO[bytes], etag: str | None) -> bool:
        """Return whether an open JavaScript file is an ES module.

        :param etag: what :meth:`of` returned for the file.
        """
        if etag is None:
            return True
        known = self._modules.get(etag)
        if known is None:
            start = file.tell()
            source = file.read(WHOLE + 1)
            file.seek(start)
            known = is_module(".js", source if len(source) <= WHOLE else None)
            self._modules[etag] = known
        return known

    def is_module_at(self, path: str, etag: str | None) -> bool:
        """Return whether the JavaScript file at a path is an ES module, or can't be read here.

        :param etag: what :meth:`of_path` returned for the file.
        """
        try:
            with open(path, "rb") as file:
                return self.is_module(file, etag)
        except OSError:
            return True

    def of_path(self, path: str) -> str | None:
        """Return the ``ETag`` of the file at a path, or ``None`` if it can't be read here."""
        try:
            with open(path, "rb") as file:
                return self.of(file)
        except OSError:  # only the front server that is to send it may know the path
            return None


def _identity(file: IO[bytes]) -> Identity:
    return Identity.of(os.fstat(file.fileno()))


def _read(file: IO[bytes], start: int) -> str:
    sha = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        sha.update(chunk)
    file.seek(start)
    return etag(sha.hexdigest())
