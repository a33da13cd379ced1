"""Symbolic links in static folders, and where they lead."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from typing import NamedTuple

#: The names of folders that only installers write to.
_SITES = frozenset({"site-packages", "dist-packages"})


class Link(NamedTuple):
    """A symbolic link that leads out of a static folder."""

    #: The name below the static folder.
    name: str
    #: The path to which the link leads.
    target: str


class Below(NamedTuple):
    """A symbolic link below a folder."""

    #: The name below the static folder.
    name: str
    is_folder: bool


class TooManyError(Exception):
    """An error for a folder that has too many entries to look at them all."""


def real_name(folder: str, name: str) -> str | None:
    """Return the name of the file below a folder to which a name leads, with links followed.

    ``None`` stands for a place outside the folder, and for a name that no file can have.
    """
    name = posixpath.normpath(name)
    if "\0" in name:
        return None
    if not _has_link(folder, name):
        return name
    # The folder may itself be a link, which a deploy may turn to the next release at this
    # moment. So it is followed once, and the path is checked below its target.
    root = os.path.realpath(folder)
    real = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath([root, real]) != root:
        return None
    return os.path.relpath(real, root).replace(os.sep, "/")


def leading_out(folder: str, name: str) -> Link | None:
    """Return the link by which a name leads out of a folder, or ``None`` if it stays inside."""
    parts = posixpath.normpath(name).split("/")
    for count in range(1, len(parts) + 1):
        part = "/".join(parts[:count])
        if real_name(folder, part) is None:
            return Link(part, os.path.realpath(os.path.join(folder, part)))
    return None


def links_below(folder: str, name: str, most: int) -> Iterator[Below]:
    """Yield the symbolic links below a folder, which are not followed.

    :param folder: the static folder.
    :param name: the name of the folder, relative to the static folder.
    :param most: the most entries to look at.
    :raises TooManyError: if there are more entries.
    """
    places = [name]
    for place in places:
        with suppress(OSError), os.scandir(os.path.join(folder, place)) as entries:
            for entry in entries:
                most -= 1
                if most < 0:
                    raise TooManyError
                found = posixpath.normpath(posixpath.join(place, entry.name))
                if entry.is_symlink():
                    yield Below(found, entry.is_dir())
                elif entry.is_dir():
                    places.append(found)


def _has_link(folder: str, name: str) -> bool:
    """Return whether a part of a name is a link."""
    path = folder
    for part in name.split("/"):
        path = os.path.join(path, part)
        if os.path.islink(path):
            return True
    return False


def is_installed(folder: str) -> bool:
    """Return whether a folder belongs to an installed package.

    It does if an installer's folder on ``sys.path`` holds it, or if it has files that the record of
    a distribution beside it lists (``pip install --target``). Who can put a link there can put code
    there, which Python would run: there is nobody to protect from.
    """
    return any(
        _is_installed(way(folder), way(entry or os.curdir))
        for entry in sys.path
        for way in (os.path.abspath, os.path.realpath)
    )


def _is_installed(folder: str, root: str) -> bool:
    if not folder.startswith(os.path.join(root, "")) or not os.path.isdir(root):
        return False
    if os.path.basename(root) in _SITES:
        return True
    below = os.path.relpath(folder, root).replace(os.sep, "/") + "/"
    # Not Distribution.files, which lists the sources of a project that is worked on, too.
    records = (found.read_text("RECORD") for found in metadata.distributions(path=[root]))
    lines = (line for record in records for line in (record or "").splitlines())
    return any(line.lstrip('"').startswith(below) for line in lines)
