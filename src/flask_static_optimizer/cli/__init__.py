"""The ``flask static`` commands: one module for what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask.cli import AppGroup

from .auditing import add_auditing
from .building import add_building
from .nginx import add_nginx
from .purging import add_purging

if TYPE_CHECKING:
    from flask import Flask

    from ..state import AppState


def add_commands(state: AppState, app: Flask) -> None:
    """Give the app its ``flask static`` commands."""
    group = AppGroup("static", help="Prepare, check and hand over static files; purge responses.")
    add_building(state, group)
    add_nginx(state, group)
    add_auditing(state, group)
    add_purging(state, group)
    app.cli.add_command(group)
