"""Paths of static requests: a cheap gate, and a shortcut past the URL match."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask
from werkzeug.routing import Map, PathConverter

from ..http import methods
from .overrides import is_overridden

if TYPE_CHECKING:
    from werkzeug.routing import Rule


class Prefixes:
    """A set of prefixes of paths, in which one is found as fast among thousands as among a few."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        # No prefix that is kept begins with another. So the only one that a path may begin with is
        # the last that does not sort after the path.
        self._sorted: list[str] = []
        for prefix in sorted(prefixes):
            if not self._sorted or not prefix.startswith(self._sorted[-1]):
                self._sorted.append(prefix)

    def find(self, path: str) -> str | None:
        """Return the shortest of the prefixes that a path begins with, or ``None``."""
        place = bisect_right(self._sorted, path)
        if not place or not path.startswith(prefix := self._sorted[place - 1]):
            return None
        return prefix


class Gate(NamedTuple):
    """A cheap check of a path before the real match.

    The default lets every path pass, which is right until the app gets its first request.
    """

    #: The first ``length`` characters that a path may have. This is the cheapest check, since every
    #: page has to pass it.
    length: int = 0
    heads: frozenset[str] = frozenset({""})
    #: The beginnings of paths with variables, and the paths without.
    prefixes: Prefixes = Prefixes([""])
    paths: frozenset[str] = frozenset()

    def admits(self, path: str) -> bool:
        """Return whether this could be the path of a static endpoint.

        Werkzeug redirects a path with a doubled slash to the merged one, which may be static.
        """
        return path in self.paths or self.prefixes.find(path) is not None or "//" in path

    @classmethod
    def over(cls, routes: Iterable[str]) -> Gate:
        """Make the gate for some URL rules."""
        routes = set(routes)
        whole = {route for route in routes if "<" not in route}
        # Werkzeug redirects "/charts" to "/charts/", and without strict slashes serves both.
        whole |= {route.rstrip("/") for route in whole} | {f"{route}/" for route in whole}
        prefixes = {route.partition("<")[0] for route in routes if "<" in route}
        length = min(map(len, prefixes), default=max(map(len, whole), default=-1) + 1)
        heads = frozenset(path[:length] for path in whole | prefixes)
        return cls(length, heads, Prefixes(prefixes), frozenset(whole))


#: The gate over no URL rules.
CLOSED = Gate.over([])


