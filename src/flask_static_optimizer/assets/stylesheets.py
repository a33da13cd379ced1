"""Stylesheets whose references hold the fingerprints of the files that they lead to."""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..config.bounded import Bounded
from .css import (
    BrokenStylesheetError,
    Reference,
    may_refer,
    references,
    relative,
    resolve,
    rewrite,
    with_fingerprint,
)
from .files import Identity, Snapshot, read
from .imports import circles
from .media_types import is_stylesheet
from .sources import MOST_FILES, Rewritten, Sources, TooMuchError

if TYPE_CHECKING:
    from ..config.values import FingerprintMode
    from .asset import Asset
    from .manifests import Manifests
    from .mount import Mount

#: A fingerprint that belongs to no bytes. Stylesheets that import each other can't hold each
#: other's fingerprints, so their references hold this one, and browsers revalidate on each use.
NOBODY = "0" * 16

#: The largest size in bytes of a stylesheet and all that it imports, and the largest number of
#: these stylesheets. One that is above is served as it is, since somebody waits while it is
#: rewritten: parsing 1 MB takes seconds.
LARGEST = 2 * 2**20
MOST_SHEETS = 256

#: The URL path assumed for a mount whose real one depends on the request.
_ANYWHERE = "/ /"

#: A file by the mount that serves it and by its name.
Place = tuple["Mount", str]


class _Sheet(NamedTuple):
    """A stylesheet in one state."""

    path: str
    state: Identity
    sha256: str | None
    #: The stylesheets that it imports.
    imports: tuple[Place, ...]
    #: Its references; ``None``: they have to be read again.
    references: list[Reference] | None = None


class _Run:
    """A rewriting of a stylesheet and of all that it imports."""

    def __init__(self) -> None:
        #: The bytes that may still be read.
        self.left = LARGEST
        #: The files of stylesheets that were asked for, by path.
        self.states: dict[str, Identity] = {}
        #: The stylesheets, in the state in which their imports were read.
        self.sheets: dict[Place, _Sheet] = {}
        #: The stylesheets that import each other, for each of them.
        self.circle: dict[Place, Sequence[Place]] = {}
        #: The assets found so far, of stylesheets and of other files.
        self.found: dict[Place, Asset | None] = {}


class Assets(Protocol):
    """The assets of one app, among which the references of stylesheets are looked up."""

    mounts: tuple[Mount, ...]
    manifests: Manifests

    def find(self, mount: Mount, name: str, *, look: bool = False) -> Asset | None:
        """Return the asset of that name, or ``None`` if there is none."""

    def takes_fingerprint(self, mount: Mount, asset: Asset) -> bool:
        """Return whether a fingerprint is put into the URLs of a file."""


