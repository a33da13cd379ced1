"""The journal of an export, by which the next one knows its files if it is interrupted."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

#: The folder for unfinished files and for journals. It is there only while an export runs, or
#: after one that was interrupted.
WORK = ".static-export"


class OccupiedError(Exception):
    """An error for a path at which there is something else; the message says what."""


class Journal:
    """A journal of the files that exports with one manifest write, beside their unfinished files.

    Exports with other manifests have journals of their own in the same folder.

    :param folder: the folder of the export, an absolute path without symbolic links.
    :param manifest: the file name of the manifest.
    :raises OccupiedError: if a symbolic link would lead elsewhere.
    """

    def __init__(self, folder: Path, manifest: str) -> None:
        self._manifest = manifest
        self._work = folder / WORK
        self._journal = self._work / f"{manifest}.journal"
        for place in (self._work, self._journal):
            if os.path.realpath(place) != str(place):
                raise OccupiedError(
                    f"{str(place)!r} is a symbolic link, and what an export left unfinished is"
                    " removed there; remove the link, or export into another folder."
                )

    def temporary(self) -> Path:
        """Return the path of an unfinished file, whose folder is there."""
        self._work.mkdir(parents=True, exist_ok=True)
        return self._work / f"{self._manifest}.{os.getpid()}.new"

    def note(self, path: str, etag: str) -> None:
        """Add a file that is about to be written.

        :param path: where, relative to the folder of the export, with slashes.
        :param etag: the 32 hexadecimal characters of the ETag.
        :raises OSError: if it can't be written.
        """
        self._work.mkdir(parents=True, exist_ok=True)
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps([path, etag]) + "\n")

    def resume(self) -> list[tuple[str, str]]:
        """Return what an interrupted export has noted, and remove what it left unfinished.

        :raises OSError: if it can't be read or removed.
        """
        unfinished = re.compile(rf"{re.escape(self._manifest)}\.[0-9]+\.new")
        for left in self._work.glob("*.new"):
            if unfinished.fullmatch(left.name):
                left.unlink(missing_ok=True)
        try:
            lines = self._journal.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        noted = []
        for line in lines:
            with suppress(ValueError):  # the line at which it was interrupted
                path, etag = json.loads(line)
                noted.append((path, etag))
        return noted

    def close(self) -> None:
        """Remove the journal, and its folder if no other export has anything in it.

        :raises OSError: if it can't be removed.
        """
        self._journal.unlink(missing_ok=True)
        with suppress(OSError):
            self._work.rmdir()
