"""The static endpoints of an app, and the policy of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import ref

from flask import Flask
from werkzeug.routing import MapAdapter
from werkzeug.security import safe_join

from ..assets import fingerprints as names
from ..assets.catalogue import Catalogue
from ..assets.mount import Mount
from ..config.decorator import tag_of
from ..config.errors import ConfigurationError
from ..config.globs import GlobIndex
from ..config.policy import CachePolicy
from ..config.rules import Rule
from ..config.settings import Settings
from .classifier import Classifier
from .paths import NOWHERE, Gate, Shortcut, has_one_host
from .root_files import STATIC, RootFiles
from .static_endpoint import StaticEndpoint
from .url_variables import unknown_variable

View = Callable[..., Any]


class EndpointTable:
    """A table of the static endpoints of one app.

    :param app: the app, of which it keeps a weak reference.
    :param settings: the settings.
    :param catalogue: the catalogue, which gets the static folders.
    :param serve: returns the view that runs in the place of a static endpoint's own.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        catalogue: Catalogue,
        serve: Callable[[StaticEndpoint, View], View],
        warn: Callable[[object, str], None],
    ) -> None:
        # The app holds this; a strong reference back would keep a dropped app alive.
        self._get_app = ref(app)
        self._settings = settings
        self._endpoint_globs = GlobIndex(rule.endpoint for rule in settings.rules)
        self._catalogue = catalogue
        self._serve = serve
        self._lock = Lock()
        self._classifier = Classifier(
            settings, self._endpoint_globs, lambda name: self._endpoints.get(name), warn
        )
        #: Return whether the session may be read by requests under a policy.
        self.protects = self._classifier.protects
        #: The files of the app's static folder that are served at the root of the site, too.
        self.root_files = RootFiles(settings.root_files)
        # Each is replaced whole, so that readers need no lock.
        self.gate = Gate()
        #: The URL rules of all static endpoints.
        self.routes: Sequence[str] = ()
        self.shortcut = NOWHERE
        #: An adapter that matches URLs without being bound to each request, where the host does not
        #: matter.
        self.urls: MapAdapter | None = None
        self.complete = False
        self._endpoints: Mapping[str, StaticEndpoint] = {}
        self._problem: str | None = None

    def get(self, endpoint: str) -> StaticEndpoint | None:
        """Return the static endpoint of that name, if it is one."""
        if not self.complete:
            self.refresh()
        return self._endpoints.get(endpoint)

    def names(self) -> tuple[str, ...]:
        """Return the names of all static endpoints."""
        if not self.complete:
            self.refresh()
        return tuple(self._endpoints)

    def mounts(self) -> tuple[Mount, ...]:
        """Return the static folders whose views no decorator is put around."""
        if not self.complete:
            self.refresh()
        return self._catalogue.mounts

    def sources(self) -> tuple[Mount, ...]:
        """Return the folders whose files are sent by views of the app's own."""
        if not self.complete:
            self.refresh()
        return self._catalogue.sources

    def mount(self, endpoint: str) -> Mount | None:
        """Return the static folder of an endpoint, if it is one of :meth:`mounts`."""
        found = self.get(endpoint)
        return None if found is None or found.root_file else found.mount

    def linked(self, endpoint: str) -> Mount | None:
        """Return the folder of an endpoint whose URLs get fingerprints, if it has one.

        A view of the app's own may serve it.
        """
        found = self.get(endpoint)
        return None if found is None or found.root_file else found.mount or found.source

    def has_file(self, endpoint: StaticEndpoint, view_args: Mapping[str, Any]) -> bool:
        """Look whether what a request to a static folder asks for is there.

        True for any other endpoint, and where Flask does not take files from the folder.
        """
        name = view_args.get("filename")
        if endpoint.static_folder is None or not isinstance(name, str):
            return True
        mount = endpoint.mount
        if mount is None:
            path = safe_join(endpoint.static_folder, name)
            return path is not None and os.path.isfile(path)
        if mount.has(name):
            return True
        split = names.split(name) if self._settings.fingerprint == "path" else None
        return split is not None and mount.has(split[0])

    def has_root_file(self, filename: str) -> bool:
        """Look whether a file of :attr:`root_files` is there."""
        static = self.get(STATIC)
        return static is None or self.has_file(static, {"filename": filename})

    def stored(self) -> dict[str, list[CachePolicy]]:
        """Return the endpoints whose responses may be stored, with all policies of each."""
        if not self.complete:
            self.refresh()
        on = self._settings.store
        found = {
            name: [each for each in endpoint.policies if (on if each.store is None else each.store)]
            for name, endpoint in self._endpoints.items()
            if not endpoint.folder
        }
        return {name: policies for name, policies in found.items() if policies}

    def sent_tags(self) -> set[str]:
        """Return the tags that ``TAG_HEADERS`` tells a CDN, those of files among them."""
        if not self._settings.tag_headers:
            return set()
        found = filter(None, map(self.get, self.names()))
        return {tag for endpoint in found for policy in endpoint.policies for tag in policy.tags}

    def view_names(self) -> tuple[str, ...]:
        """Return the names of all endpoints of the app, static or not."""
        app = self._get_app()
        return () if app is None else tuple(app.view_functions)

    def unmatched_rules(self) -> list[Rule]:
        """Return the configured rules whose glob matches no endpoint of the app."""
        matched = {
            place for name in self.view_names() for place in self._endpoint_globs.matching(name)
        }
        return [rule for place, rule in enumerate(self._settings.rules) if place not in matched]

    def takes_names(self, endpoint: str) -> bool:
        """Return whether the URLs of an endpoint have a variable that may be a file's name."""
        app = self._get_app()
        rules = () if app is None else app.url_map.iter_rules(endpoint)
        return any("filename" in rule.arguments or len(rule.arguments) == 1 for rule in rules)

    def check(self) -> None:
        """Raise an error if a view of the app was declared static in a wrong way.

        :raises ConfigurationError: names the view and what to change.
        """
        if self._problem is not None:
            raise ConfigurationError(self._problem)

    def check_rules(self, *, complete: bool = False) -> None:
        """Raise an error if a rule names an endpoint or a URL variable that rules can't go by.

        :param complete: whether all views and their URLs are there. Until then only the rules are
            checked that name one static folder, or one file at the root of the site.
        :raises ConfigurationError: names the rule and what to write.
        """
        app, rules = self._get_app(), list(self._settings.rules)
        if not complete:
            names = {name for name, found in self._endpoints.items() if found.folder}
            names |= self.root_files.endpoints
            rules = [rule for rule in rules if rule.endpoint.is_literal and rule.glob in names]
        problem = None if app is None else self._rule_problem(app, rules)
        if problem is not None:
            raise ConfigurationError(problem)

    def _rule_problem(self, app: Flask, rules: Sequence[Rule]) -> str | None:
        return self.root_files.named_by(rules, app) or unknown_variable(app, rules)

    def refresh(self, *, complete: bool = False) -> None:
        """Look through the app's views.

        :param complete: whether the app serves requests, so that Flask accepts no more views. Until
            then each question to the table looks through them again. No view is wrapped either,
            since Flask compares a view with the one that is given for a further URL.
        """
        app = self._get_app()
        with self._lock:
            if self.complete or app is None:
                return
            self.root_files.give_way(app)
            routes = _routes(app)
            endpoints: dict[str, StaticEndpoint] = {}
            problem = None
            for name, view in app.view_functions.items():
                if name in self.root_files:
                    continue
                try:
                    found = self._classifier.endpoint(app, name, view)
                    if found is None:
                        continue
                    if routes.get(name):
                        endpoints[name] = found
                    elif name in routes and tag_of(view) is not None:
                        raise ConfigurationError(
                            f"@cacheable_static on {name!r}: its route does not answer GET, and"
                            " nothing else can be cached; remove the decorator or add GET."
                        )
                except ConfigurationError as error:
                    problem = problem or str(error)
            folders = tuple(endpoints.values())
            static = endpoints.get(STATIC)
            if static is not None:
                for file in self.root_files.served():
                    endpoints[file.endpoint] = static.of_root_file(file)
            self._endpoints, self._problem = endpoints, problem
            self._catalogue.mounts = tuple(each.mount for each in folders if each.mount)
            self._catalogue.sources = tuple(each.source for each in folders if each.source)
            if complete and problem is None:
                problem = self._problem = self._rule_problem(app, self._settings.rules)
            if complete and problem is None:
                for endpoint in folders:
                    if endpoint.policies:  # a rule that leaves all of it alone leaves its view, too
                        name = endpoint.name
                        app.view_functions[name] = self._serve(endpoint, app.view_functions[name])
                self.routes = [route for name in endpoints for route in routes[name]]
                self.gate = Gate.over(self.routes)
                prefixes = {mount.endpoint: mount.prefix for mount in self._catalogue.mounts}
                exact = self.root_files.exact(app) if static and static.mount else {}
                self.shortcut = Shortcut.over(app, prefixes, exact)
                self.urls = app.url_map.bind("localhost") if has_one_host(app) else None
                self.complete = True


def _routes(app: Flask) -> dict[str, list[str]]:
    """Return the URL rules of each endpoint that answer GET."""
    routes: dict[str, list[str]] = {}
    for rule in app.url_map.iter_rules():
        answering = routes.setdefault(rule.endpoint, [])
        if not rule.websocket and (rule.methods is None or "GET" in rule.methods):
            answering.append(rule.rule)
    return routes
