"""Files whose names are fingerprints already: what a bundler or another tool has built."""

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

#: What bundlers put into a name. A digit tells it from a word, or capitals within: one of four
#: of Vite's hashes has no digit.
_HASH = re.compile(
    r"[.-](?=[A-Za-z_-]*[0-9]|[A-Za-z0-9_-]*[A-Z][a-z_-]*[A-Z]|[A-Za-z0-9_-]*[a-z][A-Z])"
    r"[A-Za-z0-9_-]{8,}$"
)

_ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b")


def is_named_by_hash(name: str, data: bytes) -> bool:
    """Whether part of a file's name is a hash of its bytes, or the beginning of one.

    Its look alone is no proof (``report.202401011200.csv``).
    """
    parts = _HEX.findall(posixpath.basename(name))
    return bool(parts) and any(
        hashlib.new(algorithm, data, usedforsecurity=False).hexdigest().startswith(part)
        for part in parts
        for algorithm in _ALGORITHMS
    )


class Manifests:
    """The manifests of bundlers, read again when they change.

    :param manifests: their file names, relative to a static folder.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(self, manifests: Sequence[str], warn: Callable[[object, str], None]) -> None:
        self._manifests = manifests
        self._warn = warn
        self._lock = Lock()
        self._read: dict[str, tuple[Identity | None, frozenset[str]]] = {}

    def lists(self, mount: Mount, name: str) -> bool:
        """Whether a manifest says that a bundler has fingerprinted the file's name."""
        if not self._manifests:
            return False
        return any(name in self._names(mount, manifest) for manifest in self._manifests)

    def states(self, mount: Mount) -> Iterator[tuple[str, Identity | None]]:
        """Where the manifests of a folder are, and in what state."""
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
            if state is not None and not state.settled:  # it may change unseen
                return names
            known = (state, names)
            with self._lock:
                self._read[path] = known
        return known[1]


def _path(mount: Mount, manifest: str) -> str:
    # Not mount.path(): Vite keeps its manifest in ".vite", which is not served.
    return posixpath.join(mount.folder, manifest)


def fingerprinted(manifest: Any, name: str) -> Iterator[str]:
    """The files, relative to the static folder, that a manifest calls fingerprinted.

    It may be Vite's; a flat mapping of names to built files, as webpack's plugins write; or that
    under ``"paths"`` (Django, Flask-Static-Digest). A file counts if its name holds what may be
    a hash and no source's does, as bundlers list what they have not renamed, too.

    :param name: the manifest's own file name: what it lists is relative to its folder, or to the
        one above for Vite's ``.vite``.
    :raises ValueError: if it is no mapping.
    """
    if not isinstance(manifest, dict):
        raise ValueError(f"{name} holds no JSON object")
    folder = posixpath.dirname(name)
    if posixpath.basename(folder) == ".vite":
        folder = posixpath.dirname(folder)
    entries = manifest["paths"] if isinstance(manifest.get("paths"), dict) else manifest
    # Vite calls a chunk that has no source by what it has made of it, with "_" before that.
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
    """What a listed file may be called below the static folder.

    webpack puts the public path before it (``/static/dist/main.….js``), of which only the folder
    of the manifest is known.
    """
    if not built.startswith("/"):
        yield posixpath.normpath(posixpath.join(folder, built))
        return
    parts = built.strip("/").split("/")
    for index in range(len(parts)):
        rest = "/".join(parts[index:])
        if not folder or rest.startswith(f"{folder}/"):
            yield rest
