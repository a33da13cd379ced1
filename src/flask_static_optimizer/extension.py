"""The extension: installs the parts, and finishes the installation at the first request."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

from flask import Flask

from .assets.template_helpers import Preloading, add_template_helpers
from .assets.url_for import fingerprint_urls
from .cli import add_commands
from .config.errors import ConfigurationError
from .config.names import EXTENSION, PREFIX
from .config.settings import Settings
from .headers.server_timing import add_timing
from .lane.opening import LaneOpening, add_lane
from .monitoring.log import Log
from .monitoring.prometheus import add_metrics
from .requests.current import app_object
from .requests.endpoints import EndpointTable
from .requests.mark import is_static_request
from .session.before_request import mark_before_request
from .state import AppState
from .views.purging import invalidate_after_unsafe, purge


class StaticOptimizer:
    """An extension that keeps sessions out of static requests and lets caches keep the responses.

    ::

        StaticOptimizer(app)                 # or, in an application factory:
        optimizer = StaticOptimizer()
        optimizer.init_app(app)

    The order relative to other extensions is free. One instance may serve several apps; each
    keeps its own state in ``app.extensions["static_optimizer"]``.

    :param app: the app to install it in; without one call :meth:`init_app` later.
    :raises ConfigurationError: as :meth:`init_app`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Install the extension in an app, reading its ``STATIC_OPTIMIZER_`` configuration.

        It may come before or after other extensions, blueprints and routes.

        :param app: the app; one that has the extension already is refused.
        :raises ConfigurationError: for a setting that can't be meant, for a second time on the
            same app, and for views that can't be cached as they were declared.
        """
        if not isinstance(app, Flask):
            raise ConfigurationError(
                f"StaticOptimizer takes a Flask app, not {app!r}; blueprints are covered by it."
            )
        settings = Settings.from_config(app.config)
        if not settings.enabled:
            return
        if EXTENSION in app.extensions:
            raise ConfigurationError(
                f"StaticOptimizer is installed in {app.name!r} already; call it or init_app once."
            )
        _install(AppState(settings, app), app)

    def purge(
        self, *, endpoint: str | None = None, tag: str | None = None, path: str | None = None
    ) -> None:
        """Make useless what is stored of the current app's responses, at once in all processes.

        With several arguments, what any of them names; without any, everything. Where responses
        are stored in the memory of each process, those of this process only.

        :param endpoint: the name of a view's endpoint.
        :param tag: one of the ``tags`` of a policy.
        :param path: the path of a URL as visitors see it, as ``url_for`` gives it; all its queries
            are meant. A few other paths may be purged with it.
        :raises ValueError: if there is no such endpoint or tag, or the path is none.
        :raises RuntimeError: outside an app context, and where the extension is not installed.
        :raises Exception: whatever the app's cache raises if it can't be used.
        """
        app = app_object()
        state: AppState | None = app.extensions.get(EXTENSION)
        if state is None:
            raise RuntimeError(f"StaticOptimizer is not installed in {app.name!r}.")
        purge(state.endpoints, state.open_store(), endpoint=endpoint, tag=tag, path=path)


def _install(state: AppState, app: Flask) -> None:
    """Put the parts into an app: the session, the URLs, the templates, the lane, the commands."""
    settings, endpoints, log = state.settings, state.endpoints, state.log
    endpoints.refresh()
    endpoints.check()
    app.extensions[EXTENSION] = state
    complete = partial(_complete, state)

    state.adoption.adopt(app)
    state.adoption.adopt_until_first_request(app)
    state.own_hooks.append(
        mark_before_request(app, settings, endpoints, state.etags, state.adoption, complete)
    )

    listeners = []
    if settings.preload:
        preloading = Preloading(settings.preload, is_static_request)
        listeners.append(preloading.remember)
        state.own_hooks.append(app.after_request(preloading.after_request))
    fingerprint_urls(app, endpoints.mount, state.urls, listeners)
    add_template_helpers(
        app, endpoints, state.catalogue, log.warn_once, importmap=settings.importmap
    )

    state.lane = add_lane(endpoints, state.stats, app, complete, express=settings.express)
    if settings.metrics:
        add_metrics(state.stats, app, settings.metrics)
    add_commands(app)


def _complete(state: AppState, app: Flask) -> None:
    """Finish the installation at the first request: from now on requests only choose.

    :raises ConfigurationError: for configuration that came too late, and as ``init_app`` does for
        what was declared after it.
    """
    endpoints = state.endpoints
    with state.completing:
        if endpoints.complete:
            return
        _check_settings(state.settings, app)
        endpoints.refresh(complete=True)
        endpoints.check()
        _warn_of_unmatched_rules(endpoints, state.log)
        state.stats.cookie_name = app.config["SESSION_COOKIE_NAME"]
        store = state.open_store()
        invalidate_after_unsafe(endpoints, store, app)
        if state.lane is not None:
            LaneOpening(
                state.settings, state.log, endpoints, app, state.own_hooks, state.is_own_receiver
            ).open(state.lane, state.files, state.memory, store, state.stats)
        if app.debug:
            state.receivers += add_timing(app)


def _check_settings(settings: Settings, app: Flask) -> None:
    now = Settings.from_config(app.config)
    for field in fields(Settings):
        if getattr(now, field.name) != getattr(settings, field.name):
            raise ConfigurationError(
                f"{PREFIX}{field.name.upper()} was set after StaticOptimizer had read it; set it"
                " before StaticOptimizer(app) or init_app(app)."
            )


def _warn_of_unmatched_rules(endpoints: EndpointTable, log: Log) -> None:
    """Warn of rules whose glob matches no endpoint."""
    for rule in endpoints.unmatched_rules():
        log.warn_once(
            ("unmatched", rule.key),
            "static_optimizer: %s matches no endpoint of this app ('flask routes' lists them);"
            " correct it or take it out.",
            rule.where,
        )
