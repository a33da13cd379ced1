"""The ``flask static`` commands. Each is imported when it is called.

A process that serves requests imports only this module. The commands may import ``state`` and every
room below it. Their tests are in ``tests/cli``.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flask.cli import AppGroup

if TYPE_CHECKING:
    import click
    from flask import Flask

#: The help of the group.
HELP = "Prepare, check and hand over static files; purge responses."

#: The module of each command, and the name that the command has there.
_COMMANDS = {
    "audit": (".audit.command", "audit_command"),
    "build": (".build", "build_command"),
    "clean": (".build", "clean_command"),
    "compare": (".compare.command", "compare_command"),
    "explain": (".audit.command", "explain_command"),
    "export": (".export.command", "export_command"),
    "nginx": (".nginx.command", "nginx_command"),
    "purge": (".purge", "purge_command"),
}


class StaticGroup(AppGroup):
    """A command group that imports a command when it is called."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Make the context of a call, without colours where ``NO_COLOR`` asks for none."""
        if os.environ.get("NO_COLOR"):
            extra.setdefault("color", False)
        return super().make_context(info_name, args, parent, **extra)

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
    """Add the ``flask static`` commands to the app."""
    app.cli.add_command(StaticGroup("static", help=HELP))
