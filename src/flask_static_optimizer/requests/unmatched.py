"""The rules and manifests of the configuration to which nothing in the app belongs."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from ..config.globs import Glob

if TYPE_CHECKING:
    from ..config.rules import Rule
    from ..monitoring.log import Log
    from .endpoints import EndpointTable
    from .static_endpoint import StaticEndpoint

#: The most entries of folders that are looked at for one rule, and for all rules together. That
#: takes a few milliseconds, once in a process. A folder with more is left to the audit.
_FOR_RULE, _FOR_ALL = 1000, 10_000

#: The most folders in which names like the one in a glob are looked for.
_HINTS = 20


class Unmatched(NamedTuple):
    """A rule whose glob of file names matches no file."""

    rule: Rule
    #: The names of the static endpoints whose files it was compared with.
    endpoints: tuple[str, ...]
    #: A folder or file that the glob may have meant; empty if none is like it.
    nearest: str


def warn_of_unmatched_rules(endpoints: EndpointTable, log: Log) -> None:
    """Log a warning for each rule whose glob matches no endpoint, or no file."""
    for rule in endpoints.unmatched_rules():
        near = nearest_key(endpoints, rule)
        log.warn_once(
            ("unmatched", rule.key),
            "static_optimizer: %s matches no endpoint of this app ('flask routes' lists them);"
            " %scorrect it or take it out.",
            rule.where,
            f"did you mean {near!r}? Else " if near else "",
        )
    for found in rules_without_files(endpoints):
        log.warn_once(
            ("unmatched", found.rule.key),
            "static_optimizer: %s matches no file of %s, so it does nothing. %sCorrect its glob of"
            " file names, which is relative to the static folder, or take it out; if its files are"
            " still to come, it holds for them.",
            found.rule.where,
            ", ".join(map(repr, found.endpoints)),
            f"Did you mean {found.nearest!r}? " if found.nearest else "",
        )


def nearest_key(endpoints: EndpointTable, rule: Rule) -> str:
    """Return the key that a rule which matches no endpoint may have meant; empty if none is like.

    A URL path below a static folder is taken for the endpoint and the names of its files.
    """
    names = endpoints.view_names()
    for mount in endpoints.mounts():
        prefix = mount.prefix or ""
        if prefix not in ("", "/") and f"/{rule.key.lstrip('/')}".startswith(prefix):
            rest = f"/{rule.key.lstrip('/')}".removeprefix(prefix)
            return f"{mount.endpoint}:{rest}" if rest else f"{mount.endpoint}:*"
    endpoint, colon, rest = rule.key.partition(":")
    close = get_close_matches(endpoint, names, n=1)
    return f"{close[0]}{colon}{rest}" if close else ""


def rules_without_files(endpoints: EndpointTable, *, whole: bool = False) -> Iterator[Unmatched]:
    """Yield the rules that match an endpoint, and whose globs of file names match no file.

    A rule is left out if that is not known, as for a view that takes names which only it knows, or
    a folder that is too large to be looked through.

    :param whole: whether to look through folders of any size.
    """
    rules: dict[str, tuple[Rule, list[StaticEndpoint]]] = {}
    for name in endpoints.names():
        endpoint = endpoints.get(name)
        for rule, _ in endpoint.choices if endpoint else ():
            if endpoint and rule.filename is not None and endpoint.root_file is None:
                rules.setdefault(rule.key, (rule, []))[1].append(endpoint)
    left, hints = None if whole else _FOR_ALL, _HINTS
    for rule, matched in rules.values():
        assert rule.filename is not None
        found: bool | None = False
        for endpoint in matched:
            if endpoint.static_folder is None:
                found = None if endpoints.takes_names(endpoint.name) else False
            else:
                look = _Look(endpoint.static_folder, None if left is None else min(left, _FOR_RULE))
                found = look.finds(rule.filename)
                left = None if left is None else left - look.seen
            if found is not False:
                break
        if found is False:
            folders = [endpoint.static_folder for endpoint in matched if endpoint.static_folder]
            near = (_nearest(folder, rule.filename) for folder in folders[:hints])
            names = tuple(endpoint.name for endpoint in matched)
            yield Unmatched(rule, names, next(filter(None, near), ""))
            hints -= min(hints, len(folders))


class _Look:
    """A look for a file below a folder, at no more than some entries of its folders.

    :param most: the most entries; ``None`` for all.
    """

    def __init__(self, folder: str, most: int | None) -> None:
        self._folder = folder
        self._most = most
        self.seen = 0

    def finds(self, glob: Glob) -> bool | None:
        """Return whether a file has a name that the glob matches; ``None`` if that is not known."""
        start = _beginning(glob)
        if glob.is_literal:
            name = glob.text
            is_usual = posixpath.normpath(name) == name and not name.startswith("..")
            return is_usual and os.path.isfile(os.path.join(self._folder, name))
        if start and (posixpath.normpath(start) != start or start.startswith("..")):
            return False  # no file is served under such a name
        waiting = [start]
        circle: set[str] = set()
        for place in waiting:
            path = os.path.join(self._folder, place)
            real = os.path.realpath(path)
            if real in circle:
                continue
            circle.add(real)
            for entry in _entries(path):
                if self.seen == self._most:
                    return None
                self.seen += 1
                name = f"{place}/{entry.name}" if place else entry.name
                if entry.is_dir():
                    waiting.append(name)
                elif glob.matches(name):
                    return True
        return False


def _beginning(glob: Glob) -> str:
    """Return the folder that all that a glob matches is in; empty for the static folder itself."""
    return glob.head.rpartition("/")[0]


def _entries(path: str) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder; nothing if it can't be read or is none."""
    try:
        with os.scandir(path) as entries:
            yield from entries
    except OSError:
        return


def _nearest(folder: str, glob: Glob) -> str:
    """Return the name in a static folder that is like the first part of a glob that is not there.

    It is empty if none is, or if all parts are there.
    """
    parts = glob.text.split("/") if glob.is_literal else _beginning(glob).split("/")
    place = ""
    for part in parts:
        there = os.path.join(folder, place)
        if not part or os.path.exists(os.path.join(there, part)):
            place = posixpath.join(place, part)
            continue
        names = [entry.name for entry, _ in zip(_entries(there), range(_FOR_RULE), strict=False)]
        close = get_close_matches(part, names, n=1)
        return posixpath.join(place, close[0]) if close else ""
    return ""
