"""The copy of static files that nginx serves: every representation by its validator."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: The folder in the copy's root that has the objects.
OBJECTS = "objects"

_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.t[0-9a-f]{8}")


class ChangedBytesError(Exception):
    """A body that its validator is not of."""


def object_name(etag: str, content_type: str) -> str:
    """The name of a representation in the copy.

    nginx tells media types by the ends of names; this one has been given an end for its type.

    :param etag: the 32 hexadecimal characters of its validator.
    """
    return f"{etag[:2]}/{etag}.{type_suffix(content_type)}"


def type_suffix(content_type: str) -> str:
    """What the names of representations of a media type end with."""
    return f"t{hashlib.sha256(content_type.encode()).hexdigest()[:8]}"


class Copy:
    """A folder of representations. What has a name in it never changes.

    So a configuration that was made of it stays true, whatever is deployed later.

    :param root: an absolute path.
    """

    def __init__(self, root: str) -> None:
        self._objects = Path(root, OBJECTS)
        #: The names that were asked for.
        self.names: set[str] = set()

    def put(self, name: str, etag: str, body: Iterable[bytes]) -> None:
        """Keep a representation, unless it is there.

        :raises ChangedBytesError: if the validator is not of the bytes.
        :raises OSError: if it can't be written.
        """
        path = self._objects / name
        if name in self.names or path.exists():
            self.names.add(name)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        sha = hashlib.sha256()
        try:
            # nginx runs as another user: the process's umask decides, as for any deployed file.
            with new.open("wb") as file:
                for chunk in body:
                    sha.update(chunk)
                    file.write(chunk)
            if sha.hexdigest()[:32] != etag:
                raise ChangedBytesError
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        self.names.add(name)

    def prune(self) -> int:
        """Remove the objects that were not asked for, and nothing else; how many that were."""
        removed = 0
        for path in self._objects.glob("*/*"):
            name = path.relative_to(self._objects).as_posix()
            if _NAME.fullmatch(name) and name not in self.names:
                path.unlink()
                removed += 1
        for folder in self._objects.glob("??"):
            with suppress(OSError):  # there is something in it
                folder.rmdir()
        return removed
