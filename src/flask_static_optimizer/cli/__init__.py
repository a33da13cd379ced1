"""The ``flask static`` commands, each imported when it is asked for.

A process that serves requests imports this module alone. The commands know the composition root
and may import every room below it. Their tests are in ``tests/cli``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from flask.cli import AppGroup

if TYPE_CHECKING:
    import click
    from flask import Flask

#: The module of each command, and the name that the command has there.
_COMMANDS = {
    "audit": (".audit.command", "audit_command"),
    "build": (".build", "build_command"),
    "clean": (".build", "clean_command"),
    "explain": (".audit.command", "explain_command"),
    "nginx": (".nginx.command", "nginx_command"),
    "purge": (".purge", "purge_command"),
}


class StaticGroup(AppGroup):
    """A command group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or ``None`` if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module, __name__), name)
        return command


def add_commands(app: Flask) -> None:
    """Give the app its ``flask static`` commands."""
    app.cli.add_command(
        StaticGroup("static", help="Prepare, check and hand over static files; purge responses.")
    )
