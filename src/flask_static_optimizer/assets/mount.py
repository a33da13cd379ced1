"""Static folders and the URLs below which they are served."""

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

#: Assets remembered for each folder; there are only more where names of one file differ in case.
REMEMBERED = 200_000


class Listing(NamedTuple):
    """The files below a folder, and the state of each folder in it when they were listed."""

    folders: tuple[tuple[str, Identity | None], ...]
    names: tuple[str, ...]


#: A listing that is never current: there is no folder without a name.
NOTHING_LISTED = Listing((("", Identity(0, 0, 0, 0)),), ())

_EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(eq=False, slots=True)
class Mount:
    """One static folder, served by Flask's own view of one endpoint."""

    endpoint: str
    #: The folder, as Flask knows it.
    folder: str
    #: What its URL paths start with, or ``None`` if that depends on the request or its host.
    prefix: str | None
    #: Whether a file's responses are the same for everybody, by its name.
    is_shared: Callable[[str], bool]
    dotfiles: bool
    symlinks: bool
    #: The assets looked up so far, by file name; those that are gone are taken out.
    known: Bounded[str, Asset] = field(default_factory=partial(Bounded, REMEMBERED), repr=False)
    _listed: Listing = field(default=NOTHING_LISTED, repr=False)

    def path(self, name: str) -> str | None:
        """Where the file of that name is, if that is a name that can be served.

        What is in no case: names that lead out of the folder, and without the settings that
        allow them dotfiles and symbolic links to elsewhere. ``.well-known`` (RFC 8615) is for
        the public.

        :raises PermissionError: if it is in a folder that may not be entered; it names that folder.
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

    def _holds(self, path: str) -> bool:
        """Whether a path leads to no other place than one in the folder."""
        # The folder may be a link that a deploy puts to the next release just now: it is followed
        # once, and all the rest is looked at where it led.
        root = os.path.realpath(self.folder)
        inside = os.path.join(root, os.path.relpath(path, self.folder))
        return os.path.commonpath([root, os.path.realpath(inside)]) == root

    def _closed(self, path: str) -> str:
        """The outermost folder on the way to a path that may not be entered."""
        folder = os.path.normpath(self.folder)
        for part in os.path.relpath(os.path.dirname(path), folder).split(os.sep):
            folder = os.path.normpath(os.path.join(folder, part))
            if not os.access(folder, os.X_OK, effective_ids=_EFFECTIVE):
                break
        return folder

    def names(self, onerror: Callable[[OSError], None] | None = None) -> tuple[str, ...]:
        """The names of all files below the folder that can be served, in order.

        The folder is looked through again only where a folder in it has changed.

        :param onerror: called with the error for each folder that can't be looked through, which
            is passed over; with this all is looked through.
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
            # One that may still change unseen counts as changed.
            folders.append((folder, state if state and state.settled else None))
            below.sort()
            place = os.path.relpath(folder, self.folder).replace(os.sep, "/")
            names += [posixpath.normpath(posixpath.join(place, file)) for file in files]
        return Listing(tuple(folders), tuple(sorted(filter(self._is_served, names))))

    def _is_served(self, name: str) -> bool:
        try:
            return self.path(name) is not None
        except PermissionError:  # said of by who asks for it
            return False
