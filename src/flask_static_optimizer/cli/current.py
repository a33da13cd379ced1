"""The app that a command is called for, and its extension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config.errors import ConfigurationError
from ..config.names import EXTENSION
from ..requests.current import app_object

if TYPE_CHECKING:
    from flask import Flask

    from ..state import AppState


def app_and_state() -> tuple[Flask, AppState]:
    """Return the current app and the parts of the extension in it.

    :raises click.ClickException: if a view was declared static in a wrong way, or a rule names
        what is not there.
    """
    app = app_object()
    state: AppState = app.extensions[EXTENSION]
    try:
        state.endpoints.refresh()
        state.endpoints.check()
        state.endpoints.check_rules(complete=True)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    return app, state


def not_possible(error: OSError, option: str, folder: str) -> click.ClickException:
    """Make a command's error for a file that it can't read or write.

    :param option: the option or setting that names the folder where the command writes.
    :param folder: that folder.
    """
    path, reason = str(error.filename or folder), error.strerror or str(error)
    if not (Path(path).is_relative_to(folder) or Path(folder).is_relative_to(path)):
        return click.ClickException(f"{path!r} can't be used: {reason}.")
    place = "" if path == folder else f" ({path!r})"
    return click.ClickException(
        f"{option} is {folder!r}, and that can't be used: {reason}{place}. Name a folder that this"
        " user can write to."
    )


def application_root(app: Flask) -> str:
    """Return the ``APPLICATION_ROOT`` of an app, without a slash at its end."""
    return str(app.config["APPLICATION_ROOT"]).rstrip("/")
