"""``flask static purge``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..monitoring.signals import responses_purged
from ..views.purging import ReceiverError, purge
from .current import app_and_state
from .text import json_option, print_json

_OUT_OF_REACH = (
    "responses are stored in the memory of each process, which can't be reached from here; restart"
    " the server, or give the app a cache of Flask-Caching that its processes share (Redis,"
    " memcached, files)."
)


@click.command("purge")
@click.option("--endpoint", metavar="NAME", help="What is stored of this endpoint.")
@click.option("--tag", metavar="NAME", help="What is stored under this tag.")
@click.option("--path", metavar="PATH", help="What is stored of this path, with any query.")
@json_option
@with_appcontext
def purge_command(endpoint: str | None, tag: str | None, path: str | None, as_json: bool) -> None:
    """Purge stored responses, for all processes at once.

    Without an option it purges all of them, which is right after a deploy that changes views.
    """
    app, state = app_and_state()
    store = state.open_store()
    if store.in_process and not responses_purged.has_receivers_for(app):
        raise click.ClickException(_OUT_OF_REACH)
    try:
        purge(app, state.endpoints, store, endpoint=endpoint, tag=tag, path=path)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except ReceiverError as error:
        raise click.ClickException(f"{error}. The log has more.") from error
    except Exception as error:
        raise click.ClickException(
            "the app's cache (CACHE_TYPE and so on of Flask-Caching) can't be used:"
            f" {type(error).__name__}: {error}"
        ) from error
    if store.in_process:
        raise click.ClickException(f"other caches were told of it, but {_OUT_OF_REACH}")
    if as_json:
        given = {"endpoint": endpoint, "tag": tag, "path": path}
        which = {name: value for name, value in given.items() if value is not None}
        print_json({"purged": which or "everything"})
    else:
        click.echo("Purged.")
