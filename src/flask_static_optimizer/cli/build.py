"""``flask static build`` and ``flask static clean``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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
from .text import counted, json_option, print_json, progress

if TYPE_CHECKING:
    from ..state import AppState


@dataclass(frozen=True)
class Coded:
    """The variants of one coding."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Result:
    """The result of a build."""

    #: The files that a coding may make smaller, and their bytes.
    files: int
    bytes: int
    #: The number of large files that were hashed.
    fingerprints: int
    #: The variants by coding.
    codings: dict[str, Coded]
    #: The number of variants that are not in the cache folder: they lie beside their files, or
    #: could not be kept.
    not_kept: int
    #: The number of variants that had to go again.
    gone: int


@click.command("build")
@click.option("--quiet", is_flag=True, help="Print only what goes wrong.")
@json_option
@with_appcontext
def build_command(quiet: bool, as_json: bool) -> None:
    """Compress all static files, and make the fingerprints of large ones.

    They are kept in STATIC_OPTIMIZER_CACHE_DIR, where requests find them. Those of files
    that have not changed are not built again.
    """
    _, state = app_and_state()
    with _told(state):
        result = _build(state, quiet=quiet)
    if as_json:
        print_json(asdict(result))
    elif not quiet:
        _print(result)


@click.command("clean")
@click.option("--all", "everything", is_flag=True, help="Remove what requests have made, too.")
@json_option
@with_appcontext
def clean_command(everything: bool, as_json: bool) -> None:
    """Remove what 'flask static build' has made, and nothing else.

    With --all it empties STATIC_OPTIMIZER_CACHE_DIR; files of others that are there are left.
    """
    _, state = app_and_state()
    with _told(state):
        removed = clean(state.cache_folder, everything=everything)
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo(f"Removed {counted(removed, 'file')}.")


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


def _build(state: AppState, *, quiet: bool) -> Result:
    folders = (*state.endpoints.mounts(), *state.endpoints.sources())
    everything = assets_of(folders, state.catalogue)
    hashes = hashes_of(everything)
    # A view may send the files of a static folder: the same bytes need no second variant.
    assets = list({asset.sha256: asset for asset in everything if is_codable(asset)}.values())
    making: Iterable[Built] = build(assets, state.variants, state.cache_folder)
    if not quiet:
        making = progress(making, "Coding static files", len(assets))
    made = [*making]
    names = [name for built in made for name in built.kept]
    write_manifest(state.cache_folder, [*names, *hashes])
    gone = sum(not state.cache_folder.path(name).exists() for name in names)
    if gone:
        click.echo(
            f"{gone} of {len(names)} variants had to go again: STATIC_OPTIMIZER_CACHE_SIZE is"
            " too small for all of them.",
            err=True,
        )
    codings = {}
    for coding in state.settings.encodings:
        sizes = [built.sizes[coding] for built in made if coding in built.sizes]
        codings[coding] = Coded(len(sizes), sum(sizes))
    return Result(
        files=len(made),
        bytes=sum(built.asset.size for built in made),
        fingerprints=len(hashes),
        codings=codings,
        not_kept=sum(len(built.sizes) for built in made) - len(names),
        gone=gone,
    )


def _print(result: Result) -> None:
    if result.fingerprints:
        click.echo(f"{counted(result.fingerprints, 'large file')} with a fingerprint.")
    click.echo(f"{counted(result.files, 'file')}, {counted(result.bytes, 'byte')}:")
    for coding, coded in result.codings.items():
        click.echo(f"  {coding}: {coded.files} smaller, {counted(coded.bytes, 'byte')}")
    if result.not_kept:
        click.echo(
            f"  {result.not_kept} of these lie beside their files already, or could not be kept."
        )
