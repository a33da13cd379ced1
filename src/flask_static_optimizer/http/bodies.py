"""Parts of files as response bodies, whose files are closed whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import IO, Any

#: Bytes read from a file and given to a server at a time. Each time costs more than the copying:
#: threads wake, here and in the client.
CHUNK = 2**20

#: Bytes that a server copies at little cost.
SMALL_BODY = 64 * 2**10


class FileSlice:
    """The bytes of a file from one position to another, themselves a file to read.

    It has no descriptor to hand on: whoever read from that would not be checked.

    :param file: open for reading bytes, and closed by this.
    :param start: the first byte.
    :param stop: the byte after the last.
    :param check: called when the last byte has been read and before it is given away: it raises
        if these were not the right bytes, so that the response ends short rather than wrong.
    """

    def __init__(
        self, file: IO[bytes], start: int, stop: int, check: Callable[[], None] | None = None
    ) -> None:
        self.file = file
        self.start = start
        self.stop = stop
        self._check = check
        self._at = start

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.chunks()
        finally:
            self.close()

    def chunks(self) -> Iterator[bytes]:
        """The bytes; the file stays open.

        :raises EOFError: if the file is shorter by now.
        """
        self.seek(0)
        while chunk := self.read(CHUNK):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, none at the end; a negative size asks for all.

        :raises EOFError: if the file is shorter by now.
        """
        left = self.stop - self._at
        if not left or not size:
            return b""
        self.file.seek(self._at)
        data = self.file.read(left if size < 0 else min(size, left))
        if not data:
            raise EOFError(f"{left} bytes are missing; the file was cut meanwhile")
        self._at += len(data)
        if self._at == self.stop and self._check is not None:
            self._check()
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, counted from the start of the slice, and return it."""
        base = {os.SEEK_SET: self.start, os.SEEK_CUR: self._at, os.SEEK_END: self.stop}[whence]
        self._at = min(max(base + offset, self.start), self.stop)
        return self.tell()

    def tell(self) -> int:
        """The position, counted from the start of the slice."""
        return self._at - self.start

    def seekable(self) -> bool:
        """Whether positions can be gone to."""
        return True

    def cut(self, start: int, stop: int) -> FileSlice:
        """A part of this, over the same file; only one of the two is to be used."""
        return FileSlice(self.file, self.start + start, self.start + stop, self._check)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def wrapped(body: Any, environ: Mapping[str, Any]) -> Any:
    """A body as the server likes to have files, if it says so (PEP 3333, ``wsgi.file_wrapper``)."""
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(body, CHUNK) if wrapper is not None and isinstance(body, FileSlice) else body


def wrapped_bytes(body: Any, environ: Mapping[str, Any]) -> Any:
    """The same for many bytes, which some servers (waitress) copy unless they get a file."""
    if (
        "wsgi.file_wrapper" in environ
        and type(body) is tuple
        and body
        and len(body[0]) > SMALL_BODY
    ):
        (data,) = body
        return wrapped(FileSlice(BytesIO(data), 0, len(data)), environ)
    return body


class Parts:
    """Bytes and slices of one file, one after the other."""

    def __init__(self, parts: Iterable[bytes | FileSlice], close: Callable[[], None]) -> None:
        self._parts = parts
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._parts:
                if isinstance(part, bytes):
                    yield part
                    continue
                yield from part.chunks()
        finally:
            self.close()
