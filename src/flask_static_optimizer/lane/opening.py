"""The installation of the express lane, and its opening for the folders that it may serve."""

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
    from ..requests.endpoints import EndpointTable
    from ..requests.static_endpoint import StaticEndpoint
    from ..store.store import Store
    from ..views.file_choice import FileChooser

#: The time in seconds for which the lane takes a file as unchanged after a check, with
#: ``STATIC_OPTIMIZER_EXPRESS``.
RECHECK = 1.0


def add_lane(
    endpoints: EndpointTable,
    stats: Stats,
    app: Flask,
    complete: Callable[[Flask], None],
    *,
    express: bool,
) -> Lane | None:
    """Install the lane as the app's ``wsgi_app``.

    The lane would bypass a middleware that the app has already, so that is installed only if
    the app allows it. A middleware that is added later is outside of the lane, and sees all
    requests.

    :param complete: a function that finishes the installation at the first request, and opens the
        lane.
    :param express: whether the lane may bypass a middleware.
    :returns: the lane, or ``None`` if it is not installed.
    """
    inner = vars(app).get("wsgi_app")
    if inner is not None and not express:
        return None
    lane = Lane(endpoints, stats, app, inner, complete)
    app.wsgi_app = stand_in(lane, app)  # type: ignore[method-assign]
    return lane


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
        self, lane: Lane, files: FileChooser, memory: Memory, store: Store, stats: Stats
    ) -> None:
        """Open the lane for the folders and routes that it may serve.

        These are the ones for which Flask would run no code of the app besides the view. With
        ``STATIC_OPTIMIZER_EXPRESS`` the lane bypasses such code for files, and a warning says so
        once. In debug mode the lane stays closed.
        """
        app, settings, endpoints = self._app, self._settings, self._endpoints
        if app.debug or not _serves_any_host(app):
            return
        express = settings.express
        passed_by = [*replaced_steps(app), *_middleware(lane)]
        heard = listeners(app) if express else []
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

        :param passed_by: the names of the code of the app that Flask would run for every request.
        :param heard: the names of the signal receivers that get no signal, with
            ``STATIC_OPTIMIZER_EXPRESS``.
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
        """Yield the endpoints with stored responses for which Flask would run only the view."""
        if self._app.url_map.converters != Map.default_converters:
            return  # A converter of the app may need the request context.
        for name in self._endpoints.stored():
            if not hooks(self._app, name, self._own_hooks):
                yield name

    def _warn_of_passing_by(self, endpoint: StaticEndpoint, names: list[str]) -> None:
        """Warn of the code of the app that the lane does not run for a folder's files."""
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
