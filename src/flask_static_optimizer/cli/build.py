"""``flask static build`` and ``flask static clean``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from ..assets.build import (
    BrokenManifestError,
    Built,
    assets_of,
    build,
    clean,
    write_manifest,
)

if TYPE_CHECKING:
    from ..state import AppState


def add_building(state: AppState, group: AppGroup) -> None:
    """Add the commands that make variants and take them away again."""

    @group.command("build")
    @click.option("--quiet", is_flag=True, help="Print only what goes wrong.")
    def build_command(quiet: bool) -> None:
        """Make the coded variants of all static files, as small as can be.

        They are kept in STATIC_OPTIMIZER_CACHE_DIR, where requests find them. What was built
        before and has not changed is not built again.
        """
        flask_app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        state.endpoints.refresh(flask_app)
        try:
            _build(state, quiet=quiet)
        except (OSError, BrokenManifestError) as error:
            raise click.ClickException(str(error)) from error

    @group.command("clean")
    def clean_command() -> None:
        """Remove what 'flask static build' has made, and nothing else."""
        try:
            removed = clean(state.depot)
        except (OSError, BrokenManifestError) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"Removed {removed} files.")


def _build(state: AppState, *, quiet: bool) -> None:
    assets = assets_of(state.catalogue)
    made: list[Built] = []
    with ExitStack() as stack:
        bar = None
        if not quiet:  # Click below 8.2 has no hidden bar
            label = "Coding static files"
            bar = stack.enter_context(click.progressbar(length=len(assets), label=label))
        for built in build(assets, state.variants, state.depot):
            made.append(built)
            if bar is not None:
                bar.update(1)
    names = [name for built in made for name in built.kept]
    lost = sum(len(built.sizes) for built in made) - len(names)
    write_manifest(state.depot, names)
    gone = sum(not state.depot.path(name).exists() for name in names)
    if gone:
        click.echo(
            f"{gone} of {len(names)} variants had to go again: STATIC_OPTIMIZER_CACHE_SIZE is"
            " too small for all of them.",
            err=True,
        )
    if quiet:
        return
    click.echo(f"{len(made)} files, {sum(built.asset.size for built in made):,} bytes:")
    for coding in state.settings.encodings:
        sizes = [built.sizes[coding] for built in made if coding in built.sizes]
        click.echo(f"  {coding}: {len(sizes)} smaller, {sum(sizes):,} bytes")
    if lost:
        click.echo(f"  {lost} of these lie beside their files already, or could not be kept.")
