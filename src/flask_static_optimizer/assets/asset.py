"""One state of one file in a static folder, as it is served."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .files import FileChangingError, Identity, Snapshot, read
from .fingerprints import etag, fingerprint

if TYPE_CHECKING:
    from .variant import Variant


@dataclass(eq=False, slots=True)
class Asset:
    """One state of a file and what is known of its bytes. Nothing of it changes but the memory of
    what was made of it."""

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
    #: Set by who serves it: its coded variants, and header fields by what they depend on.
    variants: Mapping[str, Variant] | None = None
    headers: dict[Any, list[tuple[str, str]]] = field(default_factory=dict)
    #: Set where deltas are made: whether the bytes are kept for them, and those from old versions
    #: by their SHA-256.
    kept: bool = False
    deltas: dict[bytes, Variant] = field(default_factory=dict)
    #: Set where files are held in memory: the bytes to serve.
    held: bytes | None = None
    #: Set by the express lane: the keys of the answers that it remembers, what makes it forget
    #: them, and until when (in seconds of the monotonic clock) it believes the file to be the same.
    answers: set[tuple[str | None, ...]] = field(default_factory=set)
    forget: Callable[[Asset], None] | None = None
    believed_until: float = 0.0
    #: Set by who builds URLs: what stands for the bytes there, and until when that is believed.
    version: str | None = None
    version_until: float = 0.0
    #: Set when it was asked for: :func:`integrity.of`.
    integrity: str | None = None

    @property
    def etag(self) -> str:
        """The strong ``ETag`` of the bytes without a content coding (RFC 9110 §8.8.3)."""
        return etag(self.sha256)

    @property
    def fingerprint(self) -> str:
        """What stands for the bytes in a URL."""
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

    def is_current(self) -> bool:
        """Whether all files that it was made of are still as they were."""
        if not self.settled:
            return False
        try:
            if not self.snapshot.identity.is_of(os.stat(self.path)):
                return False
        except OSError:
            return False
        return all(Identity.at(path) == state for path, state in self.dependencies)

    def read(self) -> bytes:
        """The bytes to serve.

        :raises FileChangingError: if the file is in another state by now.
        :raises OSError: if it can't be read.
        """
        known = self.held if self.body is None else self.body
        if known is not None:
            return known
        now = read(self.path)
        if now.sha256 != self.sha256 or now.data is None:
            raise FileChangingError(f"{self.path} has changed")
        return now.data

    def bytes_held(self) -> int:
        """Bytes that :meth:`let_go` would free."""
        variants = [*(self.variants or {}).values(), *self.deltas.values()]
        return len(self.held or b"") + sum(len(variant.body) for variant in variants)

    def let_go(self) -> None:
        """Forget what was made of the bytes; it is made again when it is asked for.

        Memory calls this under its lock, so nothing in here may ask it.
        """
        self.held = self.variants = None
        self.deltas.clear()
        if self.forget is not None:
            self.forget(self)
