"""URLs of static files that are not there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import islice
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from werkzeug.security import safe_join

from ..config.bounded import Bounded
from . import fingerprints

if TYPE_CHECKING:
    from .mount import Mount

#: The number of missing files that the log names one by one, with a similar name. Of a set of
#: icons that is not there it would else have a line for each.
ONE_BY_ONE = 5

#: The seconds after which those that were found since are told together, and how many it names.
PAUSE = 60.0
_TOGETHER = 10

#: The most missing files that are told, since clients may choose names that a page builds URLs of.
MOST_TOLD = 200

#: The most files that are remembered as looked for.
_LOOKED_FOR = 4096

#: The most entries of a folder among which similar names are looked for.
_MOST_COMPARED = 1000


class MissingFileError(LookupError):
    """An error for the URL of a static file that is not there. The message names the file."""


class MissingFiles:
    """A reporter of URLs that lead to no file.

    :param warn: logs a message with its arguments.
    :param strict: whether such a URL is an error.
    """

    def __init__(self, warn: Callable[..., None], *, strict: bool) -> None:
        self._warn = warn
        self._strict = strict
        self._lock = Lock()
        self._told: set[tuple[str, str]] = set()
        #: Those that are told together, and when the first of them was found.
        self._waiting: list[tuple[str, str]] = []
        self._since = 0.0
        self._looked_for: Bounded[tuple[str, str], None] = Bounded(_LOOKED_FOR)

    def look(self, mount: Mount, name: str) -> None:
        """Look for a file that nobody else looks for: once, or each time if that may be an error.

        :raises MissingFileError: as :meth:`report`.
        """
        key = (mount.endpoint, name)
        if self._strict or key not in self._looked_for:
            self._looked_for[key] = None
            if not mount.has(name):
                self.report(mount, name)
        elif self._waiting:
            with self._lock:
                together = self._due()
            self._tell_together(together)

    def report(self, mount: Mount, name: str) -> None:
        """Report a file that is not there: in the log once, or as an error.

        The first few are told one by one, and those that follow together, once in a while.

        :raises MissingFileError: if such a URL is an error.
        """
        if leads_somewhere(mount, name):
            return
        if self._strict:
            raise MissingFileError(f"{_said(mount, name)} (STATIC_OPTIMIZER_STRICT is True.)")
        key = (mount.endpoint, name)
        with self._lock:
            is_new = key not in self._told and len(self._told) <= MOST_TOLD
            if is_new:
                self._told.add(key)
            number = len(self._told)
            if is_new and ONE_BY_ONE < number <= MOST_TOLD:
                if not self._waiting:
                    self._since = monotonic()
                self._waiting.append(key)
            together = self._due(at_once=is_new and number > MOST_TOLD)
        self._tell_together(together)
        if is_new and number <= ONE_BY_ONE:
            last = " More of them are told together, once a minute." if number == ONE_BY_ONE else ""
            self._warn("static_optimizer: %s%s", _said(mount, name), last)
        elif is_new and number > MOST_TOLD:
            self._warn(
                "static_optimizer: pages have URLs of more than %s static files that are not"
                " there; no more of them are told. Where visitors choose the names, look for"
                " the file first.",
                MOST_TOLD,
            )

    def _due(self, *, at_once: bool = False) -> list[tuple[str, str]]:
        """Return the files that are to be told now, if it is time. The lock is held."""
        due: list[tuple[str, str]] = []
        if self._waiting and (at_once or monotonic() - self._since >= PAUSE):
            due, self._waiting = self._waiting, []
        return due

    def _tell_together(self, files: Sequence[tuple[str, str]]) -> None:
        if not files:
            return
        named = [f"{name!r} of {endpoint!r}" for endpoint, name in files[:_TOGETHER]]
        if len(files) > _TOGETHER:
            named.append(f"{len(files) - _TOGETHER} others")
        self._warn(
            "static_optimizer: pages have URLs of %s more static files that are not there: %s."
            " Correct the names, or put the files there; 'flask static audit' lists those that"
            " templates name, and with STATIC_OPTIMIZER_STRICT each is an error.",
            len(files),
            ", ".join(named),
        )


def _said(mount: Mount, name: str) -> str:
    found = similar(mount, name)
    meant = f" Did you mean {found!r}?" if found else ""
    return (
        f"url_for({mount.endpoint!r}, filename={name!r}) leads to no file: there is none of"
        f" that name that is served from {mount.folder!r}.{meant} Correct the"
        " name, or put the file there."
    )


def leads_somewhere(mount: Mount, name: str) -> bool:
    """Return whether a name that is no file's is that of a folder, or has a fingerprint in it.

    The name of a folder is a beginning, to which scripts add the name of a file.
    """
    if name == "" or name.endswith("/"):
        return True
    split = fingerprints.split(name)
    if split is not None and mount.has(split[0]):
        return True
    return os.path.isdir(posixpath.join(mount.folder, name))


def similar(mount: Mount, name: str) -> str:
    """Return a similar name, of a file in the same folder; empty if there is none.

    No other folder is looked into, and of that one only so much, as a page waits for it.
    """
    place, _, file = posixpath.normpath(name).rpartition("/")
    folder = safe_join(mount.folder, place)
    if folder is None:
        return ""
    try:
        with os.scandir(folder) as entries:
            there = [entry.name for entry in islice(entries, _MOST_COMPARED)]
    except (OSError, ValueError):  # there is no such folder; ValueError: a NUL
        return ""
    for close in get_close_matches(file, there):
        found = posixpath.join(place, close)
        if mount.has(found):
            return found
    return ""
