"""Files that are the same for everybody, prepared to be sent when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.datastructures import Headers

from ..choice import Choice, choose
from ..headers import offer_to_shared_caches
from ..shortcut import Shortcut
from .prepared import Prepared

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Blueprint, Flask

    from ..assets.asset import Asset
    from ..assets.mount import Mount
    from ..policy import CachePolicy
    from ..state import AppState

#: Answers remembered for each file, and files: a client may spell a header in endless ways.
_ANSWERS = 64
_FILES = 100_000


class Folder(NamedTuple):
    """A static folder whose files need no Flask."""

    mount: Mount
    #: The blueprint that it belongs to; ``None``: the app.
    scaffold: Blueprint | None
    #: The policy of a file, or ``None`` if that is not one for everybody.
    policy: Callable[[str], CachePolicy | None]


class PreparedFiles:
    """The files of some folders by the requests for them.

    :param folders: by endpoint.
    :param recheck: seconds for which a file is believed to be still the same.
    """

    def __init__(
        self, state: AppState, shortcut: Shortcut, folders: Mapping[str, Folder], recheck: float
    ) -> None:
        self._state = state
        self._shortcut = shortcut
        self._folders = folders
        self._recheck = recheck
        prefixes = (folder.mount.prefix or "" for folder in folders.values())
        #: What the paths begin with, as WSGI has them.
        self.prefixes = tuple(prefix.encode().decode("latin-1") for prefix in prefixes)
        #: By path, as WSGI has it: the assets that answered, each of which knows its answers.
        self.assets: dict[str, Asset] = {}

    def is_current(self, asset: Asset) -> bool:
        """Whether an asset's file is still the same, as far as it was looked at lately."""
        if monotonic() < asset.believed_until:
            return True
        if not asset.is_current():
            return False
        asset.believed_until = monotonic() + self._recheck
        self._state.memory.touch(asset)
        return True

    def find(self, app: Flask, environ: WSGIEnvironment) -> Prepared | None:
        """What a GET or HEAD request is about, or ``None`` where Flask has to be asked.

        :raises OSError: if a file can't be read.
        """
        asset = self.assets.get(environ["PATH_INFO"])
        # An If-Range may be for another coding than the one that would be chosen now.
        if asset is not None and "HTTP_IF_RANGE" not in environ and self.is_current(asset):
            prepared: Prepared | None = asset.answers.get(key_of(environ))
            if prepared is not None:
                return prepared
        return self._look_up(app, environ)

    def _look_up(self, app: Flask, environ: WSGIEnvironment) -> Prepared | None:
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
        choice = choose(self._state, app, scaffold, folder.mount, policy, name, environ)
        if choice is None:
            return None
        selected = choice.selected
        headers = Headers(selected.headers(choice.cache_control, policy.vary))
        offer_to_shared_caches(self._state, app, headers, public=policy.public)
        prepared = Prepared.of(selected, headers.to_wsgi_list(), selected.in_memory)
        if name == selected.asset.name or choice.verified:
            self._remember(environ, choice, prepared)
        return prepared

    def _remember(self, environ: WSGIEnvironment, choice: Choice, prepared: Prepared) -> None:
        selected = choice.selected
        asset, raw = selected.asset, environ["PATH_INFO"]
        # What depends on more than the key is chosen anew each time.
        if not asset.settled or selected.dictionary or selected.passing:
            return
        if "HTTP_IF_RANGE" in environ or (environ.get("QUERY_STRING") and not choice.verified):
            return
        if self.assets.get(raw) is not asset:
            if len(self.assets) >= _FILES:
                self.assets.clear()
            self.assets[raw] = asset
            asset.believed_until = monotonic() + self._recheck
        if len(asset.answers) >= _ANSWERS:
            asset.answers.clear()
        asset.answers[key_of(environ)] = prepared


def key_of(environ: WSGIEnvironment) -> tuple[str | None, ...]:
    """What a file's representation depends on, and the host, which was found to be one."""
    get = environ.get
    return (
        environ["PATH_INFO"],
        get("QUERY_STRING"),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_HOST"),
    )
