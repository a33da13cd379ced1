"""``flask static build`` and ``flask static clean``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from ..assets.build import (
    BrokenManifestError,
    Built,
    assets_of,
    build,
    clean,
    hashes_of,
    write_manifest,
)
from ..assets.variants import is_codable
from ..config.names import PREFIX
from .current import app_and_state, not_possible

if TYPE_CHECKING:
    from ..state import AppState


@click.command("build")
@click.option("--quiet", is_flag=True, help="Print only what goes wrong.")
@with_appcontext
def build_command(quiet: bool) -> None:
    """Make the coded variants of all static files, and the fingerprints of large ones.

    They are kept in STATIC_OPTIMIZER_CACHE_DIR, where requests find them. Variants of files
    that have not changed are not built again.
    """
    _, state = app_and_state()
    with _told(state):
        _build(state, quiet=quiet)


@click.command("clean")
@with_appcontext
def clean_command() -> None:
    """Remove what 'flask static build' has made, and nothing else."""
    _, state = app_and_state()
    with _told(state):
        removed = clean(state.cache_folder)
    click.echo(f"Removed {removed} files.")


@contextmanager
def _told(state: AppState) -> Iterator[None]:
    """Tell what goes wrong in the cache folder, or with a file, without a traceback."""
    try:
        yield
    except BrokenManifestError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        folder = str(state.cache_folder.path(""))
        raise not_possible(error, f"{PREFIX}CACHE_DIR", folder) from error


def _build(state: AppState, *, quiet: bool) -> None:
    everything = assets_of(state.endpoints.mounts(), state.catalogue)
    hashes = hashes_of(everything)
    assets = [asset for asset in everything if is_codable(asset)]
    made: list[Built] = []
    with ExitStack() as stack:
        bar = None
        if not quiet:  # click before 8.2 can't hide a bar
            label = "Coding static files"
            bar = stack.enter_context(click.progressbar(length=len(assets), label=label))
        for built in build(assets, state.variants, state.cache_folder):
            made.append(built)
            if bar is not None:
                bar.update(1)
    names = [name for built in made for name in built.kept]
    lost = sum(len(built.sizes) for built in made) - len(names)
    write_manifest(state.cache_folder, [*names, *hashes])
    gone = sum(not state.cache_folder.path(name).exists() for name in names)
    if gone:
        click.echo(
            f"{gone} of {len(names)} variants had to go again: STATIC_OPTIMIZER_CACHE_SIZE is"
            " too small for all of them.",
            err=True,
        )
    if quiet:
        return
    if hashes:
        click.echo(f"{len(hashes)} large files have fingerprints.")
    click.echo(f"{len(made)} files, {sum(built.asset.size for built in made):,} bytes:")
    for coding in state.settings.encodings:
        sizes = [built.sizes[coding] for built in made if coding in built.sizes]
        click.echo(f"  {coding}: {len(sizes)} smaller, {sum(sizes):,} bytes")
    if lost:
        click.echo(f"  {lost} of these lie beside their files already, or could not be kept.")
