"""The opening of the express lane for the folders and routes that it may serve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import Map

from ..headers.freshness import decides_freshness
from ..requests.folders import blueprint_of
from ..requests.paths import has_plain_map
from .files import Folder, LaneFiles
from .observers import TAKEN, hooks, listeners, replaced_steps
from .stand_in import StandIn
from .steps import Steps, has_known_steps

if TYPE_CHECKING:
    from ..assets.memory import Memory
    from ..config.policy import CachePolicy
    from ..config.rules import Rule
    from ..config.settings import Settings
    from ..monitoring.counters import Stats
    from ..monitoring.log import Log
    from ..requests.endpoints import EndpointTable
    from ..requests.static_endpoint import StaticEndpoint
    from ..store.store import Store
    from ..views.file_choice import FileChooser
    from .middleware import Lane
    from .stored import StoredRoutes

#: The time in seconds for which the lane takes a file as unchanged after a check, with
#: ``STATIC_OPTIMIZER_EXPRESS``.
RECHECK = 1.0


class LaneOpening:
    """The opening of one app's lane, which selects the folders and routes that the lane serves.

    :param own_hooks: the functions of the extension among the app's hooks.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        endpoints: EndpointTable,
        app: Flask,
        own_hooks: Collection[Callable[..., Any]],
    ) -> None:
        self._settings = settings
        self._log = log
        self._endpoints = endpoints
        self._app = app
        self._own_hooks = own_hooks

    def open(
        self, lane: Lane, files: FileChooser, memory: Memory, store: Store | None, stats: Stats
    ) -> None:
        """Open the lane for the folders and routes that it may serve.

        These are the ones for which Flask would run no code of the app besides the view. With
        ``STATIC_OPTIMIZER_EXPRESS`` the lane bypasses such code for files, and a warning says so
        once. In debug mode the lane stays closed.

        :param store: the store of responses; ``None`` if the app stores none.
        """
        if self._closed():
            return
        app, endpoints, express = self._app, self._endpoints, self._settings.express
        folders = self._folders(listeners(app) if express else [])
        routes = None if store is None else self._routes(store, stats)
        lane.open(
            LaneFiles(files, memory, endpoints.shortcut, folders),
            routes,
            recheck=RECHECK if express else 0.0,
            watched=not express,
            counts=self._settings.metrics is not None or not express,
            wrapped=type(vars(app).get("wsgi_app")) is not StandIn,
        )

    def _routes(self, store: Store, stats: Stats) -> StoredRoutes:
        from .stored import StoredRoutes  # it needs modules of the store

        quiet = () if replaced_steps(self._app) else self._quiet_routes()
        return StoredRoutes(self._endpoints, store, stats, self._app, quiet)

    def open_steps(self, lane: Lane, steps: Steps) -> None:
        """Open the lane for known requests with the app's hooks, if Flask's steps are its own."""
        if self._unknown_steps():
            return
        rules = [rule.encode().decode("latin-1") for rule in self._endpoints.routes]
        lane.open_steps(steps, rules)

    def why_flask(self, lane: Lane | None, endpoint: StaticEndpoint) -> list[str]:
        """Return the reasons why Flask finds out everything for each request for a file.

        The list is empty where a request is known after the first one like it.
        """
        found = self._unreached(lane) + self._unknown_steps()
        if not has_plain_map(self._app):
            found.append("a router of the app's own")
        return found + self._own_ages(endpoint.name)

    def _unknown_steps(self) -> list[str]:
        """Return the reasons why the lane can't take Flask's steps."""
        reasons = ["debug mode"] if self._app.debug else []
        if not has_known_steps():
            reasons.append("the version of Flask, whose steps are not known")
        return reasons + replaced_steps(self._app, TAKEN)

    def why_not(self, lane: Lane | None, endpoint: StaticEndpoint) -> list[str]:
        """Return the reasons why files of a folder are left to Flask, as a user can find them.

        The list is empty where the lane is open for the folder.
        """
        found = self._closed() + self._unreached(lane) + self._barred(endpoint)
        if not self._settings.express:
            found += self._run(endpoint.name) + listeners(self._app)
        return found

    def passed_by(self, endpoint: StaticEndpoint) -> list[str]:
        """Return the names of the code of the app that the lane does not run for a folder's files.

        The list is empty where the lane passes nothing by, and where it leaves the folder to Flask.
        """
        if not self._settings.express or self._closed() or self._barred(endpoint):
            return []
        return self._run(endpoint.name) + listeners(self._app)

    def _closed(self) -> list[str]:
        """Return the reasons why the lane stays closed for all folders."""
        reasons = ["debug mode"] if self._app.debug else []
        if not _serves_any_host(self._app):
            reasons.append("TRUSTED_HOSTS, SERVER_NAME or subdomains")
        return reasons

    def warn_of_no_lane(self) -> None:
        """Warn if the app asks for the lane past its hooks, and has none."""
        if self._settings.express:
            self._log.warn_once(
                "express-unreached",
                "static_optimizer: STATIC_OPTIMIZER_EXPRESS has no effect because of %s.",
                *self._unreached(None),
            )

    def _unreached(self, lane: Lane | None) -> list[str]:
        """Return the middleware that keeps all requests from the lane."""
        if lane is None:
            said = "does not show where it calls the app"
            outer = vars(self._app)["wsgi_app"]
        elif lane.is_bypassed:
            said = "calls the app otherwise than it shows, or one inside of it does"
            outer = lane.outer
        else:
            return []
        return [
            f"the middleware {_middleware_name(outer)}, which was there before the extension and"
            f" {said}. Put it around app.wsgi_app after the extension"
        ]

    def _barred(self, endpoint: StaticEndpoint) -> list[str]:
        """Return the reasons, besides the code of the app, for which a folder is left to Flask."""
        name, shortcut, reasons = endpoint.name, self._endpoints.shortcut, []
        if name in shortcut.rivals:
            reasons.append(f"the URL rule {shortcut.rivals[name]}")
        elif name not in shortcut.endpoints:
            reasons.append("URL rules that depend on the host, or a router of the app's own")
        reasons += self._own_ages(name)
        if all(map(self._endpoints.protects, endpoint.policies)):
            reasons.append("its policy, which is protected")
        return reasons

    def _own_ages(self, endpoint: str) -> list[str]:
        if decides_freshness(blueprint_of(self._app.view_functions[endpoint]) or self._app):
            return ["get_send_file_max_age, which the app has overridden"]
        return []

    def _run(self, endpoint: str) -> list[str]:
        """Return the names of the code of the app that Flask would run for an endpoint."""
        return replaced_steps(self._app) + hooks(self._app, endpoint, self._own_hooks)

    def _folders(self, heard: list[str]) -> dict[str, Folder]:
        """Return the folders whose files may be answered without Flask, by endpoint.

        :param heard: the names of the signal receivers that get no signal, with
            ``STATIC_OPTIMIZER_EXPRESS``.
        """
        folders, passed_by = {}, {}
        for name in self._endpoints.shortcut.endpoints:
            endpoint = self._endpoints.get(name)
            assert endpoint is not None, "it is one of the app's"
            assert endpoint.mount is not None, "it is a folder"
            run = self._run(name)
            if self._barred(endpoint) or (run and not self._settings.express):
                continue
            if (run or heard) and endpoint.root_file is None:
                passed_by[name] = [*run, *heard]
            folders[name] = Folder(
                endpoint.mount,
                blueprint_of(self._app.view_functions[name]),
                partial(_shared_policy, self._endpoints, endpoint),
            )
        if passed_by:
            self._warn_of_passing_by(passed_by)
        return folders

    def _quiet_routes(self) -> Iterator[str]:
        """Yield the endpoints with stored responses for which Flask would run only the view.

        A policy's ``key`` and ``unless`` are called in the request, and so they need Flask.
        """
        if self._app.url_map.converters != Map.default_converters:
            return  # A converter of the app may need the request context.
        for name, policies in self._endpoints.stored().items():
            if any(policy.needs_request for policy in policies):
                continue
            if not hooks(self._app, name, self._own_hooks):
                yield name

    def _warn_of_passing_by(self, passed_by: Mapping[str, list[str]]) -> None:
        """Warn, in one message, of the code of the app that the lane does not run for files.

        :param passed_by: the names of that code, by endpoint.
        """
        names = dict.fromkeys(name for names in passed_by.values() for name in names)
        first, *more = passed_by
        folders = f"{first!r}" + (f" and {len(more)} other folders" if more else "")
        left = {
            rule.key
            for folder in passed_by
            for rule, policy in self._choices(folder)
            if policy is None or self._endpoints.protects(policy)
        }
        if left:
            rules = sorted(left)
            advice = f"Flask is asked for those that STATIC_OPTIMIZER_RULES speak of: {rules}."
        else:
            advice = (
                "If one of these guards files, protect them, which leaves them to Flask:"
                f' STATIC_OPTIMIZER_RULES = {{"{first}:part/*": {{"session": "protected"}}}}.'
            )
        self._log.warn_once(
            ("express", folders),
            "static_optimizer: with STATIC_OPTIMIZER_EXPRESS files of %s are answered without %s."
            " 'flask static audit' lists the header fields that they lack for it. %s",
            folders,
            ", ".join(names),
            advice,
        )

    def _choices(self, folder: str) -> Sequence[tuple[Rule, CachePolicy | None]]:
        endpoint = self._endpoints.get(folder)
        return endpoint.choices if endpoint else ()


def _middleware_name(outer: object) -> str:
    named = outer if isinstance(outer, FunctionType) else type(outer)
    return f"{named.__module__}.{named.__qualname__}"


def _serves_any_host(app: Flask) -> bool:
    """Return whether the app answers alike whatever the host."""
    return (
        not app.subdomain_matching
        and app.config.get("TRUSTED_HOSTS") is None
        and app.request_class.trusted_hosts is None
        # Before Flask 3.1, SERVER_NAME restricted the hosts.
        and (app.config["SERVER_NAME"] is None or "TRUSTED_HOSTS" in Flask.default_config)
    )


def _shared_policy(
    endpoints: EndpointTable, endpoint: StaticEndpoint, name: str
) -> CachePolicy | None:
    """Return the policy of a file, or ``None`` if its responses may depend on the visitor."""
    policy = endpoint.policy({"filename": name})
    return policy if policy and not endpoints.protects(policy) else None
