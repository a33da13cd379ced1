"""Files whose bytes are known: what tells two states of a file apart, and reading one of them."""

from __future__ import annotations

import hashlib
import os
import time
from typing import NamedTuple

#: Seconds before a file's modification time is believed: within one tick of a coarse clock
#: (2 s on FAT) a file can change twice and keep its size and time.
SETTLED = 2.0

#: Bytes of a file up to which it is read whole, rather than in chunks.
WHOLE = 16 * 2**20

_CHUNK = 2**20

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 5


class FileChangingError(OSError):
    """A file was being written each time that it was read."""


class Identity(NamedTuple):
    """One state of one file."""

    device: int
    inode: int
    #: Bytes.
    size: int
    #: Nanoseconds. The change time too: copying tools put an old modification time on new bytes.
    stamp: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Identity:
        """The state that ``stat`` or ``fstat`` speaks of."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns))

    @classmethod
    def at(cls, path: str) -> Identity | None:
        """The state of the file at a path, or ``None`` if none can be reached there."""
        try:
            return cls.of(os.stat(path))
        except (OSError, ValueError):  # ValueError: a NUL, a lone surrogate
            return None

    def is_of(self, stat: os.stat_result) -> bool:
        """Whether ``stat`` or ``fstat`` speaks of this state."""
        return (
            max(stat.st_mtime_ns, stat.st_ctime_ns) == self.stamp
            and stat.st_size == self.size
            and stat.st_ino == self.inode
            and stat.st_dev == self.device
        )

    @property
    def settled(self) -> bool:
        """Whether another state of the file would look different by now."""
        return time.time() - self.stamp / 1e9 > SETTLED


class Snapshot(NamedTuple):
    """One state of a file and its bytes."""

    identity: Identity
    #: Whether another state would have looked different when it was read.
    settled: bool
    #: SHA-256 in hexadecimal.
    sha256: str
    #: The bytes, of a file up to :data:`WHOLE`.
    data: bytes | None
    #: Modification time in seconds since the epoch.
    modified: float


def unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether the bytes of one open file are the same as before.

    Being replaced or deleted touches the change time of a file too, and none of its bytes.
    """
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return False
    return before.st_ctime_ns == after.st_ctime_ns or before.st_nlink != after.st_nlink


def read(path: str) -> Snapshot:
    """Read a file and know that all its bytes are of one state.

    :raises FileChangingError: if it changes again and again while it is read.
    :raises OSError: if it can't be read.
    """
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt / 1000)
        with open(path, "rb", buffering=0) as file:
            stat = os.fstat(file.fileno())
            before = Identity.of(stat)
            settled = before.settled
            sha = hashlib.sha256()
            chunks = []
            size = 0
            # No further: one that is appended to may grow as fast as it is read.
            while size <= before.size and (chunk := file.read(_CHUNK)):
                sha.update(chunk)
                size += len(chunk)
                if before.size <= WHOLE:
                    chunks.append(chunk)
            same = unchanged(stat, os.fstat(file.fileno()))
        if same and size == before.size:
            data = b"".join(chunks) if before.size <= WHOLE else None
            return Snapshot(before, settled, sha.hexdigest(), data, stat.st_mtime)
    raise FileChangingError(f"{path} changes while it is read")


def read_part(path: str, state: Identity, start: int, stop: int) -> bytes:
    """Some bytes of a file that is in a certain state, with as few calls as that takes.

    :raises FileChangingError: if it is in another state.
    :raises OSError: if it can't be read.
    """
    descriptor = os.open(path, _READ)
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
        data = os.read(descriptor, stop - start)
        same = state.is_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if not same or len(data) != stop - start:
        raise FileChangingError(f"{path} has changed")
    return data
