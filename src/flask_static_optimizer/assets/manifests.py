"""Bundlers' manifests, and files whose names already hold a hash."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from .files import Identity

if TYPE_CHECKING:
    from .mount import Mount

_HEX = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{8,128}(?![0-9a-zA-Z])")

#: The hash that a bundler puts into a name. A digit or a capital inside distinguishes it from a
#: word. One in four of Vite's hashes has no digit.
_HASH = re.compile(
    r"[.-](?=[A-Za-z_-]*[0-9]|[A-Za-z0-9_-]*[A-Z][a-z_-]*[A-Z]|[A-Za-z0-9_-]*[a-z][A-Z])"
    r"[A-Za-z0-9_-]{8,}$"
)

_ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b")


def is_named_by_hash(name: str, data: bytes) -> bool:
    """Return whether a part of a file's name is a hash of its bytes, or the start of one.

    The hash is computed, because digits alone are no proof (``report.202401011200.csv``).
    """
    parts = _HEX.findall(posixpath.basename(name))
    return bool(parts) and any(
        hashlib.new(algorithm, data, usedforsecurity=False).hexdigest().startswith(part)
        for part in parts
        for algorithm in _ALGORITHMS
    )


class Manifests:
    """The bundlers' manifests of one app, read again when they change.

    :param manifests: the manifests' file names, relative to a static folder.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(self, manifests: Sequence[str], warn: Callable[[object, str], None]) -> None:
        self._manifests = manifests
        self._warn = warn
        self._lock = Lock()
        self._read: dict[str, tuple[Identity | None, frozenset[str]]] = {}

    def lists(self, mount: Mount, name: str) -> bool:
        """Return whether a manifest lists the file as one with a hash in its name."""
        if not self._manifests:
            return False
        return any(name in self._names(mount, manifest) for manifest in self._manifests)

    def states(self, mount: Mount) -> Iterator[tuple[str, Identity | None]]:
        """Yield the path and the state of each manifest of a static folder."""
        for manifest in self._manifests:
            path = _path(mount, manifest)
            yield path, Identity.at(path)

    def _names(self, mount: Mount, manifest: str) -> frozenset[str]:
        path = _path(mount, manifest)
        state = Identity.at(path)
        known = self._read.get(path)
        if known is None or known[0] != state:
            names: frozenset[str] = frozenset()
            if state is not None:
                try:
                    with open(path, "rb") as file:
                        names = frozenset(fingerprinted(json.load(file), manifest))
                except (OSError, ValueError, RecursionError) as error:
                    self._warn(
                        ("manifest", path),
                        f"static_optimizer: the manifest {manifest!r} of {mount.endpoint!r} can't"
                        f" be read, so what it lists is taken for plain files: {error}",
                    )
            if state is not None and not state.settled:  # it may change without a visible sign
                return names
            known = (state, names)
            with self._lock:
                self._read[path] = known
        return known[1]


def _path(mount: Mount, manifest: str) -> str:
    # mount.path() would refuse the folder ".vite", in which Vite keeps its manifest.
    return posixpath.join(mount.folder, manifest)


def fingerprinted(manifest: Any, name: str) -> Iterator[str]:
    """Yield the files with a hash in their names that a manifest lists.

    The names are relative to the static folder. The manifest may be Vite's, or a flat mapping of
    names to built files, as webpack's plugins write it, or such a mapping under ``"paths"``
    (Django, Flask-Static-Digest). A file counts if its name holds a possible hash that no source's
    name holds, because bundlers also list files that they have not renamed.

    :param name: the manifest's own file name. The listed files are relative to its folder, or to
        the folder above it for Vite's ``.vite``.
    :raises ValueError: if the manifest is no mapping.
    """
    if not isinstance(manifest, dict):
        raise ValueError(f"{name} holds no JSON object")
    folder = posixpath.dirname(name)
    if posixpath.basename(folder) == ".vite":
        folder = posixpath.dirname(folder)
    entries = manifest["paths"] if isinstance(manifest.get("paths"), dict) else manifest
    # Vite lists a chunk without a source under the name of the built file, with "_" before it.
    sources = "\n".join(source for source in entries if not source.startswith("_"))
    for source, entry in entries.items():
        if isinstance(entry, dict):
            several = (entry.get("css"), entry.get("assets"))
            listed = [entry.get("file")]
            listed += [built for group in several if isinstance(group, list) for built in group]
        else:
            listed = [entry]
        for built in listed:
            if not isinstance(built, str) or "://" in built:
                continue
            base = posixpath.basename(built)
            found = _HASH.search(posixpath.splitext(base)[0])
            if found and found[0][1:] not in sources and base != posixpath.basename(source):
                yield from _places(folder, built)


def _places(folder: str, built: str) -> Iterator[str]:
    """Yield the names that a listed file may have below the static folder.

    webpack puts its public path before the name (``/static/dist/main.….js``). Of this path only
    the manifest's folder is known here.
    """
    if not built.startswith("/"):
        yield posixpath.normpath(posixpath.join(folder, built))
        return
    parts = built.strip("/").split("/")
    for index in range(len(parts)):
        rest = "/".join(parts[index:])
        if not folder or rest.startswith(f"{folder}/"):
            yield rest
