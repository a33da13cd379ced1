"""One state of one file in a static folder, as it is served."""

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

#: Bytes of a file up to which it is read whole when it is sent.
SMALL = 2**20


@dataclass(eq=False, slots=True)
class Derived:
    """The things that were made of an asset's bytes, and that can be made again."""

    #: The bytes to serve, where memory holds them.
    body: bytes | None = None
    #: The coded variants; ``None``: they are still to be made.
    variants: Mapping[str, Variant] | None = None
    #: Deltas from old versions, by the SHA-256 of these.
    deltas: dict[bytes, Variant] = field(default_factory=dict)
    #: Representations by what they depend on.
    representations: dict[Any, Representation] = field(default_factory=dict)
    #: Whether the bytes are kept for deltas from them.
    is_version_kept: bool = False
    #: The value of an ``integrity`` attribute, once it was asked for.
    integrity: str | None = None
    #: What stands for the bytes in URLs; ``None`` where nothing does. ``""``: not asked for yet.
    version: str | None = ""

    def size(self) -> int:
        """Return the bytes that :meth:`let_go` would free."""
        variants = [*(self.variants or {}).values(), *self.deltas.values()]
        return len(self.body or b"") + sum(len(variant.body) for variant in variants)

    def let_go(self) -> None:
        """Forget all that takes memory."""
        self.body = self.variants = None
        self.deltas.clear()
        self.representations.clear()


@dataclass(eq=False, slots=True)
class Asset:
    """One state of a file and what is known of its bytes."""

    name: str
    path: str
    snapshot: Snapshot
    #: The bytes to serve where they are not those of the file (a rewritten stylesheet), or where
    #: the file may change unseen.
    body: bytes | None
    #: SHA-256 of the bytes to serve, in hexadecimal.
    sha256: str
    #: Their number.
    size: int
    content_type: str
    #: The content coding that the file's name implies (``.svgz``), if any.
    named_coding: str | None
    #: Whether its name is its fingerprint (a bundler's file).
    named_by_hash: bool
    #: What else its bytes depend on: paths, and the state of each (``None``: not there).
    dependencies: tuple[tuple[str, Identity | None], ...] = ()
    #: Whether what it was made of had all settled.
    settled: bool = True
    #: When its files were last seen to be in this state, in seconds of the monotonic clock.
    seen: float = field(default_factory=monotonic)
    #: What was made of the bytes; the modules of this room that make it keep it there.
    derived: Derived = field(default_factory=Derived)

    @property
    def etag(self) -> str:
        """The strong ``ETag`` of the bytes without a content coding (RFC 9110 §8.8.3)."""
        return etag(self.sha256)

    @property
    def fingerprint(self) -> str:
        """The characters that stand for the bytes in a URL."""
        return fingerprint(self.sha256)

    @property
    def last_modified(self) -> int | None:
        """Modification time in whole seconds since the epoch, where it says anything.

        The time of a reproducible build is the same for the next one with other bytes; a
        rewritten stylesheet changes with what it refers to; and a file that has not settled may
        change once more within the second.
        """
        when = int(self.snapshot.modified)
        return when if when > 1 and self.settled and not self.dependencies else None

    @property
    def bytes_at_hand(self) -> bytes | None:
        """The bytes to serve, unless they have to be read from the file."""
        return self.derived.body if self.body is None else self.body

    def is_current(self) -> bool:
        """Look whether all files that it was made of are still as they were."""
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
        """Read the bytes to serve.

        :raises FileChangingError: if the file is in another state by now.
        :raises OSError: if it can't be read.
        """
        known = self.bytes_at_hand
        if known is not None:
            return known
        now = read(self.path)
        if now.sha256 != self.sha256 or now.data is None:
            raise FileChangingError(f"{self.path} has changed")
        return now.data

    def open(self) -> bytes | FileSlice:
        """Return the bytes to serve, or the file that they are in if they are many.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if it can't be read.
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
        """Return the bytes to serve from one position to another, or the file that they are in.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if it can't be read.
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
