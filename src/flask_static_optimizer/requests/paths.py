"""Paths of static requests: a cheap gate, and a shortcut past the URL match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask
from werkzeug.routing import Map, PathConverter

from ..http import methods
from .overrides import is_overridden

if TYPE_CHECKING:
    from werkzeug.routing import Rule


class Gate(NamedTuple):
    """A cheap check of a path before the real match.

    The default lets every path pass, which is right until the app gets its first request.
    """

    #: The first ``length`` characters that a path may have. This is the cheapest check, since every
    #: page has to pass it.
    length: int = 0
    heads: frozenset[str] = frozenset({""})
    #: The beginnings of paths with variables, and the paths without.
    prefixes: tuple[str, ...] = ("",)
    paths: frozenset[str] = frozenset()

    def admits(self, path: str) -> bool:
        """Return whether this could be the path of a static endpoint.

        Werkzeug redirects a path with a doubled slash to the merged one, which may be static.
        """
        return path.startswith(self.prefixes) or path in self.paths or "//" in path

    @classmethod
    def over(cls, routes: list[str]) -> Gate:
        """Make the gate for some URL rules."""
        whole = {route for route in routes if "<" not in route}
        # Werkzeug redirects "/charts" to "/charts/", and without strict slashes serves both.
        whole |= {route.rstrip("/") for route in whole} | {f"{route}/" for route in whole}
        prefixes = {route.partition("<")[0] for route in routes if "<" in route}
        length = min(map(len, prefixes), default=max(map(len, whole), default=0))
        heads = frozenset(path[:length] for path in whole | prefixes)
        return cls(length, heads, tuple(prefixes), frozenset(whole))


class Shortcut:
    """A shortcut from a path to the static folder that serves it, past the URL match.

    Flask matches each URL once more after it has opened the session. Where nothing else in the
    app's URL map can match below a folder's prefix, comparing the prefix is enough.

    :param prefixes: the prefix of the paths of such folders, by endpoint.
    """

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        #: The endpoints whose paths it knows.
        self.endpoints = tuple(prefixes)
        choices = "|".join(f"({re.escape(prefix)})" for prefix in prefixes.values())
        # The pattern of Werkzeug's path converter. Werkzeug redirects where slashes are doubled.
        self._paths = re.compile(f"(?!.*//)(?:{choices})([^/].*)") if prefixes else None

    @classmethod
    def over(cls, app: Flask, folders: Mapping[str, str | None]) -> Shortcut:
        """Make a shortcut to those folders that need no match in the app's URL map.

        :param folders: the prefix of the folder's paths, if it is always the same, by endpoint.
        """
        return cls(dict(_alone(app, folders)))

    def find(self, path: str, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the endpoint of a request for a file and the file's name, if it is known.

        :param path: the path of the request as Werkzeug decodes it.
        :param environ: its WSGI environ.
        """
        if self._paths is None or "HTTP_UPGRADE" in environ:
            return None
        found = self._paths.fullmatch(path)
        if found is None:
            return None
        *prefixes, name = found.groups()
        index = next(index for index, prefix in enumerate(prefixes) if prefix)
        return self.endpoints[index], name


NOWHERE = Shortcut({})


def has_one_host(app: Flask) -> bool:
    """Return whether an app's URL rules hold for every host, and Flask's own code matches them."""
    url_map = app.url_map
    return (
        not url_map.host_matching
        and "create_url_adapter" not in vars(app)
        and not is_overridden(type(app), "create_url_adapter", Flask, "flask")
        and not is_overridden(type(url_map), "bind_to_environ", Map, "werkzeug")
        and not is_overridden(type(url_map), "bind", Map, "werkzeug")
        and all(rule.subdomain == url_map.default_subdomain for rule in url_map.iter_rules())
    )


def _alone(app: Flask, folders: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    if app.url_map.converters.get("path") is not PathConverter or not has_one_host(app):
        return
    rules = list(app.url_map.iter_rules())
    for endpoint, prefix in folders.items():
        if prefix is None:
            continue
        own, *others = [rule for rule in rules if _competes(rule, prefix)]
        plain = (own.endpoint, own.rule) == (endpoint, f"{prefix}<path:filename>")
        if plain and not others and own.methods is not None and own.methods >= methods.STATIC:
            yield endpoint, prefix


def _competes(rule: Rule, prefix: str) -> bool:
    """Return whether a URL rule may match a path with a prefix."""
    head, variable, _ = rule.rule.partition("<")
    return head.startswith(prefix) or (bool(variable) and prefix.startswith(head))
