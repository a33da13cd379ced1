"""The states of files, and reading a file in a single state."""

from __future__ import annotations

import hashlib
import os
import time
from operator import attrgetter
from typing import NamedTuple

from ..config.bounded import Bounded

#: The age in seconds from which a file's modification time is reliable. Within one tick of a
#: coarse clock (2 s on FAT) a file can change twice and keep its size and time.
SETTLED = 2.0

#: The size in bytes up to which the content of a file is kept when it is read.
WHOLE = 16 * 2**20

#: The largest difference in nanoseconds between the modification and the change time of a file
#: whose modification time is that of its bytes. It is less than :data:`SETTLED` by the second to
#: which HTTP dates are rounded.
_AGREEING = 10**9

_CHUNK = 2**20

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 5


class FileChangingError(OSError):
    """An error for a file that changed while it was read, or since it was looked up."""


#: Returns the fields of :class:`Identity` of a result of ``stat``, for each request for a file.
_of = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


class Identity(NamedTuple):
    """A state of a file, as ``stat`` reports it."""

    device: int
    inode: int
    #: In bytes.
    size: int
    #: The modification time in nanoseconds.
    modified: int
    #: The change time in nanoseconds. Copying tools put an old modification time on new bytes, but
    #: can't set the change time.
    changed: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Identity:
        """Return the state in a result of ``stat`` or ``fstat``."""
        return cls(*_of(stat))

    @classmethod
    def at(cls, path: str) -> Identity | None:
        """Return the state of the file at a path, or ``None`` if none can be reached there."""
        try:
            return cls.of(os.stat(path))
        except (OSError, ValueError):  # ValueError: a NUL, a lone surrogate
            return None

    def is_of(self, stat: os.stat_result) -> bool:
        """Return whether a result of ``stat`` or ``fstat`` describes this state."""
        return bool(_of(stat) == self)

    @property
    def settled(self) -> bool:
        """True if a further change of the file would change its state.

        A change sets the change time to the present. (On Windows, where that is the time of
        creation, it sets the modification time.) Where the file system's clock is ahead of this
        machine's, the state has settled when it was seen for as long.
        """
        now = time.time()
        age = now - self.changed / 1e9
        if age < 0:
            return self._seen_for() > SETTLED
        return age > SETTLED and not 0 <= now - self.modified / 1e9 <= SETTLED

    def _seen_for(self) -> float:
        """Return the seconds since the state was first asked about."""
        now = time.monotonic()
        first = _first_seen.get(self)
        if first is None:
            first = _first_seen[self] = now
        return now - first

    @property
    def last_modified(self) -> int | None:
        """The modification time in whole seconds since the epoch; ``None`` if it says nothing.

        Archives, reproducible builds and copying tools give a fixed or an old time to new bytes.
        The change time shows it, as it is that of the unpacking. Where the two agree within a
        second and have passed for longer than :data:`SETTLED`, any later bytes have a later time.
        """
        agree = abs(self.changed - self.modified) <= _AGREEING
        return self.modified // 10**9 if agree else None


#: When a state with a change time in the future was first asked about.
_first_seen: Bounded[Identity, float] = Bounded(10_000)


class Snapshot(NamedTuple):
    """A file read in one state, with its hash and its bytes."""

    identity: Identity
    #: True if the state had settled when the file was read.
    settled: bool
    #: The SHA-256 of the bytes, in hexadecimal; ``None``: not known.
    sha256: str | None
    #: The bytes, if the file is no larger than :data:`WHOLE`.
    data: bytes | None


def unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether the bytes of an open file are the same as before.

    Replacing or deleting a file sets its change time and its number of links, but leaves its
    bytes as they are.
    """
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return False
    return before.st_ctime_ns == after.st_ctime_ns or before.st_nlink != after.st_nlink


def read(path: str) -> Snapshot:
    """Read a file so that all its bytes come from one state.

    :raises FileChangingError: if the file changes during each attempt.
    :raises OSError: if the file can't be read.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:  # even a sleep of 0 takes longer than to read a small file
            time.sleep(attempt / 1000)
        with open(path, "rb", buffering=0) as file:
            stat = os.fstat(file.fileno())
            before = Identity.of(stat)
            settled = before.settled
            sha = hashlib.sha256()
            chunks = []
            size = 0
            # The size limits the loop, because a file may grow as fast as it is read.
            while size <= before.size and (chunk := file.read(_CHUNK)):
                sha.update(chunk)
                if before.size > WHOLE:
                    time.sleep(0)  # lets other greenlets run
                size += len(chunk)
                if before.size <= WHOLE:
                    chunks.append(chunk)
            same = unchanged(stat, os.fstat(file.fileno()))
        if same and size == before.size:
            data = b"".join(chunks) if before.size <= WHOLE else None
            return Snapshot(before, settled, sha.hexdigest(), data)
        if before.size > WHOLE:
            break
    raise FileChangingError(f"{path} changes while it is read")


def read_part(path: str, state: Identity, start: int, stop: int) -> bytes:
    """Read the bytes from ``start`` to ``stop`` of a file in a given state.

    It makes as few system calls as possible.

    :raises FileChangingError: if the file is in another state.
    :raises OSError: if the file can't be read.
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
