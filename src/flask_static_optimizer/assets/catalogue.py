"""The catalogue of an app's assets, which are looked up on demand."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Sequence
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING

from ..config.bounded import Bounded
from .asset import Asset
from .facts import Fact
from .files import FileChangingError, Identity, Snapshot
from .hashes import Hashes
from .javascript import is_module
from .manifests import Manifests, is_named_by_hash
from .media_types import breaks_when_old, is_stylesheet, media_type
from .memory import Memory
from .mount import Mount
from .sources import Rewritten

if TYPE_CHECKING:
    from ..config.values import FingerprintMode
    from .stylesheets import Stylesheets

#: The most scripts of which the catalogue remembers whether they are ES modules.
_MODULES = 4096


class Catalogue:
    """The assets of one app, each read when it is first looked up.

    An asset is returned again as long as its file is in the same state. This check costs one
    ``stat``, and once in a while one for each file that a stylesheet refers to.

    :param importmap: whether pages carry an import map of all ES modules.
    :param relative: whether references in stylesheets become relative.
    :param memory: releases the assets that are no longer served.
    :param hashes: the hashes of large files.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(
        self,
        mode: FingerprintMode | None,
        manifests: Sequence[str],
        memory: Memory,
        hashes: Hashes,
        warn: Callable[[object, str], None],
        *,
        importmap: bool = False,
        relative: bool = False,
    ) -> None:
        self.mounts: tuple[Mount, ...] = ()
        #: The folders whose files are sent by views of the app's own.
        self.sources: tuple[Mount, ...] = ()
        self._mode = mode
        self._relative = relative
        self._warn = warn
        self._stylesheets: Stylesheets | None = None
        self._importmap = importmap
        self._memory = memory
        self._hashes = hashes
        #: Whether bytes are an ES module, by name and hash, as it takes long to find out.
        self._modules: Bounded[tuple[str, str], bool] = Bounded(_MODULES)
        #: Held while a stylesheet is looked up, and with it those that it imports.
        self._turn = RLock()
        self._latest: tuple[Mount, str, Asset] | None = None
        self.manifests = Manifests(manifests, warn)

    def find(self, mount: Mount, name: str, *, look: bool = False) -> Asset | None:
        """Return the current asset of this name, or ``None`` if no file can be served.

        :param look: whether to look at the files that a stylesheet refers to in any case.
        :raises FileChangingError: if the file changes each time that it is read.
        :raises OSError: if the file exists and can't be read.
        """
        asset = mount.known.get(name)
        if asset is None:
            # A client may spell one name in any number of ways ("./a.css", "b/../a.css").
            name = posixpath.normpath(name)
            asset = mount.known.get(name)
        if asset is not None and asset.is_current(look=look):
            return asset
        if self._mode is None or not is_stylesheet(name):
            return self._look_up(mount, name)
        return self._look_up_in_turn(mount, name)

    def find_hashed(self, mount: Mount, name: str) -> Asset | None:
        """Find an asset, and hash its file if it is large, however long that takes.

        A file that is being written is left without a hash.

        :raises OSError: as :meth:`find`.
        """
        asset = self.find(mount, name)
        if asset is not None and asset.sha256 is None:
            try:
                self._hashes.compute(asset.path)
            except FileChangingError:
                return asset
            self._forget(asset.path)
            asset = self.find(mount, name)
        return asset

    def _forget(self, path: str) -> None:
        """Forget the assets that were made without the hash of a file, which is known now."""
        for mount in (*self.mounts, *self.sources):
            for name, asset in list(mount.known.items()):
                if path == asset.path or any(path == other for other, _ in asset.dependencies):
                    mount.known.pop(name)
                    self._memory.release(asset)

    def _look_up_in_turn(self, mount: Mount, name: str) -> Asset | None:
        """Look up a stylesheet, as the only thread that does.

        Who had to wait takes what another made meanwhile. What the other has begun before somebody
        came may be older than what that one saw, so it counts only if it is remembered.
        """
        came = monotonic()
        with self._turn:
            asset = mount.known.get(name)
            if asset is not None and asset.is_current():
                return asset
            if self._latest is not None and self._latest[:2] == (mount, name):
                asset = self._latest[2]
                if asset.seen >= came:
                    return asset
            asset = self._look_up(mount, name)
            self._latest = None if asset is None else (mount, name, asset)
            return asset

    def _look_up(self, mount: Mount, name: str) -> Asset | None:
        path = mount.path(name)
        try:
            asset = None if path is None else self._make(mount, name, path)
        except (FileNotFoundError, NotADirectoryError):
            asset = None
        before = mount.known.pop(name, None)
        if before is not None:
            if asset is not None and before.sha256 == asset.sha256:
                # The bytes are the same, so the variants stay valid; the representations do not, as
                # they hold the modification time of the file.
                asset.derived.take_variants(before.derived)
            self._memory.release(before)
        if asset is not None and asset.settled:  # else the file may change without a sign
            mount.known[name] = asset
            asset.known = mount.known
            if asset.sha256 is None:
                self._hashes.later(asset.path, self._forget)
            self._memory.hold(asset)
        return asset

    def _is_module(self, name: str, snapshot: Snapshot) -> bool:
        if snapshot.sha256 is None:
            return is_module(name, snapshot.data)
        key = (name, snapshot.sha256)
        known = self._modules.get(key)
        if known is None:
            known = self._modules[key] = is_module(name, snapshot.data)
        return known

    def _make(self, mount: Mount, name: str, path: str) -> Asset:
        seen = monotonic()
        state = Identity.of(os.stat(path))
        fact = self._memory.facts.find(mount, name, state)
        if fact is not None:
            return self._known(mount, name, path, state, fact, seen)
        snapshot = self._hashes.snapshot(path)
        content_type, named_coding = media_type(name)
        named_by_hash = snapshot.data is not None and is_named_by_hash(name, snapshot.data)
        module = not named_by_hash and self._is_module(name, snapshot)
        made = None if named_by_hash else self._rewritten(mount, name, snapshot)
        body = made.body if made else None
        if body is not None:
            sha256: str | None = hashlib.sha256(body).hexdigest()
            size = len(body)
        else:
            sha256, size = snapshot.sha256, snapshot.identity.size
            if not snapshot.settled:
                body = snapshot.data
            elif sha256 is not None and not (made and made.dependencies):
                fact = Fact(sha256, named_by_hash, module)
                self._memory.facts.note(mount, name, snapshot.identity, fact)
        return Asset(
            name=name,
            path=path,
            snapshot=snapshot._replace(data=None),
            body=body,
            sha256=sha256,
            size=size,
            content_type=content_type,
            named_coding=named_coding,
            named_by_hash=named_by_hash,
            is_module=module,
            breaks_when_old=module or breaks_when_old(name, content_type),
            dependencies=made.dependencies if made else (),
            settled=snapshot.settled and (made is None or made.settled),
            is_slow=self._hashes.is_slow(snapshot.identity),
            seen=seen,
            endpoint=mount.endpoint,
        )

    def _rewritten(self, mount: Mount, name: str, snapshot: Snapshot) -> Rewritten | None:
        """Rewrite a stylesheet. Return ``None`` for other files, and where that is turned off."""
        if self._mode is None or not is_stylesheet(name) or not mount.is_rewritten(name):
            return None
        if self._stylesheets is None:
            # What rewrites is loaded with the first stylesheet. One thread at a time gets here.
            from .stylesheets import Stylesheets

            relative = self._relative
            self._stylesheets = Stylesheets(self, self._mode, self._warn, relative=relative)
        return self._stylesheets.rewrite(mount, name, snapshot)

    def _known(
        self, mount: Mount, name: str, path: str, state: Identity, fact: Fact, seen: float
    ) -> Asset:
        """Make the asset of a file that is in a state in which it was read before.

        Its bytes are served as they are in the file.
        """
        content_type, named_coding = media_type(name)
        return Asset(
            name=name,
            path=path,
            snapshot=Snapshot(state, True, fact.sha256, None),
            body=None,
            sha256=fact.sha256,
            size=state.size,
            content_type=content_type,
            named_coding=named_coding,
            named_by_hash=fact.named_by_hash,
            is_module=fact.is_module,
            breaks_when_old=fact.is_module or breaks_when_old(name, content_type),
            is_slow=self._hashes.is_slow(state),
            seen=seen,
            endpoint=mount.endpoint,
        )

    def is_fingerprinted(self, mount: Mount, asset: Asset) -> bool:
        """Return whether a file's name holds a hash, by its bytes or by a bundler's manifest."""
        return asset.named_by_hash or self.manifests.lists(mount, asset.name)

    def keeps_plain_url(self, mount: Mount, asset: Asset) -> bool:
        """Return whether a file is asked for by its plain URL whatever its pages do.

        An ES module is, unless pages carry the import map: the imports of other modules name the
        plain URL, and under a second URL a module would run a second time. The map has no modules
        that views of the app's own send.
        """
        is_mapped = self._importmap and not mount.by_view
        return asset.is_module and not is_mapped and not self.is_fingerprinted(mount, asset)

    def takes_fingerprint(self, mount: Mount, asset: Asset) -> bool:
        """Return whether a fingerprint is put into the URLs of a file."""
        return not (self.is_fingerprinted(mount, asset) or self.keeps_plain_url(mount, asset))
