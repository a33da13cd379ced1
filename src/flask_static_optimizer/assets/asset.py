"""Assets: files of a static folder in the state in which they are served."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from io import FileIO
from math import inf
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from ..http.bodies import SMALL_BODY, FileSlice
from .files import WHOLE, FileChangingError, Identity, Snapshot, read, read_part, unchanged
from .fingerprints import etag, fingerprint, state_etag

if TYPE_CHECKING:
    from .variant import Variant

#: The size in bytes up to which a file is kept in memory in any case.
SMALL = 2**20


#: The seconds for which the files that a stylesheet refers to are taken as unchanged after a look.
#: There may be hundreds, and to look at them costs more than all else that a request does. With the
#: time for which ``url_for`` believes a file it is a second.
LOOK = 0.9

#: What an asset takes in memory beside its bytes, what each of its variants and representations
#: does, and each file on which it depends: measured, in bytes and rounded up.
_ASSET, _VARIANT, _REPRESENTATION, _DEPENDENCY = 2500, 500, 2000, 400


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
    representations: dict[Any, Any] = field(default_factory=dict)
    #: True if the cache folder keeps the bytes, so that later versions can be sent as deltas.
    is_version_kept: bool = False
    #: The value of an ``integrity`` attribute; ``None``: not computed yet.
    integrity: str | None = None
    #: The fingerprint, or the file name with it, for URLs; ``None``: the URL has none.
    version: str | None = None
    #: The time when the version was found, in seconds of the monotonic clock.
    version_found: float = -inf
    #: True if the bytes may displace those of other assets in memory, as they are asked for often.
    is_wanted: bool = False
    #: The number of uses that memory had noted when this asset was last used.
    used: int = 0
    #: The bytes that other modules take to remember which requests the asset answers.
    noted: int = 0

    def weight(self) -> int:
        """Return the number of bytes that it takes."""
        variants = [*(self.variants or {}).values(), *self.deltas.values()]
        return (
            len(self.body or b"")
            + sum(len(variant.body) + _VARIANT for variant in variants)
            + len(self.representations) * _REPRESENTATION
            + self.noted
        )

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
    #: The SHA-256 of the bytes to serve, in hexadecimal; ``None``: not known yet (a large file).
    sha256: str | None
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
    #: True if the file is too large to be hashed while a client waits.
    is_slow: bool = False
    #: The last time the files were seen in this state, in seconds of the monotonic clock.
    seen: float = field(default_factory=monotonic)
    #: The last time that somebody looked at the :attr:`dependencies`, in the same seconds.
    looked: float = float("-inf")
    #: The assets of its folder by name, if it is among them.
    known: MutableMapping[str, Asset] | None = None
    #: The data made from the bytes, stored here by the modules of this package that make it.
    derived: Derived = field(default_factory=Derived)

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
