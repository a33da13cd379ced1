"""The copy of static files that nginx serves: every representation under its ETag."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..writing import write_verified

#: The folder of the representations, in the root of the copy.
OBJECTS = "objects"

_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.t[0-9a-f]{8}")


def object_name(etag: str, content_type: str) -> str:
    """Return the name of a representation in the copy.

    It ends with a suffix for the media type, since nginx knows media types by suffixes.

    :param etag: the 32 hexadecimal characters of the ETag.
    :param content_type: the media type.
    """
    return f"{etag[:2]}/{etag}.{type_suffix(content_type)}"


def type_suffix(content_type: str) -> str:
    """Return the suffix of the names of representations that have a media type."""
    return f"t{hashlib.sha256(content_type.encode()).hexdigest()[:8]}"


class Copy:
    """A folder of representations. The bytes under a name never change.

    An nginx configuration that was made from it therefore stays right after a later deploy.

    :param root: the absolute path of the folder.
    """

    def __init__(self, root: str) -> None:
        self._objects = Path(root, OBJECTS)
        #: The names of the representations that are needed.
        self.names: set[str] = set()

    def put(self, name: str, etag: str, body: Iterable[bytes]) -> None:
        """Write a representation, unless it is there.

        :param name: the name, as :func:`object_name` returned it.
        :param etag: the 32 hexadecimal characters of the ETag.
        :param body: the chunks of the body.
        :raises ChangedBytesError: if the ETag is not that of the bytes.
        :raises OSError: if it can't be written.
        """
        path = self._objects / name
        if name in self.names or path.exists():
            self.names.add(name)
            return
        write_verified(path, etag, body, path.with_name(f"{path.name}.{os.getpid()}.new"))
        self.names.add(name)

    def prune(self) -> int:
        """Remove the representations that are not needed, and return how many these were."""
        removed = 0
        for path in self._objects.glob("*/*"):
            name = path.relative_to(self._objects).as_posix()
            if _NAME.fullmatch(name) and name not in self.names:
                path.unlink()
                removed += 1
        for folder in self._objects.glob("??"):
            with suppress(OSError):  # the folder is not empty
                folder.rmdir()
        return removed
