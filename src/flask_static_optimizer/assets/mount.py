"""Static folders, and the URLs below which they are served."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from werkzeug.security import safe_join

from ..config.bounded import Bounded
from .asset import Asset
from .files import Identity

#: The number of assets remembered for each folder. Only a file system that ignores case can have
#: more names than files.
REMEMBERED = 200_000


class Listing(NamedTuple):
    """A list of the files below a folder, with the state of each folder when it was listed."""

    folders: tuple[tuple[str, Identity | None], ...]
    names: tuple[str, ...]


#: A listing that is never current, because no folder has an empty name.
NOTHING_LISTED = Listing((("", Identity(0, 0, 0, 0, 0)),), ())

_EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(eq=False, slots=True)
class Mount:
    """A static folder and the URLs below which Flask's view of one endpoint serves it."""

    endpoint: str
    #: The path of the folder, as Flask has it.
    folder: str
    #: The beginning of the URL paths, or ``None`` if it depends on the request or its host.
    prefix: str | None
    #: Returns, for a file name, whether all clients get the same response.
    is_shared: Callable[[str], bool]
    dotfiles: bool
    symlinks: bool
    #: The assets looked up so far, by file name, without those whose files are gone.
    known: Bounded[str, Asset] = field(default_factory=partial(Bounded, REMEMBERED), repr=False)
    _listed: Listing = field(default=NOTHING_LISTED, repr=False)

    def path(self, name: str) -> str | None:
        """Return the path of the file of this name, or ``None`` if it can't be served.

        Names that lead out of the folder are never served. Dotfiles, and symbolic links that lead
        out of the folder, are served only if the settings allow them. ``.well-known`` (RFC 8615)
        is public and always allowed.

        :raises PermissionError: if a folder on the way can't be entered; the error names it.
        """
        path = safe_join(self.folder, name)
        if path is None or "\0" in name:
            return None
        if not self.dotfiles and any(
            part.startswith(".") and part != ".well-known"
            for part in posixpath.normpath(name).split("/")
        ):
            return None
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return None
            if not self.symlinks and not self._holds(path):
                return None
        except PermissionError as error:
            error.filename = self._closed(path)
            raise
        except (OSError, ValueError):
            return None
        return path

    def has(self, name: str) -> bool:
        """Look whether there is a file of that name that can be served.

        One in a folder that may not be entered counts as there: who asks for it is told why not.
        """
        known = self.known.get(name)
        if known is not None and os.path.isfile(known.path):
            return True
        try:
            return self.path(name) is not None
        except PermissionError:
            return True

    def _holds(self, path: str) -> bool:
        """Return whether a path, with its links followed, stays in the folder."""
        # The folder may itself be a link, which a deploy may turn to the next release at this
        # moment. So it is followed once, and the path is checked below its target.
        root = os.path.realpath(self.folder)
        inside = os.path.join(root, os.path.relpath(path, self.folder))
        return os.path.commonpath([root, os.path.realpath(inside)]) == root

    def _closed(self, path: str) -> str:
        """Return the outermost folder on the way to a path that can't be entered."""
        folder = os.path.normpath(self.folder)
        for part in os.path.relpath(os.path.dirname(path), folder).split(os.sep):
            folder = os.path.normpath(os.path.join(folder, part))
            if not os.access(folder, os.X_OK, effective_ids=_EFFECTIVE):
                break
        return folder

    def names(self, onerror: Callable[[OSError], None] | None = None) -> tuple[str, ...]:
        """Return the names of all files below the folder that can be served, sorted.

        The files are listed again only if a folder has changed.

        :param onerror: called with the error for each folder that can't be listed, which is then
            skipped. With this parameter the files are always listed again.
        """
        current = all(Identity.at(path) == state for path, state in self._listed.folders)
        if onerror or not current:
            self._listed = self._list(onerror)
        return self._listed.names

    def _list(self, onerror: Callable[[OSError], None] | None) -> Listing:
        folders: list[tuple[str, Identity | None]] = []
        names = []
        for folder, below, files in os.walk(
            self.folder, onerror=onerror, followlinks=self.symlinks
        ):
            state = Identity.at(folder)
            # A folder that may still change without a sign counts as changed.
            folders.append((folder, state if state and state.settled else None))
            below.sort()
            place = os.path.relpath(folder, self.folder).replace(os.sep, "/")
            names += [posixpath.normpath(posixpath.join(place, file)) for file in files]
        return Listing(tuple(folders), tuple(sorted(filter(self._is_served, names))))

    def _is_served(self, name: str) -> bool:
        try:
            return self.path(name) is not None
        except PermissionError:  # the request for the file reports it
            return False
