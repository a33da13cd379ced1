"""``flask static export``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext

from ..current import app_and_state, not_possible
from ..public_files import settle
from ..text import counted, progress
from .exporter import Exporter, Report, names_of
from .folder import ExportFolder, Finished, NotAManifestError
from .journal import WORK, OccupiedError

if TYPE_CHECKING:
    from ...state import AppState

#: The most files that are named one by one, without ``--json``.
_NAMED = 20


def _file_name(_: click.Context, __: click.Parameter, value: str) -> str:
    if value in ("", ".", "..", WORK) or "/" in value or os.sep in value or "\0" in value:
        raise click.BadParameter(f"{value!r} is no file name; give one such as manifest.json.")
    return value


@click.command("export")
@click.argument("folder", type=click.Path(file_okay=False, resolve_path=True, path_type=Path))
@click.option(
    "--plain",
    is_flag=True,
    help="Write each file under its name without a fingerprint, too, for what names it so.",
)
@click.option(
    "--prune", is_flag=True, help="Remove what earlier exports wrote and this one did not."
)
@click.option(
    "--manifest",
    callback=_file_name,
    default="manifest.json",
    show_default=True,
    help="The file name of the manifest, in the folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--quiet", is_flag=True, help="Print only what goes wrong.")
@with_appcontext
def export_command(
    folder: Path, plain: bool, prune: bool, manifest: str, as_json: bool, quiet: bool
) -> None:
    """Write all public static files into FOLDER, under the paths of their URLs.

    FOLDER is then the root of a bucket or of any file server. Stylesheets are written as the app
    sends them, compressed files beside the plain ones, and a manifest of all. The app is asked for
    each file, and what it does not answer with 200 for everybody is left out, and removed if an
    earlier export has written it. The exit status is 1 if a public file could not be written.
    """
    app, state = app_and_state()
    if app.debug:
        raise click.ClickException(
            "in debug mode nothing is to be kept; run it without --debug and FLASK_DEBUG."
        )
    _check_apart(state, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = ExportFolder(folder, manifest)
        exporter = Exporter(state, app, target, plain=plain)
        names = names_of(state)
        if exporter.exports_to(manifest, names):
            raise click.ClickException(
                f"a static file of the app has its place at {manifest!r}, where the manifest of"
                " the export would be; give --manifest another name."
            )
        settle(state)
        shown = names if quiet else progress(names, "Exporting static files", len(names))
        for mount, name in shown:
            exporter.add(mount, name)
        exporter.add_decorated()
        report = exporter.report
        finished = target.finish(
            report.assets, prune=prune and not report.failed, left_out=exporter.left_out
        )
    except (NotAManifestError, OccupiedError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise not_possible(error, "FOLDER", str(folder)) from error
    outcome = _outcome(folder, manifest, target, report, finished)
    if as_json:
        click.echo(json.dumps(outcome, indent=1))
    elif not quiet:
        _print(outcome)
    for excluded in report.failed:
        click.echo(f"Error: {excluded.url}: {excluded.reason}", err=True)
    if report.failed:
        if prune:
            click.echo("Nothing was pruned, as the export is not whole.", err=True)
        sys.exit(1)


def _check_apart(state: AppState, folder: Path) -> None:
    """Refuse a folder that holds a static folder, or lies in one.

    :raises ClickException: if it does.
    """
    for mount in state.endpoints.mounts():
        source = Path(mount.folder).resolve()
        if source.is_relative_to(folder) or folder.is_relative_to(source):
            raise click.ClickException(
                f"{str(folder)!r} and the static folder {mount.folder!r} of {mount.endpoint!r} lie"
                " one in the other; export into a folder apart."
            )


def _outcome(
    folder: Path,
    manifest: str,
    target: ExportFolder,
    report: Report,
    finished: Finished,
) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "manifest": str(folder / manifest),
        "assets": sum(map(len, report.assets.values())),
        "files": target.count,
        "written": target.count_written,
        "removed": finished.removed,
        "withdrawn": finished.withdrawn,
        "left_out": [excluded.as_dict() for excluded in report.left_out],
        "failed": [excluded.as_dict() for excluded in report.failed],
        "foreign": finished.foreign,
    }


def _print(outcome: dict[str, Any]) -> None:
    click.echo(
        f"{counted(outcome['assets'], 'asset')} in {counted(outcome['files'], 'file')},"
        f" {outcome['written']} of them"
        f" written now, {len(outcome['removed'])} removed. All are in {outcome['manifest']}."
    )
    left = [f"{excluded['url']}: {excluded['reason']}" for excluded in outcome["left_out"]]
    _print_some("Left out, as the app has to answer for it:", left)
    _print_some(
        "Removed, as it is left out now; remove it wherever you have copied it to, too:",
        outcome["withdrawn"],
    )
    _print_some("Not of an export, and left alone:", outcome["foreign"])


def _print_some(heading: str, lines: list[str]) -> None:
    if lines:
        click.echo(heading)
        for line in lines[:_NAMED]:
            click.echo(f"  {line}")
        if len(lines) > _NAMED:
            click.echo(f"  and {len(lines) - _NAMED} more; --json has all.")
