"""Files that are the same for everybody, prepared to be sent when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.datastructures import Headers

from ..assets.prepared import Prepared
from ..headers.final_headers import offer_to_shared_caches
from ..requests.paths import Shortcut
from ..views.file_choice import Choice, FileChooser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Blueprint, Flask

    from ..assets.asset import Asset
    from ..assets.memory import Memory
    from ..assets.mount import Mount
    from ..config.policy import CachePolicy
    from ..config.settings import Settings

#: What an answer depends on: the path, the query string, what codings are accepted, and the host.
Key = tuple[str | None, ...]

#: Answers remembered for each file and in all, and characters of a key: a client may spell a header
#: in endless ways.
_ANSWERS_OF_ONE = 64
_ANSWERS = 100_000
_LONGEST = 2048


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
        self,
        files: FileChooser,
        settings: Settings,
        memory: Memory,
        shortcut: Shortcut,
        folders: Mapping[str, Folder],
        recheck: float,
    ) -> None:
        self._files = files
        self._settings = settings
        self._memory = memory
        self._shortcut = shortcut
        self._folders = folders
        self._recheck = recheck
        prefixes = (folder.mount.prefix or "" for folder in folders.values())
        #: What the paths begin with, as WSGI has them.
        self.prefixes = tuple(prefix.encode().decode("latin-1") for prefix in prefixes)
        #: What was answered. Each asset knows its keys, and has them forgotten with its bytes.
        self.answers: dict[Key, Prepared] = {}

    def is_current(self, asset: Asset) -> bool:
        """Whether an asset's file is still the same, as far as it was looked at lately."""
        if monotonic() < asset.believed_until:
            return True
        if not asset.is_current():
            return False
        asset.believed_until = monotonic() + self._recheck
        self._memory.touch(asset)
        return True

    def find(self, app: Flask, environ: WSGIEnvironment) -> Prepared | None:
        """What a GET or HEAD request is about, or ``None`` where Flask has to be asked.

        :raises OSError: if a file can't be read.
        """
        # An If-Range may be for another coding than the one that would be chosen now.
        if "HTTP_IF_RANGE" not in environ:
            prepared = self.answers.get(_key_of(environ))
            if prepared is not None:
                if self.is_current(prepared.asset):
                    return prepared
                self._forget(prepared.asset)
        return self._look_up(app, environ)

    def _look_up(self, app: Flask, environ: WSGIEnvironment) -> Prepared | None:
        raw, now = environ["PATH_INFO"], monotonic()
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
        choice = self._files.choose(app, scaffold, folder.mount, policy, name, environ)
        if choice is None:
            return None
        selected = choice.selected
        headers = Headers(selected.headers(choice.cache_control, policy.vary))
        offer_to_shared_caches(self._settings, app, headers, public=policy.public)
        prepared = Prepared.of(selected, headers.to_wsgi_list(), selected.in_memory)
        if name == selected.asset.name or choice.verified:
            self._remember(environ, choice, prepared, now)
        return prepared

    def _remember(
        self, environ: WSGIEnvironment, choice: Choice, prepared: Prepared, looked: float
    ) -> None:
        """Remember an answer, if it is the same the next time.

        :param looked: when its file was not looked at yet: making variants may take its time.
        """
        selected, asset = choice.selected, prepared.asset
        # What depends on more than the key is chosen anew each time.
        if not asset.settled or selected.dictionary or selected.is_temporary:
            return
        if "HTTP_IF_RANGE" in environ or (environ.get("QUERY_STRING") and not choice.verified):
            return
        key = _key_of(environ)
        if sum(len(part or "") for part in key) > _LONGEST:
            return
        if len(asset.answers) >= _ANSWERS_OF_ONE:
            self._forget(asset)
        if len(self.answers) >= _ANSWERS:
            for known in tuple(self.answers.values()):
                self._forget(known.asset)
        asset.forget = self._forget
        asset.believed_until = looked + self._recheck
        asset.answers.add(key)
        self.answers[key] = prepared
        # Another thread may have made the asset let its bytes go before this was remembered.
        is_held = prepared.body is not None and prepared.body is not asset.body
        if key not in asset.answers or (is_held and not self._memory.holds(asset)):
            self.answers.pop(key, None)

    def _forget(self, asset: Asset) -> None:
        keys, asset.answers = asset.answers, set()
        for key in tuple(keys):
            self.answers.pop(key, None)


def _key_of(environ: WSGIEnvironment) -> Key:
    get = environ.get
    return (
        environ["PATH_INFO"],
        get("QUERY_STRING"),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_HOST"),
    )
