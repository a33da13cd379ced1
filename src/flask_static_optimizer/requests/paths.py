"""What the paths of static endpoints look like."""

from __future__ import annotations

from typing import NamedTuple


class Gate(NamedTuple):
    """A cheap check of a path before the real match.

    As it is made, until an app is complete, it lets every path pass.
    """

    #: What a path's first ``length`` characters may be: the cheapest question, as every page is
    #: asked it.
    length: int = 0
    heads: frozenset[str] = frozenset({""})
    #: What the paths with variables start with, and the whole ones.
    prefixes: tuple[str, ...] = ("",)
    paths: frozenset[str] = frozenset()

    def admits(self, path: str) -> bool:
        """Whether this could be the path of a static endpoint.

        Werkzeug redirects a path with a doubled slash to the merged one, which may be static.
        """
        return path.startswith(self.prefixes) or path in self.paths or "//" in path

    @classmethod
    def over(cls, routes: list[str]) -> Gate:
        """The gate for some URL rules."""
        whole = {route for route in routes if "<" not in route}
        # Werkzeug redirects "/charts" to "/charts/", and without strict slashes serves both.
        whole |= {route.rstrip("/") for route in whole} | {f"{route}/" for route in whole}
        prefixes = {route.partition("<")[0] for route in routes if "<" in route}
        length = min(map(len, prefixes), default=max(map(len, whole), default=0))
        heads = frozenset(path[:length] for path in whole | prefixes)
        return cls(length, heads, tuple(prefixes), frozenset(whole))
