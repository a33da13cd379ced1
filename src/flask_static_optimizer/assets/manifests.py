"""Bundlers' manifests, and files whose names already hold a hash."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from .chunks import Chunk, chunks, entries_of
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


class Content(NamedTuple):
    """The content of a manifest in one state."""

    #: The state of its file; ``None``: there is none.
    state: Identity | None
    #: The files with a hash in their names.
    hashed: frozenset[str] = frozenset()
    chunks: Mapping[str, Chunk] = MappingProxyType({})
    #: The reason why it can't be read; empty if it can.
    error: str = ""

    @property
    def is_there(self) -> bool:
        """True if there is a file."""
        return self.state is not None


class Manifests:
    """The bundlers' manifests of one app, read again when they change.

    :param names: the manifests' file names, relative to a static folder.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(self, names: Sequence[str], warn: Callable[[object, str], None]) -> None:
        self.names = names
        self._warn = warn
        self._lock = Lock()
        self._read: dict[str, Content] = {}

    def lists(self, mount: Mount, name: str) -> bool:
        """Return whether a manifest lists the file as one with a hash in its name."""
        if not self.names:
            return False
        return any(name in self.content(mount, manifest).hashed for manifest in self.names)

    def states(self, mount: Mount) -> Iterator[tuple[str, Identity | None]]:
        """Yield the path and the state of each manifest of a static folder."""
        for manifest in self.names:
            path = _path(mount, manifest)
            yield path, Identity.at(path)

    def check(self, mounts: Sequence[Mount]) -> None:
        """Read all manifests, so that the log says at the start what is wrong with them."""
        for manifest in self.names:
            contents = [self.content(mount, manifest) for mount in mounts]
            if not any(content.is_there for content in contents):
                folders = ", ".join(repr(mount.folder) for mount in mounts) or "any"
                self._warn(
                    ("no manifest", manifest),
                    f"static_optimizer: the manifest {manifest!r} of STATIC_OPTIMIZER_MANIFESTS is"
                    f" in no static folder ({folders}). Build it, or correct its name.",
                )

    def content(self, mount: Mount, manifest: str) -> Content:
        """Return the current content of a manifest; that of a missing or broken one is empty."""
        path = _path(mount, manifest)
        state = Identity.at(path)
        known = self._read.get(path)
        if known is None or known.state != state:
            known = Content(None) if state is None else self._load(mount, manifest, state)
            if state is not None and not state.settled:  # it may change without a visible sign
                return known
            with self._lock:
                self._read[path] = known
        return known

    def _load(self, mount: Mount, manifest: str, state: Identity) -> Content:
        path = _path(mount, manifest)
        try:
            with open(path, "rb") as file:
                read = json.load(file)
            content = Content(state, frozenset(fingerprinted(read, manifest)), chunks(read))
        except (OSError, ValueError, RecursionError) as error:
            self._warn(
                ("manifest", path),
                f"static_optimizer: the manifest {manifest!r} of {mount.endpoint!r} can't"
                f" be read, so what it lists is taken for plain files: {error}",
            )
            return Content(state, error=str(error))
        listed = {file for chunk in content.chunks.values() for file in chunk.files}
        missing = sorted(
            file
            for file in listed
            if "://" not in file and not _is_file(mount, self.place(mount, manifest, file))
        )
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            self._warn(
                ("manifest files", path),
                f"static_optimizer: the manifest {manifest!r} of {mount.endpoint!r} lists files"
                f" that are not there: {', '.join(map(repr, missing[:3]))}{more}. Deploy the whole"
                " build, or correct the manifest's place: its files are relative to it.",
            )
        return content

    def place(self, mount: Mount, manifest: str, file: str) -> str:
        """Return the name, relative to the static folder, of a file that a manifest lists."""
        names = list(_places(_folder(manifest), file))
        return next((name for name in names if _is_file(mount, name)), names[-1] if names else file)


def _path(mount: Mount, manifest: str) -> str:
    # mount.path() would refuse the folder ".vite", in which Vite keeps its manifest.
    return posixpath.join(mount.folder, manifest)


def _is_file(mount: Mount, name: str) -> bool:
    return os.path.isfile(posixpath.join(mount.folder, name))


def _folder(manifest: str) -> str:
    """Return the folder that the files of a manifest are relative to."""
    folder = posixpath.dirname(manifest)
    return posixpath.dirname(folder) if posixpath.basename(folder) == ".vite" else folder


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
    folder = _folder(name)
    entries = entries_of(manifest)
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
