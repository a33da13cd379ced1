"""Putting the express lane into an app, and opening it for the folders that it may serve."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask

from .folders import scaffold_of
from .freshness import decides_freshness
from .lane import Folder, Lane
from .notices import passed_by_express
from .observers import anybody_listens, hooks, replaced_steps

if TYPE_CHECKING:
    from .endpoints import StaticEndpoint
    from .policy import CachePolicy
    from .state import AppState

#: Seconds for which the lane believes that a file is the same, where the app has asked for speed.
RECHECK = 1.0


def add_lane(state: AppState, app: Flask) -> None:
    """Put the lane innermost in the app's WSGI stack.

    A middleware that is there already would be passed by, which only the app can want; one that
    comes later stands outside and sees everything.
    """
    inner = vars(app).get("wsgi_app")
    if inner is None or state.settings.express:
        state.lane = Lane(state, app, inner)
        app.wsgi_app = state.lane.wsgi_app  # type: ignore[method-assign]


def open_lane(state: AppState, app: Flask) -> None:
    """Open the lane when the app is complete, for the folders that it may serve.

    Without ``STATIC_OPTIMIZER_EXPRESS`` these are the ones for whose files Flask would run nothing
    of the app's own, so that nobody can tell. With it what the app has there is passed by,
    which is said once. In debug mode there is no lane.
    """
    if app.debug or state.lane is None or not _serves_any_host(app):
        return
    asked_for = state.settings.express
    everywhere = [*replaced_steps(app), *_middleware(state.lane)]
    folders = {}
    for name in state.endpoints.shortcut.endpoints:
        endpoint = state.endpoints.get(name)
        assert endpoint is not None, "it is one of the app's"
        assert endpoint.mount is not None, "it is a folder"
        scaffold = scaffold_of(app, app.view_functions[name])
        passed_by = everywhere + hooks(app, name, state.own_hooks)
        if decides_freshness(scaffold) or (passed_by and not asked_for):
            continue
        if passed_by:
            passed_by_express(state, app, name, passed_by)
        blueprint = None if isinstance(scaffold, Flask) else scaffold
        folders[name] = Folder(endpoint.mount, blueprint, partial(_public_policy, state, endpoint))
    if folders:
        recheck, is_closed = (RECHECK, None) if asked_for else (0.0, anybody_listens)
        counts = state.settings.metrics is not None or not asked_for
        state.lane.open(state.endpoints.shortcut, folders, recheck, is_closed, counts=counts)


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
    mode = policy and (policy.session or state.settings.session)
    return policy if mode == "isolated" else None
