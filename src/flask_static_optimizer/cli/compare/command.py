"""``flask static compare``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import ScriptInfo

from ...config.names import EXTENSION
from ..text import json_option, print_json, progress, wrapped
from .comparison import BY_INTERFACE, Comparison
from .process import SideError, Task, run
from .report import as_dict, print_report, print_rest

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("compare")
@click.option(
    "--url",
    "paths",
    multiple=True,
    metavar="PATH",
    help="A page that is visited; may be given several times.  [default: /]",
)
@click.option(
    "--cookie",
    "cookies",
    multiple=True,
    metavar="NAME=VALUE",
    help="A cookie of the visitors, such as the session of somebody who is logged in.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Visitors to measure each way; the table shows the median.",
)
@json_option
@click.pass_context
def compare_command(
    context: click.Context,
    paths: tuple[str, ...],
    cookies: tuple[str, ...],
    rounds: int,
    as_json: bool,
) -> None:
    """Measure this app without and with the extension.

    The app is loaded twice, each time in a process of its own: once without StaticOptimizer and
    once with it, whether or not the app has it. Each visitor, with a browser's cache, loads the
    pages and all that is on them, and comes a second time. One visitor more comes first and is
    not measured.

    The requests are real ones inside these processes. They use the app's own database and session
    store, and write there what visits write: with the default of --rounds each page is loaded 16
    times. Nothing else is changed.

    The exit status is 1 if something does not work with the extension as it does without, or if
    a page can't be loaded without it.
    """
    for cookie in cookies:
        if not cookie.isascii() or not cookie.isprintable() or "=" not in cookie or ";" in cookie:
            raise click.BadParameter(f"{cookie!r} is no NAME=VALUE.", param_hint="--cookie")
    for path in paths:
        if not path.startswith("/") or path.startswith("//"):
            raise click.BadParameter(f"{path!r} is no path of the app.", param_hint="--url")
    target = _target(context.ensure_object(ScriptInfo))
    has_extension = EXTENSION in current_app.extensions
    urls = tuple(dict.fromkeys(paths)) or ("/",)
    outcomes = []
    for optimize in progress((False, True), "Visiting", 2):
        task = Task(target, has_extension, optimize, urls, cookies, rounds)
        try:
            outcomes.append(run(task))
        except SideError as error:
            way = "with" if optimize else "without"
            raise click.ClickException(f"{way} the extension: {error}") from None
    without, optimized = outcomes
    comparison = Comparison(without.sessions, rounds, without.side, optimized.side, BY_INTERFACE)
    remarks = list(dict.fromkeys([*without.remarks, *optimized.remarks]))
    failed = comparison.failed()
    if as_json:
        print_json({**as_dict(comparison), "pages": urls, "remarks": remarks})
    elif failed:
        raise click.ClickException(f"can't compare: {'; '.join(failed)}")
    else:
        print_report(comparison)
        print_rest(comparison)
        for remark in remarks:
            click.echo()
            click.echo(wrapped(remark))
    if comparison.broken() or failed:
        raise click.exceptions.Exit(1)


def _target(info: ScriptInfo) -> str:
    """Return the app's name, by which another process can load it.

    :raises click.ClickException: if it has none.
    """
    if info.create_app is not None:
        return _importable(info.create_app)
    if info.app_import_path:
        return info.app_import_path
    return next((name for name in ("wsgi.py", "app.py") if os.path.exists(name)), "app.py")


def _importable(factory: Callable[..., object]) -> str:
    module, name = (getattr(factory, field, "") for field in ("__module__", "__qualname__"))
    if not module or module == "__main__" or not name.isidentifier():
        raise click.ClickException(
            "the app has to be loaded twice, and the function that makes it can't be imported:"
            " name the app, as in 'flask --app myproject:create_app static compare'."
        )
    return f"{module}:{name}"