class Stylesheets:
    """A rewriter of the references in one app's stylesheets, for one thread at a time.

    :param relative: whether references become relative, as pages load stylesheets from a host that
        has the app's files below a path.
    """

    def __init__(
        self,
        catalogue: Assets,
        mode: FingerprintMode,
        warn: Callable[[object, str], None],
        *,
        relative: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self._mode = mode
        self._relative = relative
        self._warn = warn
        #: What the last stylesheets import, as it takes long to find out.
        self._known: Bounded[Place, _Sheet] = Bounded(MOST_SHEETS)
        self._run: _Run | None = None

    def rewrite(self, mount: Mount, name: str, snapshot: Snapshot) -> Rewritten:
        """Put fingerprints into the references of a stylesheet.

        A reference to a missing file stays as it is, and so does a stylesheet that can't be
        parsed, or that is too large with all that it imports. A warning names each of them once. A
        reference to a file that is not the same for all clients stays as it is, too. A bundler's
        stylesheet is not rewritten, because its name holds a hash of its bytes.

        Those that it imports are looked up first, in the catalogue, which asks for each of them
        here. So each is read and parsed once, however often and from wherever it is imported.
        """
        sources = Sources()
        # Manifests list the files with a hash in their names. A bundler may write them last.
        manifests = self._catalogue.manifests
        for other in self._catalogue.mounts:
            for path, state in manifests.states(other):
                sources.add(path, state, settled=state is None or state.settled)
        if manifests.lists(mount, name):
            return sources.result(None, snapshot)
        place = mount, posixpath.normpath(name)
        outer = self._run
        self._run = run = outer or _Run()
        try:
            if outer is None:
                self._find_imports(run, place, snapshot)
            return self._rewrite(run, place, snapshot, sources)
        except BrokenStylesheetError as error:
            self._warn(
                ("broken", mount.endpoint, name),
                f"static_optimizer: {name!r} of {mount.endpoint!r} is served as it is, without"
                f" fingerprints in its references: {error}",
            )
            return Rewritten(None, (), snapshot.settled)
        except TooMuchError:
            self._warn(
                ("too much", mount.endpoint, name),
                f"static_optimizer: {name!r} of {mount.endpoint!r} is served as it is, without"
                " fingerprints in its references: with all that it imports it has more than"
                f" {LARGEST // 2**20} MiB, {MOST_SHEETS} stylesheets or {MOST_FILES} files. Split"
                " it, or let it import less.",
            )
            settled = all(state.settled for state in run.states.values())
            return Rewritten(None, tuple(run.states.items()), snapshot.settled and settled)
        finally:
            self._run = outer

    def _find_imports(self, run: _Run, start: Place, snapshot: Snapshot) -> None:
        """Look up the stylesheets that one imports, each after all those that it imports itself.

        :raises TooMuchError: if there are too many, or if they are too large.
        """
        self._add(run, start, os.path.join(start[0].folder, start[1]), snapshot)
        groups = circles(start, lambda place: self._imports(run, place))
        for group in groups:
            run.circle.update(dict.fromkeys(group, group))
        for place in itertools.chain(*groups[:-1]):
            if place in run.sheets:
                run.found[place] = self._asset(start, place[1], place)

    def _imports(self, run: _Run, place: Place) -> tuple[Place, ...]:
        """Return the stylesheets that one imports. A file that can't be read imports none."""
        if place not in run.sheets:
            mount, name = place
            try:
                path = mount.path(name)
                if path is None:
                    return ()
                state = run.states[path] = Identity.of(os.stat(path))
                if state.size > run.left:
                    raise TooMuchError
                snapshot = read(path)
            except OSError:  # the look-up of the asset reports it
                return ()
            self._add(run, place, path, snapshot)
        return run.sheets[place].imports

    def _add(self, run: _Run, place: Place, path: str, snapshot: Snapshot) -> None:
        run.left -= snapshot.identity.size
        if snapshot.data is None or len(run.sheets) >= MOST_SHEETS:
            raise TooMuchError
        if run.left < 0 and may_refer(snapshot.data):
            raise TooMuchError
        mount, name = place
        sheet = self._known.get(place)
        if sheet is None or sheet.sha256 != snapshot.sha256:
            found = None
            with suppress(BrokenStylesheetError):  # it is reported when it is rewritten
                found = references(snapshot.data)
            urls = dict.fromkeys(reference.url for reference in found or ())
            targets = dict.fromkeys(self._target(mount, name, url) for url in urls)
            imports = (target for target in targets if target and is_stylesheet(target[1]))
            sheet = _Sheet(path, snapshot.identity, snapshot.sha256, tuple(imports))
            self._known[place] = sheet
            sheet = sheet._replace(references=found)
        if not mount.is_rewritten(name):  # its bytes don't depend on those of others
            sheet = sheet._replace(imports=())
        run.sheets[place] = sheet._replace(path=path, state=snapshot.identity)

    def _rewrite(self, run: _Run, place: Place, snapshot: Snapshot, sources: Sources) -> Rewritten:
        """Put fingerprints into a stylesheet whose imports have been found.

        :raises BrokenStylesheetError: if it can't be parsed.
        :raises TooMuchError: if it depends on too many files.
        """
        sheet = run.sheets.get(place)
        if sheet is None or sheet.sha256 != snapshot.sha256 or snapshot.data is None:
            # It has changed since its imports were found. The next look-up sees it as it is then.
            return sources.result(None, snapshot)._replace(settled=False)
        found = references(snapshot.data) if sheet.references is None else sheet.references
        for each in run.circle[place]:
            if each != place and each in run.sheets:
                path, state = run.sheets[each][:2]
                sources.add(path, state, settled=state.settled)
        urls = {
            url: self._replaced(run, place, url, sources)
            for url in dict.fromkeys(reference.url for reference in found)
        }
        body = rewrite(snapshot.data, found, lambda reference: urls[reference.url])
        return sources.result(None if body == snapshot.data else body, snapshot)

    def _replaced(self, run: _Run, place: Place, url: str, sources: Sources) -> str | None:
        """Return a reference's URL with a fingerprint, or ``None`` if it stays as it is."""
        target = self._target(*place, url)
        if target is None:
            return None
        given, mount = url, place[0]
        if self._relative and mount.prefix is not None:
            url = relative(mount.prefix + place[1], url)
        if target in run.circle[place]:
            return with_fingerprint(url, self._mode, NOBODY)
        # The path may lead to something that is not served, such as a folder or a dotfile.
        path = posixpath.join(target[0].folder, target[1])
        state = Identity.at(path)
        if target not in run.found:
            run.found[target] = self._asset(place, given, target)
        asset = run.found[target]
        if asset is None:
            sources.add(path, state, settled=True)
            return None
        sources.add(asset.path, asset.snapshot.identity, settled=asset.settled)
        for other, known in asset.dependencies:
            sources.add(other, known, settled=True)
        fingerprint = asset.fingerprint if target[0].is_shared(target[1]) else None
        if fingerprint is None or not self._catalogue.takes_fingerprint(target[0], asset):
            return None if url == given else url
        return with_fingerprint(url, self._mode, fingerprint)

    def _asset(self, place: Place, url: str, target: Place) -> Asset | None:
        reason = "which is not there"
        try:
            asset = self._catalogue.find(*target, look=True)
        except OSError as error:
            asset, reason = None, f"which can't be read ({error})"
        if asset is None:
            mount, name = place
            self._warn(
                ("reference", mount.endpoint, name, url),
                f"static_optimizer: {name!r} of {mount.endpoint!r} refers to {url!r}, {reason};"
                " the reference is left as it is.",
            )
        return asset

    def _target(self, mount: Mount, name: str, url: str) -> Place | None:
        """Return the mount and the file name that a reference leads to, if a mount serves it."""
        prefix = mount.prefix or _ANYWHERE
        target = resolve(prefix + name, url)
        if target is None:
            return None
        path = target.path
        if path.startswith(prefix):
            return mount, posixpath.normpath(path[len(prefix) :])
        if mount.prefix is not None:
            for other in sorted(self._catalogue.mounts, key=lambda other: -len(other.prefix or "")):
                if other.prefix is not None and path.startswith(other.prefix):
                    return other, posixpath.normpath(path[len(other.prefix) :])
        return None
