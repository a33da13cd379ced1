"""Putting the express lane into an app, and opening it for the folders that it may serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.routing import Map

from ..folders import blueprint_of
from ..freshness import decides_freshness
from ..notices import passed_by_express
from .files import Folder, PreparedFiles
from .lane import Lane
from .observers import hooks, listeners, replaced_steps
from .routes import StoredRoutes

if TYPE_CHECKING:
    from ..endpoints import StaticEndpoint
    from ..policy import CachePolicy
    from ..state import AppState

#: Seconds for which the lane believes that a file is the same, where the app has asked for speed.
RECHECK = 1.0


def add_lane(state: AppState, app: Flask, complete: Callable[[AppState, Flask], None]) -> None:
    """Put the lane innermost in the app's WSGI stack.

    A middleware that is there already would be passed by, which only the app can want; one that
    comes later stands outside and sees everything.

    :param complete: settles what holds when the app is complete, and opens the lane.
    """
    inner = vars(app).get("wsgi_app")
    if inner is None or state.settings.express:
        state.lane = Lane(state, app, inner, partial(complete, state))
        app.wsgi_app = state.lane.wsgi_app  # type: ignore[method-assign]


def open_lane(state: AppState, app: Flask) -> None:
    """Open the lane when the app is complete, for the folders and routes that it may serve.

    These are the ones for which Flask would run nothing of the app's own, so that nobody can
    tell. With ``STATIC_OPTIMIZER_EXPRESS`` what the app has there is passed by for files, which
    is said once. In debug mode there is no lane.
    """
    if app.debug or state.lane is None or not _serves_any_host(app):
        return
    asked_for = state.settings.express
    passed_by = [*replaced_steps(app), *_middleware(state.lane)]
    heard = listeners(app, (state.adopt_assigned, *state.receivers)) if asked_for else []
    state.lane.open(
        PreparedFiles(
            state,
            state.endpoints.shortcut,
            _folders(state, app, passed_by, heard),
            RECHECK if asked_for else 0.0,
        ),
        StoredRoutes(state, app, [] if passed_by else _quiet_routes(state, app)),
        watched=not asked_for,
        counts=state.settings.metrics is not None or not asked_for,
    )


def _folders(
    state: AppState, app: Flask, passed_by: list[str], heard: list[str]
) -> dict[str, Folder]:
    """The folders whose files may be answered without Flask, by endpoint.

    :param passed_by: what Flask would run for every request.
    :param heard: who would hear of it by a signal, and need not where the app wants speed.
    """
    folders = {}
    for name in state.endpoints.shortcut.endpoints:
        endpoint = state.endpoints.get(name)
        assert endpoint is not None, "it is one of the app's"
        assert endpoint.mount is not None, "it is a folder"
        blueprint = blueprint_of(app.view_functions[name])
        ours = passed_by + hooks(app, name, state.own_hooks)
        if decides_freshness(blueprint or app) or (ours and not state.settings.express):
            continue
        if all(state.settings.mode(policy) == "protected" for policy in endpoint.policies):
            continue
        if ours or heard:
            passed_by_express(state, app, endpoint, [*ours, *heard])
        folders[name] = Folder(endpoint.mount, blueprint, partial(_public_policy, state, endpoint))
    return folders


def _quiet_routes(state: AppState, app: Flask) -> Iterator[str]:
    """The endpoints with stored responses for which Flask would run nothing but the view."""
    if app.url_map.converters != Map.default_converters:
        return  # what a converter of the app's own needs is not known
    for name in state.endpoints.stored():
        if not hooks(app, name, state.own_hooks):
            yield name


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


def _public_policy(state: AppState, endpoint: StaticEndpoint, name: str) -> CachePolicy | None:
    """The policy of a file, unless its responses may depend on who asks."""
    policy = endpoint.policy({"filename": name})
    return policy if policy and state.settings.mode(policy) == "isolated" else None
