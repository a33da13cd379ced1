"""The extension: wiring, and nothing else."""

from __future__ import annotations

from flask import Flask, current_app

from .commands import add_commands
from .completion import complete
from .counters.metrics import add_metrics
from .errors import ConfigurationError
from .express.opening import add_lane
from .hook import adopt_until_first_request, mark_before_request
from .interface import adopt
from .marking import EXTENSION
from .settings import Settings
from .state import AppState
from .stored.purging import purge
from .templates import help_templates, preload_assets
from .url_building import fingerprint_urls


class StaticOptimizer:
    """Keeps sessions out of static requests and gives static responses caching headers.

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
        state = AppState(settings, app)
        state.endpoints.refresh(app)
        state.endpoints.check()
        app.extensions[EXTENSION] = state
        adopt(state, app)
        adopt_until_first_request(state, app)
        mark_before_request(state, app)
        fingerprint_urls(state, app)
        help_templates(state, app)
        if settings.preload:
            preload_assets(state, app)
        add_lane(state, app, complete)
        if settings.metrics:
            add_metrics(state, app, settings.metrics)
        add_commands(state, app)

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
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        state = app.extensions.get(EXTENSION)
        if state is None:
            raise RuntimeError(f"StaticOptimizer is not installed in {app.name!r}.")
        purge(state, app, endpoint=endpoint, tag=tag, path=path)
