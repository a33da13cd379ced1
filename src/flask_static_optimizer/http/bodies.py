"""Parts of files as response bodies, whose files are closed whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO

CHUNK = 256 * 2**10


class FileSlice:
    """The bytes of a file from one position to another.

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

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.chunks()
        finally:
            self.close()

    def chunks(self) -> Iterator[bytes]:
        """The bytes; the file stays open.

        :raises EOFError: if the file is shorter by now.
        """
        self.file.seek(self.start)
        left = self.stop - self.start
        while left:
            chunk = self.file.read(min(CHUNK, left))
            left -= len(chunk)
            if not chunk:
                raise EOFError(f"{left} bytes are missing; the file was cut meanwhile")
            if not left and self._check is not None:
                self._check()
            yield chunk

    def cut(self, start: int, stop: int) -> FileSlice:
        """A part of this, over the same file; only one of the two is to be used."""
        return FileSlice(self.file, self.start + start, self.start + stop, self._check)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


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
