"""Static folders, and the URLs below which they are served."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable
from typing import NamedTuple

from werkzeug.security import safe_join

from ..config.bounded import Bounded
from .asset import Asset
from .files import Identity
from .links import is_installed, leading_out, real_name

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


class Mount:
    """A static folder and the URLs below which the view of one endpoint serves it.

    :param folder: the path of the folder, as Flask has it.
    :param prefix: the beginning of the URL paths, or ``None`` if it depends on the request or its
        host.
    :param is_shared: returns, for a file name, whether all clients get the same response.
    :param is_rewritten: returns, for a file name, whether a stylesheet gets fingerprints in its
        references.
    :param warn: called with an occasion and a message that an operator should read once.
    :param variable: the URL variable that holds the name of a file.
    :param by_view: whether a view of the app's own sends the files: each byte for byte, under its
        plain name.
    :param is_shared_below: returns, for the name of a folder, whether all clients get the same of
        all that is below it.
    """

    __slots__ = (
        "_follows",
        "_listed",
        "by_view",
        "dotfiles",
        "endpoint",
        "folder",
        "is_rewritten",
        "is_shared",
        "is_shared_below",
        "known",
        "prefix",
        "symlinks",
        "variable",
        "warn",
    )

    def __init__(
        self,
        endpoint: str,
        folder: str,
        prefix: str | None,
        is_shared: Callable[[str], bool],
        is_rewritten: Callable[[str], bool],
        dotfiles: bool,
        symlinks: bool,
        warn: Callable[[object, str], None],
        *,
        variable: str = "filename",
        by_view: bool = False,
        is_shared_below: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.endpoint = endpoint
        self.folder = folder
        self.prefix = prefix
        self.is_shared = is_shared
        self.is_rewritten = is_rewritten
        self.dotfiles = dotfiles
        self.symlinks = symlinks
        self.warn = warn
        self.variable = variable
        self.by_view = by_view
        self.is_shared_below = is_shared_below
        #: The assets looked up so far, by file name, without those whose files are gone.
        self.known: Bounded[str, Asset] = Bounded(REMEMBERED)
        self._listed = NOTHING_LISTED
        #: True if links that lead out are followed; ``None``: not known yet.
        self._follows: bool | None = None

    def path(self, name: str) -> str | None:
        """Return the path of the file of this name, or ``None`` if it can't be served.

        Names that lead out of the folder are never served. Dotfiles are served only if the settings
        allow them, and links that lead out of the folder as :attr:`follows_links` says.
        ``.well-known`` (RFC 8615) is public and always allowed.

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
            if real_name(self.folder, name) is None and not self.follows_links:
                self._report(name)
                return None
        except PermissionError as error:
            error.filename = self._closed(path)
            raise
        except (OSError, ValueError):
            if self.known and not os.path.isdir(self.folder):
                self.warn(
                    ("folder", self.endpoint),
                    f"static_optimizer: the static folder {self.folder!r} of {self.endpoint!r} is"
                    " gone, so all its files are answered with 404. Put it back; no restart is"
                    " needed.",
                )
            return None
        return path

    @property
    def follows_links(self) -> bool:
        """True if links that lead out of the folder are followed: by setting, or if installed."""
        if self._follows is None:
            self._follows = self.symlinks or is_installed(self.folder)
        return self._follows

    def _report(self, name: str) -> None:
        link = leading_out(self.folder, name)
        if link is not None:
            self.warn(
                ("link", self.endpoint, *link),
                f"static_optimizer: {link.name!r} of {self.endpoint!r} is answered with 404, as it"
                f" is a symbolic link that leads out of the static folder, to {link.target!r}. Set"
                " STATIC_OPTIMIZER_SYMLINKS to True to follow such links, or put the files into"
                " the folder.",
            )

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

        A folder to which a link within the static folder leads is listed under its own name only.
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
        seen = set()
        for folder, below, files in os.walk(self.folder, onerror=onerror, followlinks=True):
            state = Identity.at(folder)
            place = os.path.relpath(folder, self.folder).replace(os.sep, "/")
            if os.path.islink(folder) and place != "." and not self._lists(place):
                below.clear()
                continue
            if state is not None:
                if state[:2] in seen:  # a link that leads to it, or round in a circle
                    below.clear()
                    continue
                seen.add(state[:2])
            # A folder that may still change without a sign counts as changed.
            folders.append((folder, state if state and state.settled else None))
            below.sort()
            names += [posixpath.normpath(posixpath.join(place, file)) for file in files]
        return Listing(tuple(folders), tuple(sorted(filter(self._is_served, names))))

    def _lists(self, link: str) -> bool:
        """Return whether the files below a link to a folder are listed under the link's name."""
        if real_name(self.folder, link) is not None:
            return False
        if not self.follows_links:
            self._report(link)
        return self.follows_links

    def _is_served(self, name: str) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            self.warn(
                ("name", self.endpoint, name),
                f"static_optimizer: {name!r} of {self.endpoint!r} is left out, as its name is not"
                " UTF-8, so that no URL leads to it. Rename the file.",
            )
            return False
        try:
            return self.path(name) is not None
        except PermissionError:  # the request for the file reports it
            return False
