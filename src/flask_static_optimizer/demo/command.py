"""The ``flask-static-optimizer`` command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click

from .. import __version__

_INSTALL = "pip install 'flask-static-optimizer[demo]' (in a checkout: pip install '.[demo]')"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flask-static-optimizer")
@click.pass_context
def main(context: click.Context) -> None:
    """Keeps sessions out of Flask's static requests and gives static responses true caching
    headers."""
    if os.environ.get("NO_COLOR"):
        context.color = False


@main.command()
@click.option(
    "--redis",
    "redis_url",
    metavar="URL",
    help="Keep the sessions in this Redis or Valkey (redis://127.0.0.1:6379) and count what the"
    " server itself says it was asked, by any client: use one that is idle. Keys get a random"
    " prefix and are deleted afterwards; nothing else is touched.  [default: in files, in a"
    " temporary folder]",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Visitors to measure each way; the table shows the median.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw requests and session operations of each visit into this file, too, as SVG.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Serve both apps instead, and a page that shows them side by side with live counters.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The page's port for --serve.  [default: a free one]",
)
def demo(
    redis_url: str | None,
    rounds: int,
    as_json: bool,
    plot: Path | None,
    serve: bool,
    port: int | None,
) -> None:
    """See what the extension does for one real app.

    A small app with Flask-Session, Flask-Login and Bootstrap-Flask's own assets is made twice,
    without and with StaticOptimizer. A visitor with a browser's cache logs in and loads its page
    twice. The table shows what each way cost. For your own app: flask static compare.
    """
    if port is not None and not serve:
        raise click.UsageError("--port needs --serve.")
    if redis_url == "":
        raise click.UsageError("--redis needs a URL such as redis://127.0.0.1:6379.")
    if serve and (as_json or plot):
        raise click.UsageError("--serve measures nothing: leave out --json and --plot.")
    with ExitStack() as stack:
        stack.enter_context(_plain_errors())
        from ..cli.compare.report import as_dict, print_report
        from ..cli.text import print_json
        from .measure import compare
        from .plot import draw
        from .stage import serve_until_interrupted
        from .stores import file_store, redis_store

        if serve:
            open_store = partial(redis_store, redis_url, shared=True) if redis_url else file_store
            serve_until_interrupted(open_store, port or 0)
            return
        store = stack.enter_context(redis_store(redis_url) if redis_url else file_store())
        comparison = compare(store, rounds)
        if as_json:
            print_json(as_dict(comparison))
        else:
            print_report(comparison)
        if plot:
            _write(plot, draw(comparison))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--plot: {error}") from None


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn an error that the user can fix into one line instead of a traceback."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", __name__.partition(".")[0]):
            raise
        raise click.ClickException(f"the demo needs {missing}: {_INSTALL}") from None
