"""``flask static purge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from ..stored.purging import purge

if TYPE_CHECKING:
    from ..state import AppState


def add_purging(state: AppState, group: AppGroup) -> None:
    """Add the command that makes stored responses useless."""

    @group.command("purge")
    @click.option("--endpoint", metavar="NAME", help="What is stored of this endpoint.")
    @click.option("--tag", metavar="NAME", help="What is stored under this tag.")
    @click.option("--path", metavar="PATH", help="What is stored of this path, with any query.")
    def purge_command(endpoint: str | None, tag: str | None, path: str | None) -> None:
        """Purge stored responses, for all processes at once.

        Without an option all of them, which is what a deploy wants that changes views.
        """
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        if state.open_store(app).in_process:
            raise click.ClickException(
                "responses are stored in the memory of each process, which can't be reached from"
                " here; restart the server, or give the app a cache of Flask-Caching that its"
                " processes share (Redis, memcached, files)."
            )
        try:
            purge(state, app, endpoint=endpoint, tag=tag, path=path)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            raise click.ClickException(f"{type(error).__name__}: {error}") from error
        click.echo("Purged.")
