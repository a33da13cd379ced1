"""The build, which makes all variants in advance, and the removal of what it made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import PurePosixPath
from typing import NamedTuple

from .asset import Asset
from .cache_folder import CacheFolder, is_build_name, is_made_by_build, variant_name
from .catalogue import Catalogue
from .hashes import hash_name
from .mount import Mount
from .variants import VariantMaker

#: The name of the file in the cache folder that lists the variants made by builds.
MANIFEST = "manifest.json"


class Built(NamedTuple):
    """The variants that a build made of one asset."""

    asset: Asset
    #: The size in bytes by content coding.
    sizes: dict[str, int]
    #: The names of the variants in the cache folder.
    kept: tuple[str, ...]


class BrokenManifestError(ValueError):
    """An error for a build's manifest that can't be parsed."""


def assets_of(mounts: Iterable[Mount], catalogue: Catalogue) -> list[Asset]:
    """Return all assets, with their hashes.

    :raises OSError: if an asset or a folder can't be read.
    """

    def closed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # an app's static folder may be missing
            raise error

    listed = ((mount, name) for mount in mounts for name in mount.names(closed))
    found = (catalogue.find_hashed(mount, name) for mount, name in listed)
    return [asset for asset in found if asset is not None]


def hashes_of(assets: Iterable[Asset]) -> list[str]:
    """Return the names under which the cache folder keeps the hashes of large assets."""
    return [hash_name(asset.path, asset.snapshot.identity) for asset in assets if asset.is_slow]


def build(
    assets: Iterable[Asset], maker: VariantMaker, cache_folder: CacheFolder
) -> Iterator[Built]:
    """Make the smallest possible variants of the assets, several at a time.

    :raises OSError: if an asset can't be read.
    """

    def make(asset: Asset) -> Built:
        sizes = {coding: made.size for coding, made in maker.make(asset, best=True).items()}
        names = (variant_name(str(asset.sha256), coding, best=True) for coding in sizes)
        return Built(
            asset, sizes, tuple(name for name in names if cache_folder.path(name).exists())
        )

    # The compression libraries release the interpreter's lock, so threads run in parallel.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(make, assets)


def write_manifest(cache_folder: CacheFolder, made: Iterable[str]) -> None:
    """Write the manifest: the variants just made, and those of earlier builds that still exist.

    :raises OSError: if the manifest can't be written.
    """
    earlier = [name for name in read_manifest(cache_folder) if cache_folder.path(name).exists()]
    path = cache_folder.path(MANIFEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{MANIFEST}.{os.getpid()}.new")
    new.write_text(json.dumps({"version": 1, "made": sorted({*earlier, *made})}, indent=1))
    new.replace(path)


def read_manifest(cache_folder: CacheFolder) -> list[str]:
    """Return the names of the variants that builds made; none if there is no manifest.

    :raises BrokenManifestError: if the file is not a build's manifest.
    :raises OSError: if the file can't be read.
    """
    path = cache_folder.path(MANIFEST)
    try:
        listed = json.loads(path.read_text())["made"]
        names = [str(name) for name in listed]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenManifestError(f"{path} is no manifest of a build: {error}") from error
    for name in names:
        if not is_build_name(name):
            raise BrokenManifestError(f"{path} lists {name!r}, which no build makes")
    return names


def clean(cache_folder: CacheFolder, *, everything: bool = False) -> int:
    """Remove what builds have made, and the unfinished files of killed ones.

    That is what the manifest lists, and what a build made that was interrupted before it wrote one.

    :param everything: whether to remove what requests have made, too, and unfinished files of any
        age. Files that are not the cache folder's own are left alone.
    :returns: the number of files removed.
    :raises BrokenManifestError: as :func:`read_manifest`.
    """
    names = {*read_manifest(cache_folder)}
    cache_folder.sweep()
    names |= {name for name in cache_folder.names() if everything or is_made_by_build(name)}
    removed = sum(cache_folder.remove(name) for name in sorted(names))
    for new in cache_folder.path("").glob(f"{MANIFEST}.*.new"):
        cache_folder.remove(new.name)
    cache_folder.remove(MANIFEST)
    folders = {parent for name in names for parent in PurePosixPath(name).parents}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        with suppress(OSError):  # the folder holds other files
            cache_folder.path(str(folder)).rmdir()
    return removed
