"""The files that the lane serves, with a memory of the representations that it has served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..assets.representation import Representation
from ..config.bounded import Bounded
from ..requests.paths import Gate, Shortcut

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Blueprint, Flask

    from ..assets.asset import Asset
    from ..assets.memory import Memory
    from ..assets.mount import Mount
    from ..config.policy import CachePolicy
    from ..views.file_choice import FileChooser

#: The parts of a request that select a representation: path, query string, ``Accept-Encoding`` and
#: ``Host``.
Key = tuple[str | None, ...]

#: The number of answers that are remembered for each file and in all, the number of characters of
#: the longest key, and the bytes that a key takes beside them. Limits are needed, as a client can
#: write a header in any number of ways. (All spellings that select one representation share it.)
_ANSWERS_OF_ONE = 64
_ANSWERS = 100_000
_LONGEST = 512
_KEY = 1000


class Folder(NamedTuple):
    """A static folder whose files the lane may serve."""

    mount: Mount
    #: The blueprint that the folder belongs to; ``None`` for the app's.
    scaffold: Blueprint | None
    #: A function that returns the policy of a file, or ``None`` if its responses may depend on
    #: the visitor.
    policy: Callable[[str], CachePolicy | None]


class LaneFiles:
    """A look-up of files in the lane's folders by request.

    :param folders: the folders by endpoint.
    """

    def __init__(
        self,
        files: FileChooser,
        memory: Memory,
        shortcut: Shortcut,
        folders: Mapping[str, Folder],
    ) -> None:
        self._files = files
        self._memory = memory
        self._shortcut = shortcut
        self._folders = folders
        prefixes = (folder.mount.prefix or "" for folder in folders.values())
        #: The folders' URL rules, in the form of ``PATH_INFO``, and the gate for them.
        self.rules = [f"{prefix}<name>".encode().decode("latin-1") for prefix in prefixes]
        self.gate = Gate.over(self.rules)
        #: The representations that were served, by key. ``_keys`` has the keys of each asset.
        self.answers: Bounded[Key, Representation] = Bounded(_ANSWERS)
        self._keys: dict[Asset, set[Key]] = {}
        memory.on_release(self._forget)

    def is_current(self, asset: Asset) -> bool:
        """Return whether an asset's file is unchanged, and note that the asset was used."""
        if not asset.is_current():
            return False
        self._memory.touch(asset)
        return True

    def find(self, app: Flask, environ: WSGIEnvironment) -> Representation | None:
        """Return the representation for a GET or HEAD request, or ``None`` if Flask has to answer.

        :raises OSError: if a file can't be read.
        """
        # If-Range may name the ETag of another coding than the one that Accept-Encoding selects.
        if "HTTP_IF_RANGE" not in environ:
            known = self.answers.get(_key_of(environ))
            if known is not None:
                if self.is_current(known.asset):
                    return known
                self._forget(known.asset)
        return self._look_up(app, environ)

    def _look_up(self, app: Flask, environ: WSGIEnvironment) -> Representation | None:
        raw = environ["PATH_INFO"]
        try:
            path = raw if raw.isascii() else raw.encode("latin-1").decode()
        except UnicodeError:
            return None
        found = self._shortcut.find(path, environ)
        folder = self._folders.get(found[0]) if found else None
        policy = folder.policy(found[1]) if found and folder else None
        if found is None or folder is None or policy is None:
            return None
        name = found[1]
        scaffold = folder.scaffold or app
        representation = self._files.choose(app, scaffold, folder.mount, policy, name, environ)
        if representation is not None and (
            name == representation.asset.name or representation.verified
        ):
            self._remember(environ, representation)
        return representation

    def _remember(self, environ: WSGIEnvironment, representation: Representation) -> None:
        """Remember a representation, if it answers the same request the next time."""
        asset = representation.asset
        if not asset.settled or representation.is_temporary or "HTTP_IF_RANGE" in environ:
            return
        if environ.get("QUERY_STRING") and not representation.verified:
            return
        key = _key_of(environ)
        length = sum(len(part or "") for part in key)
        if length > _LONGEST:
            return
        if len(self._keys.get(asset, ())) >= _ANSWERS_OF_ONE:
            self._forget(asset)
        self._keys.setdefault(asset, set()).add(key)
        self.answers[key] = representation
        asset.derived.noted += length + _KEY
        # Another thread may have released the asset's bytes before this was remembered.
        is_held = representation.body is not None and representation.body is not asset.body
        self._memory.hold(asset, again=is_held)
        if key not in self._keys.get(asset, ()) or (is_held and not self._memory.holds(asset)):
            self.answers.pop(key)
            self._forget(asset)

    def _forget(self, asset: Asset) -> None:
        asset.derived.noted = 0
        for key in tuple(self._keys.pop(asset, ())):
            self.answers.pop(key)


def _key_of(environ: WSGIEnvironment) -> Key:
    get = environ.get
    return (
        environ["PATH_INFO"],
        get("QUERY_STRING"),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_HOST"),
    )
