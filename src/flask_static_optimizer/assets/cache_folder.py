"""The cache folder, which keeps variants and old versions across processes."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock

_HASH = 32

#: The names of variants, of old versions, of the hashes and the copies of large files, and of files
#: that a killed process left unfinished.
_VARIANT = re.compile(r"variants/[0-9a-f]{2}/[0-9a-f]{64}\.(?:best|quick)\.[a-z]+")
_VERSION = re.compile(r"versions/[0-9a-f]{64}/[0-9a-f]{64}")
_SHA256 = re.compile(r"hashes/[0-9a-f]{2}/[0-9a-f]{64}")
_COPY = re.compile(r"copies/[0-9a-f]{2}/[0-9a-f]{64}")
_UNFINISHED = re.compile(
    r"(?:(?:variants|hashes|copies)/[0-9a-f]{2}|versions/[0-9a-f]{64})/\.new-[^/]+"
)

_FOLDERS = ("variants", "versions", "hashes", "copies")
_KINDS = (_VARIANT, _VERSION, _SHA256, _COPY, _UNFINISHED)

#: The age in seconds after which no process is still writing an unfinished file.
_ABANDONED = 3600

#: The fraction of the limit by which the folder may grow before its size is checked.
_SLACK = 0.05


class CacheFolder:
    """A folder with files by name, which several processes share and which may be deleted.

    Each file begins with the SHA-256 of the rest, so a truncated or damaged file counts as
    missing. Only copies are the bytes alone, and have their SHA-256 as their name. Files are put
    into place by renaming. Above the limit the least recently used files are removed first. Files
    that this class did not write are left alone.

    :param folder: the path; the folder is created at the first write.
    :param limit: the largest size in bytes; 0: nothing is kept.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(self, folder: str, limit: int, warn: Callable[[object, str], None]) -> None:
        self._folder = Path(folder)
        self.limit = limit
        self._warn = warn
        self._lock = Lock()
        # Bytes written since the last check of the size; infinite, so that the first write checks.
        self._grown = float("inf")

    def path(self, name: str) -> Path:
        """Return the path of the file with this name."""
        return self._folder / name

    def get(self, name: str, begins: str = "") -> bytes | None:
        """Return the data kept under a name; ``None`` if it is missing or damaged.

        :param begins: the beginning of the data's SHA-256, in hexadecimal. Other data counts as
            missing.
        """
        path = f"{self._folder}/{name}"  # a Path would cost as much as the file
        try:
            with open(path, "rb", buffering=0) as file:
                stat = os.fstat(file.fileno())
                content = file.read(stat.st_size)
                head, data = content[:_HASH], content[_HASH:]
        except FileNotFoundError:
            return None
        except OSError as error:
            self._report(error)
            return None
        if hashlib.sha256(data).digest() != head:
            self.remove(name)
            return None
        _note_use(path, stat)
        return data if head.hex().startswith(begins) else None

    def open(self, name: str) -> FileIO | None:
        """Return the open file with this name, unread; ``None`` if it is missing.

        The caller closes it.
        """
        path = self.path(name)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._report(error)
            return None
        _note_use(path, os.fstat(file.fileno()))
        return file

    def put(self, name: str, data: bytes) -> bool:
        """Keep data under a name.

        :returns: whether it was written.
        """
        head = hashlib.sha256(data).digest()
        # A build as root may write for a server that is not.
        return self.keep(name, lambda: (head, data), _HASH + len(data), mode=0o644)

    def keep(
        self, name: str, pieces: Callable[[], Iterable[bytes]], size: int, *, mode: int = 0o600
    ) -> bool:
        """Keep bytes under a name, as they are.

        :param pieces: returns the bytes, piece by piece. It may be called again.
        :param size: the number of bytes.
        :param mode: who may read and write the file, as ``chmod`` has it.
        :returns: whether they were written.
        """
        if size > self.limit:
            return False
        path = self.path(name)
        try:
            try:
                _write(path, pieces(), mode)
            except FileNotFoundError:  # another process has just deleted the folder
                _write(path, pieces(), mode)
        except OSError as error:
            self._report(error)
            return False
        self._grow(size)
        return True

    def remove(self, name: str) -> bool:
        """Remove the file with this name.

        :returns: whether there was one and it was removed.
        """
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._report(error)
            return False
        return True

    def sweep(self) -> None:
        """Remove the unfinished files of killed processes that are more than an hour old."""
        for name, modified, _ in list(self._all()):
            if _UNFINISHED.fullmatch(name) and time.time() - modified > _ABANDONED:
                self.remove(name)

    def names(self) -> list[str]:
        """Return the names of all files that are kept, and of the unfinished ones."""
        return [name for name, _, _ in self._all()]

    def keep_no_more(self) -> None:
        """Keep no more files. Those that are kept can be read.

        A folder that can't be written is reported all the same.
        """
        if not self.limit:
            return
        self.limit = 0
        was_there = self._folder.exists()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self._folder).close()
        except OSError as error:
            self._report(error)
            return
        if not was_there:
            with suppress(OSError):  # another process has put files into it
                self._folder.rmdir()

    def remember_version(self, key: str, sha256: str, data: bytes, keep: int) -> None:
        """Keep the current version of an asset, and the latest ``keep`` versions before it."""
        folder = _versions(key)
        name = f"{folder}/{sha256}"
        if self.get(name) is None:
            self.put(name, data)
        with suppress(OSError):
            os.utime(self.path(name))
        for old in self.versions(key)[keep + 1 :]:
            self.remove(f"{folder}/{old}")

    def version(self, key: str, sha256: str) -> bytes | None:
        """Return the version of an asset with this SHA-256 (hexadecimal), if it is kept."""
        data = self.get(f"{_versions(key)}/{sha256}")
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def versions(self, key: str) -> list[str]:
        """Return the SHA-256 of each kept version of an asset, newest first."""
        found = (file for file in self._files(_versions(key)) if _VERSION.fullmatch(file[0]))
        return [name.rpartition("/")[2] for name, _, _ in sorted(found, key=lambda file: -file[1])]

    def _grow(self, size: int) -> None:
        with self._lock:
            self._grown += size
            if self._grown <= self.limit * _SLACK:
                return
            self._grown = 0
        self.sweep()
        files = sorted(self._all(), key=lambda file: file[1])
        excess = sum(size for _, _, size in files) - self.limit
        for name, _, size in files:
            if excess <= 0:
                break
            if _UNFINISHED.fullmatch(name):
                continue  # another process may be writing it
            self.remove(name)
            excess -= size

    def _all(self) -> Iterator[tuple[str, float, int]]:
        for folder in _FOLDERS:
            yield from self._files(folder)

    def _files(self, below: str) -> Iterator[tuple[str, float, int]]:
        """Yield name, time of last use (in seconds) and size (in bytes) of each file kept below."""
        # Folders that another process removes meanwhile are skipped.
        for place, _, names in os.walk(self.path(below)):
            folder = Path(place).relative_to(self._folder).as_posix()
            for base in names:
                name = f"{folder}/{base}"
                if any(kind.fullmatch(name) for kind in _KINDS):
                    with suppress(FileNotFoundError):
                        stat = self.path(name).stat()
                        yield name, stat.st_mtime_ns / 1e9, stat.st_size

    def _report(self, error: OSError) -> None:
        self._warn(
            ("cache_folder", error.errno),
            f"static_optimizer: compressed files, old versions and copies can't be kept: {error}."
            " Make STATIC_OPTIMIZER_CACHE_DIR a folder that the app can write to.",
        )


def _write(path: Path, pieces: Iterable[bytes], mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "wb") as file:
            file.writelines(pieces)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _note_use(path: str | Path, state: os.stat_result) -> None:
    """Note the time of a file's use, accurate to an hour, as its modification time."""
    if time.time() - state.st_mtime > 3600:
        with suppress(OSError):
            os.utime(path)


def is_made_by_build(name: str) -> bool:
    """Return whether only builds make a file of this name."""
    return _VARIANT.fullmatch(name) is not None and ".best." in name


def is_build_name(name: str) -> bool:
    """Return whether a name is that of a variant or of a hash, which builds make."""
    return any(kind.fullmatch(name) for kind in (_VARIANT, _SHA256))


def variant_name(sha256: str, coding: str, *, best: bool) -> str:
    """Return the name of a variant of the bytes with this SHA-256."""
    return f"variants/{sha256[:2]}/{sha256}.{'best' if best else 'quick'}.{coding}"


def copy_name(sha256: str) -> str:
    """Return the name of the copy of a file whose bytes have this SHA-256."""
    return f"copies/{sha256[:2]}/{sha256}"


def _versions(key: str) -> str:
    return f"versions/{hashlib.sha256(key.encode()).hexdigest()}"