class Shortcut:
    """A shortcut from a path to the static folder that serves it, past the URL match.

    Flask matches each URL once more after it has opened the session. Where nothing else in the
    app's URL map can match below a folder's prefix, comparing the prefix is enough.

    :param prefixes: the prefix of the paths of such folders, by endpoint. Each ends with a slash.
    :param rivals: the URL rule that may match below the prefix of another folder, by endpoint.
    :param files: the endpoint and the file name of single paths.
    """

    def __init__(
        self,
        prefixes: Mapping[str, str],
        rivals: Mapping[str, str],
        files: Mapping[str, tuple[str, str]],
    ) -> None:
        #: The endpoints whose paths it knows.
        self.endpoints = (*prefixes, *(endpoint for endpoint, _ in files.values()))
        self.files = files
        self.rivals = rivals
        self._endpoints = {prefix: endpoint for endpoint, prefix in prefixes.items()}

    @classmethod
    def over(
        cls,
        app: Flask,
        folders: Mapping[str, str | None],
        files: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    ) -> Shortcut:
        """Make a shortcut to those folders that need no match in the app's URL map.

        :param folders: the prefix of the folder's paths, if it is always the same, by endpoint.
        :param files: the endpoint and the file name by path, for each path with one URL rule.
        """
        if app.url_map.converters.get("path") is not PathConverter or not has_one_host(app):
            return NOWHERE
        known = {endpoint: prefix for endpoint, prefix in folders.items() if prefix}
        others = (rule for rule in app.url_map.iter_rules() if rule.rule not in files)
        rivals = dict(_rivals(_RulesByHead(others), known))
        return cls({name: known[name] for name in known.keys() - rivals.keys()}, rivals, files)

    def find(self, path: str, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the endpoint of a request for a file and the file's name, if it is known.

        :param path: the path of the request as Werkzeug decodes it.
        :param environ: its WSGI environ.
        """
        if "HTTP_UPGRADE" in environ:
            return None
        if path in self.files:
            return self.files[path]
        # Of folders below each other's, Werkzeug takes the one with the longest prefix.
        end = path.rfind("/") + 1
        while (endpoint := self._endpoints.get(path[:end])) is None:
            if end < 2:
                return None
            end = path.rfind("/", 0, end - 1) + 1
        name = path[end:]
        # Werkzeug redirects where slashes are doubled. Its path converter takes no empty name, and
        # a line's end at most as the first character.
        if not name or "//" in path or "\n" in path:
            return None
        return endpoint, name


NOWHERE = Shortcut({}, {}, {})


def has_plain_router(app: Flask) -> bool:
    """Return whether Flask's and Werkzeug's own code makes the URL adapters of an app."""
    return (
        "create_url_adapter" not in vars(app)
        and not is_overridden(type(app), "create_url_adapter", Flask, "flask")
        and has_plain_map(app)
    )


def has_plain_map(app: Flask) -> bool:
    """Return whether Werkzeug's own code binds an app's URL map to requests."""
    url_map = app.url_map
    return not is_overridden(type(url_map), "bind_to_environ", Map, "werkzeug") and (
        not is_overridden(type(url_map), "bind", Map, "werkzeug")
    )


def has_one_host(app: Flask) -> bool:
    """Return whether an app's URL rules hold for every host, and Flask's own code matches them."""
    url_map = app.url_map
    return (
        not url_map.host_matching
        and has_plain_router(app)
        and all(rule.subdomain == url_map.default_subdomain for rule in url_map.iter_rules())
    )


def _rivals(rules: _RulesByHead, folders: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the folders below whose prefix another URL rule may match, with that rule."""
    plain = {(endpoint, f"{prefix}<path:filename>") for endpoint, prefix in folders.items()}
    for endpoint, prefix in folders.items():
        own = [rule for rule in rules.below(prefix) if rule.rule == f"{prefix}<path:filename>"]
        others = (rule for rule in rules.below(prefix) if rule not in own)
        rival = next((rule for rule in others if not _is_folder(rule, plain)), None)
        if len(own) != 1 or not _is_folder(own[0], plain):
            rival = own[-1] if own else rival
        if rival is not None or not own:
            yield endpoint, prefix if rival is None else rival.rule


def _is_folder(rule: Rule, plain: Collection[tuple[str, str]]) -> bool:
    """Return whether a URL rule is the one of a static folder, for all methods that read."""
    named = (rule.endpoint, rule.rule) in plain
    return named and rule.methods is not None and rule.methods >= methods.STATIC


class _RulesByHead:
    """A list of URL rules, sorted by the literal text that each begins with."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = sorted(rules, key=_head)
        self._heads = [_head(rule) for rule in self._rules]

    def below(self, prefix: str) -> Iterator[Rule]:
        """Yield the URL rules that may match a path which the rule of a folder matches.

        Werkzeug tries the literal parts of a path first, so a rule with a variable where the
        prefix has text (``/<slug>``, ``/<path:page>``) is no such rule.
        """
        for rule in self._since(prefix):
            if not rule.rule.startswith(prefix):
                break
            yield rule

    def _since(self, head: str) -> Iterator[Rule]:
        """Yield the rules from the first that begins with a text or sorts after it."""
        for place in range(bisect_left(self._heads, head), len(self._rules)):
            yield self._rules[place]


def _head(rule: Rule) -> str:
    return rule.rule.partition("<")[0]
