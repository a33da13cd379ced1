"""Assets: files of a static folder in the state in which they are served."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from functools import partial
from io import FileIO
from time import monotonic
from typing import IO

from ..http.bodies import SMALL_BODY, FileSlice
from .derived import Derived
from .files import WHOLE, FileChangingError, Identity, Snapshot, read, read_part, unchanged
from .fingerprints import etag, fingerprint, state_etag

#: The size in bytes up to which a file is kept in memory in any case.
SMALL = 2**20


#: The seconds for which the files that a stylesheet refers to are taken as unchanged after a look.
#: There may be hundreds, and to look at them costs more than all else that a request does. With the
#: time for which ``url_for`` believes a file it is a second.
LOOK = 0.9

#: What an asset takes in memory beside its bytes, and each file on which it depends: measured, in
#: bytes and rounded up.
_ASSET, _DEPENDENCY = 2500, 400


class Asset:
    """A file of a static folder in one state, and the facts about its bytes."""

    __slots__ = (
        "body",
        "breaks_when_old",
        "content_type",
        "dependencies",
        "derived",
        "endpoint",
        "is_module",
        "is_slow",
        "known",
        "looked",
        "name",
        "named_by_hash",
        "named_coding",
        "path",
        "seen",
        "settled",
        "sha256",
        "size",
        "snapshot",
    )

    def __init__(
        self,
        *,
        name: str,
        path: str,
        snapshot: Snapshot,
        body: bytes | None,
        sha256: str | None,
        size: int,
        content_type: str,
        named_coding: str | None,
        named_by_hash: bool,
        is_module: bool,
        breaks_when_old: bool,
        dependencies: tuple[tuple[str, Identity | None], ...] = (),
        settled: bool = True,
        is_slow: bool = False,
        seen: float | None = None,
        endpoint: str = "",
        known: MutableMapping[str, Asset] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.snapshot = snapshot
        #: The bytes to serve, if the file holds others (a rewritten stylesheet) or may change
        #: without a visible sign; else ``None``.
        self.body = body
        #: The SHA-256 of the bytes to serve, in hexadecimal; ``None``: not known yet (a large
        #: file).
        self.sha256 = sha256
        #: The number of bytes to serve.
        self.size = size
        self.content_type = content_type
        #: The content coding that the file's name implies (gzip for ``.svgz``), if any.
        self.named_coding = named_coding
        #: True if the file's name holds a hash of its bytes (a bundler's file).
        self.named_by_hash = named_by_hash
        #: True if it is an ES module, or a script that imports one. Of a file that is named by a
        #: hash nobody asks.
        self.is_module = is_module
        #: True if pages may break while a browser has old bytes.
        self.breaks_when_old = breaks_when_old
        #: The other files on which the bytes depend: path and state (``None``: no such file).
        self.dependencies = dependencies
        #: True if all files that the asset was made from had settled.
        self.settled = settled
        #: True if the file is too large to be hashed while a client waits.
        self.is_slow = is_slow
        #: The last time the files were seen in this state, in seconds of the monotonic clock.
        self.seen = monotonic() if seen is None else seen
        #: The last time that somebody looked at the :attr:`dependencies`, in the same seconds.
        self.looked = float("-inf")
        #: The endpoint of its folder; empty for a file that a view sends.
        self.endpoint = endpoint
        #: The assets of its folder by name, if it is among them.
        self.known = known
        #: The data made from the bytes, stored here by the modules of this package that make it.
        self.derived = Derived()

    @property
    def etag(self) -> str:
        """The ``ETag`` of the bytes without a content coding (RFC 9110 §8.8.3).

        It is a strong one, except for a large file that may change without a sign.
        """
        return self._state_etag() if self.sha256 is None else etag(self.sha256)

    @property
    def former_etag(self) -> str | None:
        """The ``ETag`` that clients got for the same bytes before these were hashed."""
        return self._state_etag() if self.is_slow and self.sha256 is not None else None

    def _state_etag(self) -> str:
        return state_etag(self.snapshot.identity, strong=self.settled)

    @property
    def is_changing(self) -> bool:
        """True if the bytes may be changing and were not hashed: nothing is sure of them."""
        return self.sha256 is None and not self.settled

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the bytes, which stands in URLs, if they were hashed."""
        return None if self.sha256 is None else fingerprint(self.sha256)

    @property
    def last_modified(self) -> int | None:
        """The modification time in whole seconds since the epoch; ``None`` if it is unreliable.

        A rewritten stylesheet also changes with the files that it refers to. A file that has not
        settled may change again within the same second.
        """
        reliable = self.settled and not self.dependencies
        return self.snapshot.identity.last_modified if reliable else None

    def weight(self) -> int:
        """Return the number of bytes that the asset takes, with all that is made from it."""
        own = _ASSET + len(self.body or b"") + len(self.dependencies) * _DEPENDENCY
        return own + self.derived.weight()

    @property
    def bytes_at_hand(self) -> bytes | None:
        """The bytes to serve, or ``None`` if they have to be read from the file."""
        return self.derived.body if self.body is None else self.body

    def forget(self) -> None:
        """Remove the asset from those of its folder, so that it is made again when asked for."""
        if self.known is not None and self.known.get(self.name) is self:
            self.known.pop(self.name, None)

    def is_current(self, *, look: bool = False) -> bool:
        """Return whether all files that the asset was made from are still in the same state.

        Those that a stylesheet refers to are looked at once in :data:`LOOK` seconds. Meanwhile its
        bytes and its fingerprint belong together as before, but they may name an old state of a
        file, which is revalidated under such a URL.

        :param look: whether to look at these in any case.
        """
        if not self.settled:
            return False
        now = monotonic()
        try:
            if not self.snapshot.identity.is_of(os.stat(self.path)):
                return False
        except OSError:
            return False
        if self.dependencies and (look or now - self.looked >= LOOK):
            self.looked = now  # at once, so that no other thread looks, too
            if not all(_is_in_state(path, state) for path, state in self.dependencies):
                self.looked = float("-inf")
                return False
        self.seen = now
        return True

    def read(self) -> bytes:
        """Return the bytes to serve, from memory or from the file.

        :raises FileChangingError: if the file has changed since it was looked up.
        :raises OSError: if the file can't be read.
        """
        known = self.bytes_at_hand
        if known is not None:
            return known
        if self.settled and self.size <= WHOLE:  # the state tells that the bytes are the same
            return read_part(self.path, self.snapshot.identity, 0, self.size)
        now = read(self.path)
        if now.sha256 != self.sha256 or now.data is None:
            raise FileChangingError(f"{self.path} has changed")
        return now.data

    def open(self) -> bytes | FileSlice:
        """Return the bytes to serve, or the open file if it is large (:data:`SMALL_BODY`).

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if the file can't be read.
        """
        known = self.bytes_at_hand
        if known is not None:
            return known
        file = _open(self.path)
        try:
            state = os.fstat(file.fileno())
            if self.is_changing and state.st_size >= self.size:
                return FileSlice(file, 0, self.size)
            if Identity.of(state) != self.snapshot.identity:
                raise FileChangingError(f"{self.path} has been replaced")
            if state.st_size > SMALL_BODY:
                return FileSlice(file, 0, state.st_size, partial(_check, file, state))
            data = file.read(state.st_size + 1)
            _check(file, state)
        except BaseException:
            file.close()
            raise
        file.close()
        return data

    def slice_of(self, file: IO[bytes], state: os.stat_result) -> FileSlice:
        """Return the bytes to serve out of the asset's file, which is open already.

        :param state: the state of the file when it was compared with the asset's.
        """
        return FileSlice(file, 0, self.size, partial(_check, file, state))

    def part(self, start: int, stop: int) -> bytes | FileSlice:
        """Return the bytes from ``start`` to ``stop``, or that slice of the open file.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if the file can't be read.
        """
        known = self.bytes_at_hand
        if known is None and stop - start <= SMALL_BODY and not self.is_changing:
            return read_part(self.path, self.snapshot.identity, start, stop)
        opened = self.open() if known is None else known
        return opened.cut(start, stop) if isinstance(opened, FileSlice) else opened[start:stop]


def _is_in_state(path: str, state: Identity | None) -> bool:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL, a lone surrogate
        return state is None
    return state is not None and state.is_of(found)


def _open(path: str) -> FileIO:
    try:
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise FileChangingError(f"{path} is gone") from None


def _check(file: IO[bytes], state: os.stat_result) -> None:
    if not unchanged(state, os.fstat(file.fileno())):
        raise FileChangingError(
            f"{file.name!r} was rewritten in place while it was sent, so the response ends short."
            " Put new files into place by renaming them."
        )
