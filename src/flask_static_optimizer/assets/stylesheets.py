"""Stylesheets whose references hold the fingerprints of the files that they lead to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..config.bounded import Bounded
from .css import BrokenStylesheetError, Reference, references, resolve, rewrite, with_fingerprint
from .files import Identity, Snapshot, read

if TYPE_CHECKING:
    from ..config.values import FingerprintMode
    from .asset import Asset
    from .manifests import Manifests
    from .mount import Mount

#: A fingerprint that belongs to no bytes. Stylesheets that import each other can't hold each
#: other's fingerprints, so their references hold this one, and browsers revalidate on each use.
NOBODY = "0" * 16

#: The URL path assumed for a mount whose real one depends on the request.
_ANYWHERE = "/ /"

#: The number of stylesheets whose imports are remembered.
_REMEMBERED = 10_000


class Rewritten(NamedTuple):
    """A stylesheet with fingerprints in its references."""

    #: The bytes to serve; ``None``: the file is served unchanged.
    body: bytes | None
    #: The files on which the bytes depend: path and state (``None``: no such file).
    dependencies: tuple[tuple[str, Identity | None], ...]
    #: True if all of these files had settled.
    settled: bool


class _Sheet(NamedTuple):
    """A stylesheet in one state, and the stylesheets that it imports."""

    sha256: str | None
    imports: tuple[tuple[Mount, str], ...]


class Assets(Protocol):
    """The assets of one app, among which the references of stylesheets are looked up."""

    mounts: tuple[Mount, ...]
    manifests: Manifests

    def find(self, mount: Mount, name: str) -> Asset | None:
        """Return the asset of that name, or ``None`` if there is none."""

    def takes_fingerprint(self, mount: Mount, asset: Asset) -> bool:
        """Return whether a fingerprint is put into the URLs of a file."""


class Stylesheets:
    """A rewriter of the references in one app's stylesheets."""

    def __init__(
        self, catalogue: Assets, mode: FingerprintMode, warn: Callable[[object, str], None]
    ) -> None:
        self._catalogue = catalogue
        self._mode = mode
        self._warn = warn
        self._sheets: Bounded[tuple[Mount, str], _Sheet] = Bounded(_REMEMBERED)

    def rewrite(self, mount: Mount, name: str, snapshot: Snapshot) -> Rewritten:
        """Put fingerprints into the references of a stylesheet.

        A reference to a missing file stays as it is, and so does a stylesheet that can't be
        parsed. A warning names each of them once. A reference to a file that is not the same for
        all clients stays as it is, too. A bundler's stylesheet is not rewritten, because its name
        holds a hash of its bytes.
        """
        source = snapshot.data
        if source is None:
            return Rewritten(None, (), snapshot.settled)
        # The first state seen of a file counts. If the file changes meanwhile, the result mixes
        # two states, and this entry makes it count as outdated.
        dependencies: dict[str, Identity | None] = {}
        settled = snapshot.settled
        # Manifests list the files with a hash in their names. A bundler may write them last.
        for other in self._catalogue.mounts:
            for path, state in self._catalogue.manifests.states(other):
                dependencies[path] = state
                settled = settled and (state is None or state.settled)
        if self._catalogue.manifests.lists(mount, name):
            return Rewritten(None, tuple(dependencies.items()), settled)

        def replace(reference: Reference) -> str | None:
            nonlocal settled
            target = self._target(mount, name, reference.url)
            if target is None:
                return None
            imported = self._closure(target)
            for path, state in imported.values():
                dependencies.setdefault(path, state)
                settled = settled and state.settled
            if (mount, name) in imported:
                return with_fingerprint(reference.url, self._mode, NOBODY)
            # The path may lead to something that is not served, such as a folder or a dotfile.
            place = posixpath.join(target[0].folder, target[1])
            found = Identity.at(place)
            asset = self._asset(mount, name, reference.url, target)
            if asset is None:
                dependencies.setdefault(place, found)
                return None
            dependencies.setdefault(asset.path, asset.snapshot.identity)
            for path, known in asset.dependencies:
                dependencies.setdefault(path, known)
            settled = settled and asset.settled
            fingerprint = asset.fingerprint if target[0].is_shared(target[1]) else None
            if fingerprint is None or not self._catalogue.takes_fingerprint(target[0], asset):
                return None
            return with_fingerprint(reference.url, self._mode, fingerprint)

        try:
            body = rewrite(source, replace)
        except (BrokenStylesheetError, RecursionError) as error:
            reason = "it imports too many others, one from another"
            self._warn(
                ("broken", mount.endpoint, name),
                f"static_optimizer: {name!r} of {mount.endpoint!r} is served as it is, without"
                f" fingerprints in its references:"
                f" {reason if isinstance(error, RecursionError) else error}",
            )
            return Rewritten(None, (), snapshot.settled)
        return Rewritten(None if body == source else body, tuple(dependencies.items()), settled)

    def _asset(self, mount: Mount, name: str, url: str, target: tuple[Mount, str]) -> Asset | None:
        reason = "which is not there"
        try:
            asset = self._catalogue.find(*target)
        except OSError as error:
            asset, reason = None, f"which can't be read ({error})"
        if asset is None:
            self._warn(
                ("reference", mount.endpoint, name, url),
                f"static_optimizer: {name!r} of {mount.endpoint!r} refers to {url!r}, {reason};"
                " the reference is left as it is.",
            )
        return asset

    def _target(self, mount: Mount, name: str, url: str) -> tuple[Mount, str] | None:
        """Return the mount and the file name that a reference leads to, if a mount serves it."""
        prefix = mount.prefix or _ANYWHERE
        target = resolve(prefix + name, url)
        if target is None:
            return None
        if target.path.startswith(prefix):
            return mount, target.path[len(prefix) :]
        if mount.prefix is not None:
            for other in sorted(self._catalogue.mounts, key=lambda other: -len(other.prefix or "")):
                if other.prefix is not None and target.path.startswith(other.prefix):
                    return other, target.path[len(other.prefix) :]
        return None

    def _closure(self, target: tuple[Mount, str]) -> dict[tuple[Mount, str], tuple[str, Identity]]:
        """Return path and state of a stylesheet and of all that it imports, also indirectly.

        For other files the result is empty.
        """
        found: dict[tuple[Mount, str], tuple[str, Identity]] = {}
        waiting = [target]
        while waiting:
            mount, name = sheet = waiting.pop()
            if not name.endswith(".css") or sheet in found:
                continue
            try:
                path = mount.path(name)
                if path is None:
                    continue
                snapshot = read(path)
            except OSError:  # the look-up of the asset reports it
                continue
            found[sheet] = (path, snapshot.identity)
            waiting += self._imports(mount, name, snapshot)
        return found

    def _imports(
        self, mount: Mount, name: str, snapshot: Snapshot
    ) -> tuple[tuple[Mount, str], ...]:
        if not mount.is_rewritten(name):  # its bytes don't depend on those of others
            return ()
        known = self._sheets.get((mount, name))
        if known is None or known.sha256 != snapshot.sha256:
            try:
                found = references(snapshot.data or b"")
            except BrokenStylesheetError:
                found = []
            targets = (self._target(mount, name, reference.url) for reference in found)
            imports = (target for target in targets if target and target[1].endswith(".css"))
            known = _Sheet(snapshot.sha256, tuple(imports))
            self._sheets[mount, name] = known
        return known.imports
