"""Assets: files of a static folder in the state in which they are served."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from io import FileIO
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..http.bodies import CHUNK, FileSlice
from .files import FileChangingError, Identity, Snapshot, read, read_part, unchanged
from .fingerprints import etag, fingerprint

if TYPE_CHECKING:
    from .representation import Representation
    from .variant import Variant

#: The size in bytes up to which a file is read whole when it is sent.
SMALL = 2**20


@dataclass(eq=False, slots=True)
class Derived:
    """The data made from an asset's bytes, which can be made again."""

    #: The bytes to serve, if memory holds them.
    body: bytes | None = None
    #: The variants by content coding; ``None``: not made yet.
    variants: Mapping[str, Variant] | None = None
    #: The deltas from old versions, by the SHA-256 of the old version.
    deltas: dict[bytes, Variant] = field(default_factory=dict)
    #: The representations, by the values that they depend on.
    representations: dict[Any, Representation] = field(default_factory=dict)
    #: True if the cache folder keeps the bytes, so that later versions can be sent as deltas.
    is_version_kept: bool = False
    #: The value of an ``integrity`` attribute; ``None``: not computed yet.
    integrity: str | None = None
    #: The fingerprint, or the file name with it, for URLs; ``None``: the URL has none; ``""``: not
    #: computed yet.
    version: str | None = ""

    def size(self) -> int:
        """Return the number of bytes that :meth:`let_go` would free."""
        variants = [*(self.variants or {}).values(), *self.deltas.values()]
        return len(self.body or b"") + sum(len(variant.body) for variant in variants)

    def let_go(self) -> None:
        """Forget the body, the variants, the deltas and the representations."""
        self.body = self.variants = None
        self.deltas.clear()
        self.representations.clear()


@dataclass(eq=False, slots=True)
class Asset:
    """A file of a static folder in one state, and the facts about its bytes."""

    name: str
    path: str
    snapshot: Snapshot
    #: The bytes to serve, if the file holds others (a rewritten stylesheet) or may change without a
    #: visible sign; else ``None``.
    body: bytes | None
    #: The SHA-256 of the bytes to serve, in hexadecimal.
    sha256: str
    #: The number of bytes to serve.
    size: int
    content_type: str
    #: The content coding that the file's name implies (gzip for ``.svgz``), if any.
    named_coding: str | None
    #: True if the file's name holds a hash of its bytes (a bundler's file).
    named_by_hash: bool
    #: True if it is an ES module, or a script that imports one. Of a file that is named by a hash
    #: nobody asks.
    is_module: bool
    #: True if pages may break while a browser has old bytes.
    breaks_when_old: bool
    #: The other files on which the bytes depend: path and state (``None``: no such file).
    dependencies: tuple[tuple[str, Identity | None], ...] = ()
    #: True if all files that the asset was made from had settled.
    settled: bool = True
    #: The last time the files were seen in this state, in seconds of the monotonic clock.
    seen: float = field(default_factory=monotonic)
    #: The data made from the bytes, stored here by the modules of this package that make it.
    derived: Derived = field(default_factory=Derived)

    @property
    def etag(self) -> str:
        """The strong ``ETag`` of the bytes without a content coding (RFC 9110 §8.8.3)."""
        return etag(self.sha256)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the bytes, which stands in URLs."""
        return fingerprint(self.sha256)

    @property
    def last_modified(self) -> int | None:
        """The modification time in whole seconds since the epoch; ``None`` if it is unreliable.

        Reproducible builds give one fixed time to files with different bytes. A rewritten
        stylesheet also changes with the files that it refers to. A file that has not settled may
        change again within the same second.
        """
        when = int(self.snapshot.modified)
        return when if when > 1 and self.settled and not self.dependencies else None

    @property
    def bytes_at_hand(self) -> bytes | None:
        """The bytes to serve, or ``None`` if they have to be read from the file."""
        return self.derived.body if self.body is None else self.body

    def is_current(self) -> bool:
        """Return whether all files that the asset was made from are still in the same state."""
        if not self.settled:
            return False
        now = monotonic()
        try:
            if not self.snapshot.identity.is_of(os.stat(self.path)):
                return False
        except OSError:
            return False
        if self.dependencies and not all(
            Identity.at(path) == state for path, state in self.dependencies
        ):
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
        now = read(self.path)
        if now.sha256 != self.sha256 or now.data is None:
            raise FileChangingError(f"{self.path} has changed")
        return now.data

    def open(self) -> bytes | FileSlice:
        """Return the bytes to serve, or the open file if it is larger than :data:`SMALL`.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if the file can't be read.
        """
        known = self.bytes_at_hand
        if known is not None:
            return known
        file = _open(self.path)
        try:
            state = os.fstat(file.fileno())
            if Identity.of(state) != self.snapshot.identity:
                raise FileChangingError(f"{self.path} has been replaced")
            if state.st_size > SMALL:
                return FileSlice(file, 0, state.st_size, partial(_check, file, state))
            data = file.read(state.st_size + 1)
            _check(file, state)
        except BaseException:
            file.close()
            raise
        file.close()
        return data

    def part(self, start: int, stop: int) -> bytes | FileSlice:
        """Return the bytes from ``start`` to ``stop``, or that slice of the open file.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if the file can't be read.
        """
        known = self.bytes_at_hand
        if known is None and stop - start <= CHUNK:
            return read_part(self.path, self.snapshot.identity, start, stop)
        opened = self.open() if known is None else known
        return opened.cut(start, stop) if isinstance(opened, FileSlice) else opened[start:stop]


def _open(path: str) -> FileIO:
    try:
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise FileChangingError(f"{path} is gone") from None


def _check(file: FileIO, state: os.stat_result) -> None:
    if not unchanged(state, os.fstat(file.fileno())):
        raise FileChangingError(
            f"{file.name!r} was rewritten in place while it was sent, so the response ends short."
            " Put new files into place by renaming them."
        )
