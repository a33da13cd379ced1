"""Parts of files as response bodies. The files are closed whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import IO, Any

#: Bytes read from a file and given to the server at a time. A client that does not read holds as
#: many in memory, and there may be thousands of such clients.
CHUNK = 64 * 2**10

#: A body of up to this many bytes is copied by a server at little cost.
SMALL_BODY = 64 * 2**10


class FileSlice:
    """A part of a file, from one position to another, which can be read like a file.

    As a body it yields what is left of it in chunks, and whoever got it closes it.

    It has no ``fileno``: a server that read from the descriptor would bypass ``check``, and send
    bytes of two states where the file is rewritten meanwhile.

    :param file: a file open for reading bytes. The slice closes it.
    :param start: the position of the first byte.
    :param stop: the position after the last byte.
    :param check: called when the last byte was read and before it is returned. It raises an
        exception if the bytes were not the right ones, so that the response ends too short: the
        client then knows that it is broken.
    :param chunk: the number of bytes that are read at a time.
    """

    def __init__(
        self,
        file: IO[bytes],
        start: int,
        stop: int,
        check: Callable[[], None] | None = None,
        chunk: int = CHUNK,
    ) -> None:
        self.chunk = chunk
        self.file = file
        self.start = start
        self.stop = stop
        self._check = check
        self._at = start

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.read(self.chunk)
        if not chunk:
            raise StopIteration
        return chunk

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left if it is negative, and none at the end.

        :raises EOFError: if the file has become shorter meanwhile.
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
        """Set the position, counted from the start of the slice, and return it."""
        base = {os.SEEK_SET: self.start, os.SEEK_CUR: self._at, os.SEEK_END: self.stop}[whence]
        self._at = min(max(base + offset, self.start), self.stop)
        return self.tell()

    def tell(self) -> int:
        """Return the position, counted from the start of the slice."""
        return self._at - self.start

    def seekable(self) -> bool:
        """Return ``True``, since :meth:`seek` works."""
        return True

    def cut(self, start: int, stop: int) -> FileSlice:
        """Return a part of this slice over the same file. Only one of the two may be used."""
        return FileSlice(self.file, self.start + start, self.start + stop, self._check)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class MemorySlice(FileSlice):
    """A body of bytes in memory that is read like a file, at once, which copies nothing.

    A hook can tell: Werkzeug refuses to read or change a file's body implicitly.

    :param data: the bytes.
    """

    start = 0
    _check = None

    def __init__(self, data: bytes) -> None:
        self.chunk = self.stop = len(data)
        self._at = 0
        self._data = data

    @property
    def file(self) -> IO[bytes]:  # type: ignore[override]
        """A file with the bytes, at the same position."""
        file = BytesIO(self._data)
        file.seek(self._at)
        return file

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left if it is negative, and none at the end."""
        start = self._at
        self._at = self.stop if size < 0 else min(start + size, self.stop)
        return self._data[start : self._at]

    def cut(self, start: int, stop: int) -> FileSlice:
        """Return a part of these bytes."""
        return FileSlice(BytesIO(self._data), start, stop)

    def close(self) -> None:
        """Do nothing, as there is nothing to close."""


class CopySlice(FileSlice):
    """A part of a file that nobody changes, so that a server may read from the descriptor.

    :param whole: whether the part is the whole file.
    """

    def __init__(self, file: IO[bytes], start: int, stop: int, *, whole: bool) -> None:
        super().__init__(file, start, stop)
        self.whole = whole

    def fileno(self) -> int:
        """Return the file's descriptor, whose position is that of the slice."""
        self.file.seek(self._at)
        return self.file.fileno()

    def cut(self, start: int, stop: int) -> FileSlice:
        """Return a part of this slice over the same file. Only one of the two may be used."""
        return CopySlice(self.file, self.start + start, self.start + stop, whole=False)


def wrapped(body: Any, environ: Mapping[str, Any]) -> Any:
    """Return a body in the server's ``wsgi.file_wrapper`` (PEP 3333), if it is a file slice."""
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is None or not isinstance(body, FileSlice):
        return body
    if isinstance(body, CopySlice) and not body.whole and not _sends_parts(environ):
        body = FileSlice(body.file, body.start, body.stop)
    return wrapper(body, body.chunk)


def _sends_parts(environ: Mapping[str, Any]) -> bool:
    """Return whether a server sends a part of a file as PEP 3333 says: from its position, so far.

    Gunicorn does. uWSGI sends from the beginning, bjoern to the end of the file.
    """
    return str(environ.get("SERVER_SOFTWARE", "")).startswith("gunicorn")


def part(data: bytes, start: int, stop: int) -> bytes | FileSlice:
    """Return a part of some bytes. A large one is read like a file, so that it is not copied."""
    if stop - start <= SMALL_BODY:
        return data[start:stop]
    return FileSlice(BytesIO(data), start, stop)


def wrapped_bytes(body: Any, environ: Mapping[str, Any]) -> Any:
    """Return a large body of bytes in the server's ``wsgi.file_wrapper``, as if it were a file.

    Some servers, such as waitress, copy bytes, but not files.
    """
    if (
        "wsgi.file_wrapper" in environ
        and type(body) is tuple
        and body
        and len(body[0]) > SMALL_BODY
    ):
        return wrapped(MemorySlice(body[0]), environ)
    return body


def sent(*chunks: bytes) -> Iterator[bytes]:
    """Yield the chunks of a body, as an iterator that can be closed.

    So are all bodies that Flask returns, and some middleware takes it for granted.
    """
    yield from chunks


class Chunks:
    """A body of chunks that calls a function when it is closed."""

    __slots__ = ("_chunks", "close")

    def __init__(self, chunks: Iterable[bytes], close: Callable[[], None]) -> None:
        self._chunks = iter(chunks)
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def __next__(self) -> bytes:
        return next(self._chunks)


class Parts(Chunks):
    """A body of bytes and slices of one file, one after the other."""

    __slots__ = ()

    def __init__(self, parts: Iterable[bytes | FileSlice], close: Callable[[], None]) -> None:
        super().__init__(_joined(parts, close), close)


def _joined(parts: Iterable[bytes | FileSlice], close: Callable[[], None]) -> Iterator[bytes]:
    try:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part
    finally:
        close()
