"""The entry point by which ``flask static`` is known before an app is loaded.

Flask asks entry points first. The command here hands over to the app's own of that name, and says
what to do if the app has none. A process that serves requests does not import this module, but each
``flask`` command does, of any app. So nothing else of the package is imported before it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import NoAppException, ScriptInfo

from ..config.names import PREFIX
from . import HELP, StaticGroup

if TYPE_CHECKING:
    from flask import Flask


class StaticPlugin(StaticGroup):
    """A command that hands over to the ``static`` command of the app that is loaded."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Make the context of the app's own command, or of the help if there is no app."""
        try:
            app = _load(parent)
            command = None if parent is None else app.cli.get_command(parent, "static")
            if parent is not None and command is None and args[:1] == ["compare"]:
                # It adds the extension itself, in a process of its own.
                command = StaticGroup("static", help=HELP)
            if parent is None or command is None:
                raise click.ClickException(_advice(app, parent))
        except click.ClickException:
            # Each command can be read about without an app, and completed in a shell.
            if args and "--help" not in args and not extra.get("resilient_parsing"):
                raise
            return super().make_context(info_name, args, parent, **extra)
        from ..requests.current import app_object

        if not current_app or app_object() is not app:
            parent.with_resource(app.app_context())
        return command.make_context(info_name, args, parent, **extra)


def _load(parent: click.Context | None) -> Flask:
    """Load the app that ``flask`` is called for.

    :raises click.ClickException: if there is none, or its configuration is wrong.
    """
    from ..config.errors import ConfigurationError

    info = ScriptInfo() if parent is None else parent.ensure_object(ScriptInfo)
    try:
        return info.load_app()
    except NoAppException as error:
        error.ctx = parent
        raise
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error


def _advice(app: Flask, parent: click.Context | None) -> str:
    """Return the words for an app that does not have the extension."""
    if app.config.get(f"{PREFIX}ENABLED") is False:
        return f"{PREFIX}ENABLED is False, so the extension is not installed in {app.name!r}."
    info = None if parent is None else parent.find_object(ScriptInfo)
    name = (info.app_import_path if info else None) or "myproject:create_app"
    return (
        f"{app.name!r} does not have the extension. Write StaticOptimizer(app) where the app is"
        " made; or, without a change to its source:"
        f" {PREFIX}APP={name} flask --app flask_static_optimizer.wsgi static ..."
    )


#: The command that the entry point names.
static = StaticPlugin("static", help=HELP)
