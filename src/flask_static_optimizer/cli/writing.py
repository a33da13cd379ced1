"""Bodies of responses written into files, each verified by its ETag and put into place whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class ChangedBytesError(Exception):
    """An error for a body that does not have the bytes of its ETag."""


class Written(NamedTuple):
    """The size in bytes and the SHA-384 of a body that was written."""

    size: int
    sha384: bytes


def etag_of(sha256: str) -> str:
    """Return the 32 hexadecimal characters of the ETag of bytes with a SHA-256."""
    return sha256[:32]


def write_verified(path: Path, etag: str, body: Iterable[bytes], temporary: Path) -> Written:
    """Write a body into a file, which is there in whole or not at all.

    :param path: the file, whose folder is made if it is missing.
    :param etag: the 32 hexadecimal characters of the ETag.
    :param body: the chunks of the body.
    :param temporary: the file that the body is written to first, on the same file system.
    :raises ChangedBytesError: if the ETag is not that of the bytes.
    :raises OSError: if it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256, sha384, size = hashlib.sha256(), hashlib.sha384(), 0
    try:
        # A server runs as another user, who has to read the file. So the umask of this process
        # sets its mode, as for any deployed file.
        with temporary.open("wb") as file:
            for chunk in body:
                sha256.update(chunk)
                sha384.update(chunk)
                size += file.write(chunk)
        if etag_of(sha256.hexdigest()) != etag:
            raise ChangedBytesError
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Written(size, sha384.digest())
