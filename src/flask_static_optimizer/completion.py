"""What can be checked and settled only when an app is complete: when it is asked first."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from .counters.timing import add_timing
from .errors import ConfigurationError
from .express.opening import open_lane
from .notices import unmatched_rules
from .settings import PREFIX, Settings
from .stored.invalidation import invalidate_after_unsafe

if TYPE_CHECKING:
    from flask import Flask

    from .state import AppState


def complete(state: AppState, app: Flask) -> None:
    """Settle what requests then only choose among, once for an app.

    :raises ConfigurationError: for configuration that came too late, and as ``init_app`` does for
        what was declared after it.
    """
    with state.completing:
        if state.endpoints.complete:
            return
        _check_settings(state, app)
        state.endpoints.refresh(app, complete=True)
        state.endpoints.check()
        unmatched_rules(state, app)
        state.stats.cookie_name = app.config["SESSION_COOKIE_NAME"]
        state.open_store(app)
        invalidate_after_unsafe(state, app)
        open_lane(state, app)
        if app.debug:
            state.receivers += add_timing(app)


def _check_settings(state: AppState, app: Flask) -> None:
    now = Settings.from_config(app.config)
    for field in fields(Settings):
        if getattr(now, field.name) != getattr(state.settings, field.name):
            raise ConfigurationError(
                f"{PREFIX}{field.name.upper()} was set after StaticOptimizer had read it; set it"
                " before StaticOptimizer(app) or init_app(app)."
            )
