"""Files of the app's static folder that are served at the root of the site, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config.errors import ConfigurationError
from ..config.names import PREFIX
from .current import app_object

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ..config.rules import Rule as ConfiguredRule

#: The endpoint of the app's static folder.
STATIC = "static"

_KEY = f"{PREFIX}ROOT_FILES"


class RootFile(NamedTuple):
    """A file of the app's static folder that is served under a URL path of its own."""

    endpoint: str
    path: str
    filename: str


class RootFiles:
    """The URL rules for the files of one app that are served at the root of the site.

    A route of the app's own at the path of such a file comes first, whenever it was added.

    :param files: the URL path and the file name of each.
    """

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        self._files = files
        self._rules: dict[RootFile, Rule] = {}
        #: The files at whose paths the app has a route of its own, with that.
        self.taken: Mapping[RootFile, Rule] = {}

    def __contains__(self, endpoint: str) -> bool:
        return endpoint in self.endpoints

    @property
    def endpoints(self) -> set[str]:
        """Return the names of the endpoints of all files."""
        return {file.endpoint for file in self._rules}

    def add_to(self, app: Flask) -> None:
        """Add the URL rules to an app.

        :raises ConfigurationError: if the app has no static folder, or chooses rules by host, and
            for a path among those of the static folder.
        """
        if not self._files:
            return
        given = f"{_KEY} has {self._files[0][1]!r}"
        if STATIC not in app.view_functions:
            raise ConfigurationError(
                f"{given}, and the app has no static folder (static_folder=None); give it one, or"
                " leave the setting out."
            )
        if app.url_map.host_matching:
            raise ConfigurationError(
                f"{given}, and the app chooses its routes by host (host_matching), so that no path"
                " is the site's alone; add a route with a host for the file, and leave the setting"
                " out."
            )
        rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == STATIC]
        # With the prefix "/" all paths are below it, and what is listed is meant to come first.
        prefixes = [prefix for rule in rules if (prefix := rule.partition("<")[0]) != "/"]
        for path, filename in self._files:
            for prefix in prefixes:
                if path.startswith(prefix):
                    raise ConfigurationError(
                        f"{_KEY} has the path {path!r} for {filename!r}, which is below {prefix!r},"
                        " the URL of the static folder, so that it would hide what is there; give"
                        " a path outside of it, or leave it out."
                    )
            file = RootFile(_endpoint_name(path, app.view_functions), path, filename)
            app.add_url_rule(
                path,
                file.endpoint,
                _serve_file,
                methods=["GET"],
                defaults={"filename": filename},
            )
            (self._rules[file],) = app.url_map.iter_rules(file.endpoint)

    def give_way(self, app: Flask) -> None:
        """Let routes of the app's own at the same paths come first.

        Werkzeug takes the rule that was added first, and has no way to take one out. A rule without
        a method matches nothing.
        """
        taken = {}
        for file, own in self._rules.items():
            for rule in _at_path(app, own):
                if rule.methods is None or "GET" in rule.methods:
                    own.methods = set()
                    taken[file] = rule
                    break
        self.taken = taken

    def named_by(self, rules: Sequence[ConfiguredRule], app: Flask) -> str | None:
        """Return the error of the first configured rule whose glob matches such endpoints only.

        Rules go by the file's name in the static folder, so it would do nothing.
        """
        if not self._rules:
            return None
        names = {file.endpoint: file.filename for file in self._rules}
        others = app.view_functions.keys() - names
        for rule in rules:
            found = [name for name in names if rule.endpoint.matches(name)]
            if found and not any(rule.endpoint.matches(name) for name in others):
                return (
                    f"{rule.where} names {found[0]!r}, the endpoint of a file of {_KEY}, and rules"
                    f" go by the file's name: write '{STATIC}:{names[found[0]]}'."
                )
        return None

    def served(self) -> list[RootFile]:
        """Return the files at whose paths the app has no route of its own."""
        return [file for file in self._rules if file not in self.taken]

    def exact(self, app: Flask) -> dict[str, tuple[str, str]]:
        """Return the endpoint and the file name by the path, where no other rule has that path."""
        return {
            file.path: (file.endpoint, file.filename)
            for file, own in self._rules.items()
            if not any(_at_path(app, own))
        }

    def warn(self, is_there: Callable[[str], bool], warn: Callable[..., None]) -> None:
        """Warn once of files that are not there, and of those at whose paths the app has a route.

        :param is_there: returns whether the folder has a file of a name that can be served.
        :param warn: called with an occasion, a message and its arguments.
        """
        for file, rule in self.taken.items():
            warn(
                ("root file taken", file.path),
                "static_optimizer: %s has %r, and a route of the app's own (%r) answers at this"
                " path; take one of the two out.",
                _KEY,
                file.path,
                rule.endpoint,
            )
        for file in self.missing(is_there):
            warn(
                ("root file missing", file.path),
                "static_optimizer: %s has %r, and the static folder has no file %r that can be"
                " served, so it is answered with 404 until there is one. Add the file or correct"
                " its name.",
                _KEY,
                file.path,
                file.filename,
            )

    def missing(self, is_there: Callable[[str], bool]) -> list[RootFile]:
        """Return the files that are not there.

        :param is_there: as in :meth:`warn`.
        """
        return [file for file in self.served() if not is_there(file.filename)]


def _serve_file(filename: str) -> Any:
    """Run the view of the static folder, with all that the app has put around it."""
    app = app_object()
    return app.ensure_sync(app.view_functions[STATIC])(filename=filename)


def _at_path(app: Flask, own: Rule) -> Iterator[Rule]:
    """Yield the other URL rules of the same path."""
    for rule in app.url_map.iter_rules():
        is_twin = rule is not own and rule.rule == own.rule and not rule.websocket
        if is_twin and (rule.subdomain or "") == (own.subdomain or ""):
            yield rule


def _endpoint_name(path: str, known: Collection[str]) -> str:
    """Return a name for an endpoint. It has no dot, which would make it a blueprint's."""
    name = "root_file_" + re.sub(r"[^A-Za-z0-9]+", "_", path.strip("/"))
    while name in known:
        name += "_"
    return name
