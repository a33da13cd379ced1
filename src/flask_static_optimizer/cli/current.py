"""The app that a command is called for, and its extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.names import EXTENSION
from ..requests.current import app_object

if TYPE_CHECKING:
    from flask import Flask

    from ..state import AppState


def app_and_state() -> tuple[Flask, AppState]:
    """Return the current app and the parts of the extension in it."""
    app = app_object()
    state: AppState = app.extensions[EXTENSION]
    return app, state


def application_root(app: Flask) -> str:
    """Return the ``APPLICATION_ROOT`` of an app, without a slash at its end."""
    return str(app.config["APPLICATION_ROOT"]).rstrip("/")
