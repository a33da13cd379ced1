"""The extension class, which installs the parts and finishes that at the first request."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask, Request

from .assets.host import Host
from .assets.template_helpers import Preloading, add_template_helpers
from .assets.url_for import fingerprint_urls
from .assets.urls import PLAIN
from .cli import add_commands
from .config.decorator import when_declared
from .config.errors import ConfigurationError
from .config.names import EXTENSION, PREFIX
from .config.settings import Settings
from .headers.server_timing import add_timing
from .lane.before_view import BeforeView
from .lane.opening import LaneOpening
from .lane.placing import add_lane
from .lane.steps import Steps
from .monitoring.prometheus import add_metrics
from .requests.current import app_object
from .requests.known_adapter import adapt_known_requests
from .requests.mark import is_static_request
from .requests.unmatched import warn_of_unmatched_rules
from .session.before_request import mark_before_request
from .state import AppState, load_stored_views
from .views.folder_view import respond, show_headers_to_error_handlers
from .views.purging import invalidate_after_unsafe, purge

when_declared(load_stored_views)


class StaticOptimizer:
    """A Flask extension that keeps sessions out of static requests, so that caches can store them.

    ::

        StaticOptimizer(app)                 # or, in an application factory:
        optimizer = StaticOptimizer()
        optimizer.init_app(app)

    The order relative to other extensions does not matter. One instance may serve several apps.
    Each app has its own state in ``app.extensions["static_optimizer"]``.

    :param app: the app to install the extension in; without one call :meth:`init_app` later.
    :raises ConfigurationError: for the reasons that :meth:`init_app` lists.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Install the extension in an app, and read its ``STATIC_OPTIMIZER_`` configuration.

        The call may come before or after other extensions, blueprints and routes.

        :param app: the app, which must not have the extension already.
        :raises ConfigurationError: for an invalid setting, for a second call with the same app,
            and for views that can't be cached as they were declared.
        """
        if not isinstance(app, Flask):
            raise ConfigurationError(
                f"StaticOptimizer takes a Flask app, not {app!r}; blueprints are covered by it."
            )
        settings = Settings.from_config(app.config)
        if not settings.enabled:
            _switch_off(settings, app)
            return
        if EXTENSION in app.extensions:
            raise ConfigurationError(
                f"StaticOptimizer is installed in {app.name!r} already; call it or init_app once."
            )
        _install(AppState(settings, app), app)

    def purge(
        self, *, endpoint: str | None = None, tag: str | None = None, path: str | None = None
    ) -> None:
        """Purge stored responses of the current app, at once in all processes.

        With several arguments, the responses that match any of them are purged; without any, all
        are. If each process stores responses in its own memory, only those of this process are
        purged.

        :param endpoint: the name of a view's endpoint.
        :param tag: one of the ``tags`` of a policy.
        :param path: the path of a URL as ``url_for`` returns it, with any query string.
        :raises ValueError: if there is no such endpoint or tag, or the path is invalid.
        :raises RuntimeError: outside an app context, and if the extension is not installed. (Where
            it is switched off, nothing happens.) Also after the purge, if a receiver of
            ``responses_purged`` failed; all others were called.
        :raises Exception: any exception of the app's cache, if it can't be used. The purge is
            remembered then, and sent as soon as it can be, if the process lives that long.
        """
        app = app_object()
        state: AppState | None = app.extensions.get(EXTENSION)
        if state is None:
            if app.config.get(f"{PREFIX}ENABLED") is False:
                return
            raise RuntimeError(f"StaticOptimizer is not installed in {app.name!r}.")
        purge(app, state.endpoints, state.open_store(), endpoint=endpoint, tag=tag, path=path)


def _switch_off(settings: Settings, app: Flask) -> None:
    """Install nothing but what the app's own code calls, so that its pages are shown all the same.

    The template helpers give plain URLs then, and speak of the files as Flask serves them.
    """
    state = AppState(settings._replace(fingerprint=None, importmap=False), app)
    app.url_defaults(_drop_plain)
    add_template_helpers(
        app,
        state.endpoints,
        state.catalogue,
        lambda *_: None,  # what would be warned of can't be mended here
        importmap=False,
        vite_server=settings.vite_server,
    )


def _drop_plain(_: str, values: dict[str, Any]) -> None:
    """Take the argument for a plain URL out of what ``url_for`` is given, as all are plain."""
    values.pop(PLAIN, None)


def _install(state: AppState, app: Flask) -> None:
    """Install the parts in an app: the session, the URLs, the templates, the lane, the commands."""
    settings, endpoints, log = state.settings, state.endpoints, state.log
    endpoints.root_files.add_to(app)
    endpoints.refresh()
    endpoints.check()
    endpoints.check_rules()
    if endpoints.stored() or any(rule.names_views for rule in endpoints.unmatched_rules()):
        load_stored_views()  # views that such a rule is for may come later
    app.extensions[EXTENSION] = state
    complete = partial(_complete, state)

    state.adoption.adopt(app)
    state.adoption.adopt_until_first_request(app)
    state.own_hooks.append(
        mark_before_request(app, endpoints, state.known, state.returned, state.adoption, complete)
    )

    listeners = []
    if settings.preload:
        if settings.early_hints:
            from .assets.early_hints import EarlyHints

            state.hints = EarlyHints(endpoints.linked, state.urls, log.warn_once)
        preloading = Preloading(settings.preload, is_static_request, state.hints)
        listeners.append(preloading.remember)
        state.own_hooks.append(app.after_request(preloading.after_request))
    host = None
    if settings.host_url is not None:
        host = Host(settings.host_url, in_debug=settings.host_url_in_debug)
    fingerprint_urls(app, endpoints.linked, state.urls, listeners, host)
    add_template_helpers(
        app,
        endpoints,
        state.catalogue,
        log.warn_once,
        importmap=settings.importmap,
        vite_server=settings.vite_server,
        host=host,
    )

    state.lane = add_lane(endpoints, state.stats, app, complete)
    if settings.metrics:
        add_metrics(state.stats, log.warn_once, app, settings.metrics)
    add_commands(app)
    state.page_report = partial(_report_on_page, state)


def _complete(state: AppState, app: Flask) -> None:
    """Finish the installation at the first request.

    :raises ConfigurationError: for a setting that was changed after ``init_app``, and for views
        and rules, declared after it, that ``init_app`` would have refused.
    """
    endpoints = state.endpoints
    with state.completing:
        if endpoints.complete:
            return
        _check_settings(state, app)
        _warn_of_lookalikes(state, app)
        endpoints.refresh(complete=True)
        endpoints.check()
        warn_of_unmatched_rules(endpoints, state.log)
        _check_bundlers(state, app)
        endpoints.root_files.warn(endpoints.has_root_file, state.log.warn_once)
        state.stats.cookie_name = app.config["SESSION_COOKIE_NAME"]
        state.adoption.begin(app)
        adapt_known_requests(app, state.known)
        store = state.open_store() if endpoints.stored() else None
        if store is not None:
            invalidate_after_unsafe(endpoints, store, app)
        if state.hints is not None:
            state.own_hooks += state.hints.install(app)
        opening = LaneOpening(state.settings, state.log, endpoints, app, state.own_hooks)
        if state.lane is None:
            opening.warn_of_no_lane()
        else:
            opening.open(state.lane, state.files, state.memory, store, state.stats)
            respond_known = partial(respond, state.patterns)
            before = BeforeView(app)
            opening.open_steps(
                state.lane,
                Steps(before, state.known, state.adoption, respond_known, state.returned),
            )
        state.receivers.append(show_headers_to_error_handlers(app))
        if app.debug:
            state.receivers += add_timing(app)


def _report_on_page(state: AppState, request: Request, html: str) -> Any:
    from .cli.audit.page import page_report  # a page is only looked at in a debug toolbar

    return page_report(state, app_object(), request, html)


def _check_settings(state: AppState, app: Flask) -> None:
    given = Settings.given(app.config)
    if given == state.given:
        return
    settings, now = state.settings, Settings.from_config(given)
    for name, before, after in zip(Settings._fields, settings, now, strict=True):
        if before != after:
            raise ConfigurationError(
                f"{PREFIX}{name.upper()} was set after StaticOptimizer had read it; set it"
                " before StaticOptimizer(app) or init_app(app)."
            )


def _warn_of_lookalikes(state: AppState, app: Flask) -> None:
    """Log one warning of the keys that are probably meant for the extension and are not read.

    They are no errors: a key may be that of something else, and it is late for one.
    """
    own = PREFIX.rstrip("_")
    said = [
        f"{key} (did you mean {meant}?)" if meant else key
        for key, meant in Settings.lookalikes(app.config).items()
        if meant or key == own
    ]
    if said:
        state.log.warn_once(
            "lookalikes",
            "static_optimizer: it does not read %s in the app's configuration. Correct what is"
            " meant for it, and set that before StaticOptimizer(app) or init_app(app); what"
            " something else reads can stay.",
            ", ".join(said),
        )


def _check_bundlers(state: AppState, app: Flask) -> None:
    """Warn of manifests that are wrong, and of a development server in production."""
    server = state.settings.vite_server
    if server is None:
        state.catalogue.manifests.check(state.endpoints.mounts())
    elif not app.debug:  # while it runs there may be no build
        state.log.warn_once(
            "vite server",
            "static_optimizer: STATIC_OPTIMIZER_VITE_SERVER is %r and debug mode is off, so that"
            " static_entry() sends visitors to that development server for scripts. Leave it out"
            " in production.",
            server,
        )
