"""Putting the express lane into an app, and opening it for the folders that it may serve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import Map

from ..headers.freshness import decides_freshness
from ..requests.folders import blueprint_of
from .files import Folder, LaneFiles
from .middleware import Lane
from .observers import hooks, listeners, replaced_steps
from .stand_in import stand_in
from .stored import StoredRoutes

if TYPE_CHECKING:
    from ..assets.memory import Memory
    from ..config.policy import CachePolicy
    from ..config.settings import Settings
    from ..monitoring.counters import Stats
    from ..monitoring.log import Log
    from ..requests.endpoints import EndpointTable, StaticEndpoint
    from ..store.store import Store
    from ..views.file_choice import FileChooser

#: Seconds for which the lane believes that a file is the same, where the app has asked for speed.
RECHECK = 1.0


def add_lane(
    endpoints: EndpointTable,
    stats: Stats,
    app: Flask,
    complete: Callable[[Flask], None],
    *,
    express: bool,
) -> Lane | None:
    """Put the lane innermost in the app's WSGI stack.

    A middleware that is there already would be passed by, which only the app can want; one that
    comes later stands outside and sees everything.

    :param complete: finishes the installation at the first request, and opens the lane.
    :param express: whether the app wants a middleware that is there to be passed by.
    :returns: the lane, if there is one.
    """
    inner = vars(app).get("wsgi_app")
    if inner is not None and not express:
        return None
    lane = Lane(endpoints, stats, app, inner, complete)
    app.wsgi_app = stand_in(lane, app)  # type: ignore[method-assign]
    return lane


class LaneOpening:
    """The opening of one app's lane: for which folders and routes, and what it passes by.

    :param own_hooks: functions among the app's hooks that are the extension's.
    :param is_own_receiver: returns whether a receiver of a signal is the extension's.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        endpoints: EndpointTable,
        app: Flask,
        own_hooks: Collection[Callable[..., Any]],
        is_own_receiver: Callable[[object], bool],
    ) -> None:
        self._settings = settings
        self._log = log
        self._endpoints = endpoints
        self._app = app
        self._own_hooks = own_hooks
        self._is_own_receiver = is_own_receiver

    def open(
        self, lane: Lane, files: FileChooser, memory: Memory, store: Store, stats: Stats
    ) -> None:
        """Open the lane when the app is complete, for the folders and routes that it may serve.

        These are the ones for which Flask would run nothing of the app's own, so that nobody can
        tell. With ``STATIC_OPTIMIZER_EXPRESS`` what the app has there is passed by for files, which
        is said once. In debug mode there is no lane.
        """
        app, settings, endpoints = self._app, self._settings, self._endpoints
        if app.debug or not _serves_any_host(app):
            return
        express = settings.express
        passed_by = [*replaced_steps(app), *_middleware(lane)]
        heard = listeners(app, self._is_own_receiver) if express else []
        folders = self._folders(passed_by, heard)
        quiet = () if passed_by else self._quiet_routes()
        lane.open(
            LaneFiles(files, memory, endpoints.shortcut, folders),
            StoredRoutes(endpoints, store, stats, app, quiet),
            recheck=RECHECK if express else 0.0,
            watched=not express,
            counts=settings.metrics is not None or not express,
        )

    def _folders(self, passed_by: list[str], heard: list[str]) -> dict[str, Folder]:
        """Return the folders whose files may be answered without Flask, by endpoint.

        :param passed_by: what Flask would run for every request.
        :param heard: who would hear of it by a signal, and need not where the app wants speed.
        """
        folders = {}
        for name in self._endpoints.shortcut.endpoints:
            endpoint = self._endpoints.get(name)
            assert endpoint is not None, "it is one of the app's"
            assert endpoint.mount is not None, "it is a folder"
            blueprint = blueprint_of(self._app.view_functions[name])
            run = passed_by + hooks(self._app, name, self._own_hooks)
            if decides_freshness(blueprint or self._app) or (run and not self._settings.express):
                continue
            if all(map(self._endpoints.protects, endpoint.policies)):
                continue
            if run or heard:
                self._warn_of_passing_by(endpoint, [*run, *heard])
            folders[name] = Folder(
                endpoint.mount, blueprint, partial(_shared_policy, self._endpoints, endpoint)
            )
        return folders

    def _quiet_routes(self) -> Iterator[str]:
        """Return the endpoints with stored responses for which Flask would run only the view."""
        if self._app.url_map.converters != Map.default_converters:
            return  # what a converter of the app's own needs is not known
        for name in self._endpoints.stored():
            if not hooks(self._app, name, self._own_hooks):
                yield name

    def _warn_of_passing_by(self, endpoint: StaticEndpoint, names: list[str]) -> None:
        """Warn of what the lane does not run for a folder's files."""
        left = [
            rule.key
            for rule, policy in endpoint.choices
            if policy is None or self._endpoints.protects(policy)
        ]
        if left:
            advice = f"Flask is asked for those that STATIC_OPTIMIZER_RULES speak of: {left}."
        else:
            advice = (
                "If one of these guards files, protect them, which leaves them to Flask:"
                f' STATIC_OPTIMIZER_RULES = {{"{endpoint.name}:part/*":'
                ' {"session": "protected"}}.'
            )
        self._log.warn_once(
            ("express", endpoint.name),
            "static_optimizer: with STATIC_OPTIMIZER_EXPRESS files of %r are answered without %s."
            " %s",
            endpoint.name,
            ", ".join(names),
            advice,
        )


def _middleware(lane: Lane) -> list[str]:
    return [] if lane.inner is None else [f"the middleware {type(lane.inner).__name__}"]


def _serves_any_host(app: Flask) -> bool:
    """Whether a request's host does not matter to the app."""
    return (
        not app.subdomain_matching
        and app.config.get("TRUSTED_HOSTS") is None
        and app.request_class.trusted_hosts is None
        # Before Flask 3.1 it restricted the hosts.
        and (app.config["SERVER_NAME"] is None or "TRUSTED_HOSTS" in Flask.default_config)
    )


def _shared_policy(
    endpoints: EndpointTable, endpoint: StaticEndpoint, name: str
) -> CachePolicy | None:
    """Return the policy of a file, unless its responses may depend on who asks."""
    policy = endpoint.policy({"filename": name})
    return policy if policy and not endpoints.protects(policy) else None
