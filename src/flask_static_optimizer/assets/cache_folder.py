"""The folder in which is kept what took time to make."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

_HASH = 32

#: What is kept, and what a process that was killed has left half written.
_VARIANT = re.compile(r"variants/[0-9a-f]{2}/[0-9a-f]{64}\.(?:best|quick)\.[a-z]+")
_VERSION = re.compile(r"versions/[0-9a-f]{64}/[0-9a-f]{64}")
_UNFINISHED = re.compile(r"(?:variants/[0-9a-f]{2}|versions/[0-9a-f]{64})/\.new-[^/]+")

#: Seconds after which nobody is still writing that.
_ABANDONED = 3600

#: Bytes that the folder may grow by, or parts of its limit, before it is looked through.
_SLACK = 0.05


class CacheFolder:
    """Bytes by name in a folder that several processes share and anybody may delete.

    Each file begins with the SHA-256 of the rest, so that what is cut off or damaged counts as
    missing. Files are put into place by renaming. What was used longest ago goes first when
    there is more than the limit; files of others in the folder are left alone.

    :param folder: made when it is first written to.
    :param limit: bytes; 0: nothing is kept.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(self, folder: str, limit: int, warn: Callable[[object, str], None]) -> None:
        self._folder = Path(folder)
        self._limit = limit
        self._warn = warn
        self._lock = Lock()
        # Written since the folder was last looked through; the first time it is.
        self._grown = float("inf")

    def path(self, name: str) -> Path:
        """Where what has a name is kept."""
        return self._folder / name

    def get(self, name: str) -> bytes | None:
        """What was kept under a name, if it is there and whole."""
        path = self.path(name)
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                head, data = file.read(_HASH), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._report(error)
            return None
        if hashlib.sha256(data).digest() != head:
            self.remove(name)
            return None
        if time.time() - stat.st_mtime > 3600:  # the time of use, to within an hour
            with suppress(OSError):
                os.utime(path)
        return data

    def put(self, name: str, data: bytes) -> bool:
        """Keep something under a name, and say whether that could be done."""
        if not self._limit:
            return False
        try:
            try:
                self._write(self.path(name), data)
            except FileNotFoundError:  # somebody has just deleted the folder
                self._write(self.path(name), data)
        except OSError as error:
            self._report(error)
            return False
        self._grow(len(data) + _HASH)
        return True

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(hashlib.sha256(data).digest())
                file.write(data)
            os.chmod(temporary, 0o644)  # made by root, perhaps, for a server that is not
            os.replace(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def remove(self, name: str) -> bool:
        """Take out what has a name, and say whether there was anything."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._report(error)
            return False
        return True

    def sweep(self) -> None:
        """Take away what was being written when a process was killed, an hour ago or more."""
        for name, modified, _ in [*self._files("variants"), *self._files("versions")]:
            if _UNFINISHED.fullmatch(name) and time.time() - modified > _ABANDONED:
                self.remove(name)

    def remember_version(self, key: str, sha256: str, data: bytes, keep: int) -> None:
        """Keep an asset's bytes as they are now, and the latest ``keep`` before them."""
        folder = _versions(key)
        name = f"{folder}/{sha256}"
        if self.get(name) is None:
            self.put(name, data)
        with suppress(OSError):
            os.utime(self.path(name))
        for old in self.versions(key)[keep + 1 :]:
            self.remove(f"{folder}/{old}")

    def version(self, key: str, sha256: str) -> bytes | None:
        """The version of an asset with this SHA-256, in hexadecimal."""
        data = self.get(f"{_versions(key)}/{sha256}")
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def versions(self, key: str) -> list[str]:
        """SHA-256 of the versions of an asset, newest first."""
        found = (file for file in self._files(_versions(key)) if _VERSION.fullmatch(file[0]))
        return [name.rpartition("/")[2] for name, _, _ in sorted(found, key=lambda file: -file[1])]

    def _grow(self, size: int) -> None:
        with self._lock:
            self._grown += size
            if self._grown <= self._limit * _SLACK:
                return
            self._grown = 0
        self.sweep()
        files = sorted((*self._files("variants"), *self._files("versions")), key=lambda f: f[1])
        excess = sum(size for _, _, size in files) - self._limit
        for name, _, size in files:
            if excess <= 0:
                break
            if _UNFINISHED.fullmatch(name):
                continue  # some process is at it
            self.remove(name)
            excess -= size

    def _files(self, below: str) -> Iterator[tuple[str, float, int]]:
        """What is kept below a folder: its name, last used when, in seconds, and its bytes."""
        # Folders that another process takes away meanwhile are passed over.
        for place, _, names in os.walk(self.path(below)):
            folder = Path(place).relative_to(self._folder).as_posix()
            for base in names:
                name = f"{folder}/{base}"
                if any(kind.fullmatch(name) for kind in (_VARIANT, _VERSION, _UNFINISHED)):
                    with suppress(FileNotFoundError):
                        stat = self.path(name).stat()
                        yield name, stat.st_mtime_ns / 1e9, stat.st_size

    def _report(self, error: OSError) -> None:
        self._warn(
            ("cache_folder", error.errno),
            f"static_optimizer: coded files and old versions can't be kept: {error}. Make"
            " STATIC_OPTIMIZER_CACHE_DIR a folder that the app can write to.",
        )


def is_variant_name(name: str) -> bool:
    """Whether a name is one that :func:`variant_name` makes."""
    return _VARIANT.fullmatch(name) is not None


def variant_name(sha256: str, coding: str, *, best: bool) -> str:
    """The name of a coded variant of what has this SHA-256."""
    return f"variants/{sha256[:2]}/{sha256}.{'best' if best else 'quick'}.{coding}"


def _versions(key: str) -> str:
    return f"versions/{hashlib.sha256(key.encode()).hexdigest()}"
