"""Strong ETags of open files, which are the same on every host, path and in every time zone."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable
from typing import IO

from ..assets.files import WHOLE, Identity
from ..assets.fingerprints import etag, state_etag
from ..assets.javascript import is_module
from ..config.bounded import Bounded

#: The number of files whose ETags are remembered for each app.
REMEMBERED = 8192

_CHUNK = 1 << 20

#: The ``ETag`` that Werkzeug's ``send_file`` gives to a file: its mtime in seconds, its size in
#: bytes and a checksum of its path.
_OF_SEND_FILE = re.compile(r'"[0-9]+\.[0-9]+-[0-9]+-[0-9]+"')


class FileETags:
    """A memory of the ETags of open files, each valid until its file changes.

    :param is_slow: returns whether hashing a file in a state would keep a client waiting. The ETag
        of such a file is made of its state.
    """

    def __init__(self, is_slow: Callable[[Identity], bool]) -> None:
        self._is_slow = is_slow
        self._known: Bounded[tuple[int, ...], str] = Bounded(REMEMBERED)
        self._modules: Bounded[str, bool] = Bounded(REMEMBERED)

    def of(self, file: IO[bytes]) -> str | None:
        """Return the ``ETag`` of an open file's bytes from its current position to its end.

        The file keeps its position. Return ``None`` if the file isn't seekable, or if it changes
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
        """Return the ``ETag`` of the file at a path, or ``None`` if the app can't read it."""
        try:
            with open(path, "rb") as file:
                return self.of(file)
        except OSError:  # The path may exist for the front server only, which sends the file.
            return None


def made_by_send_file(etag: str) -> bool:
    """Return whether Werkzeug's ``send_file`` has made an ``ETag``; any other is the view's own."""
    return _OF_SEND_FILE.fullmatch(etag) is not None


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
