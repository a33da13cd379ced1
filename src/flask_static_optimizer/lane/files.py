"""The files that the lane serves, with a memory of the representations that it has served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..assets.representation import Representation
from ..requests.paths import Gate, Shortcut
from ..requests.remembered import Remembered, key_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Blueprint, Flask

    from ..assets.memory import Memory
    from ..assets.mount import Mount
    from ..config.policy import CachePolicy
    from ..views.file_choice import FileChooser


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
        self._shortcut = shortcut
        #: The folders by endpoint.
        self.endpoints = folders
        prefixes = {folder.mount.prefix or "" for folder in folders.values()}
        #: The folders' URL rules, in the form of ``PATH_INFO``, and the gate for them.
        self.rules = [f"{prefix}<name>".encode().decode("latin-1") for prefix in prefixes]
        self.rules += [path for path, (name, _) in shortcut.files.items() if name in folders]
        self.gate = Gate.over(self.rules)
        #: The representations that were served.
        self.remembered: Remembered[Representation] = Remembered(memory)

    def find(self, app: Flask, environ: WSGIEnvironment) -> Representation | None:
        """Return the representation for a GET or HEAD request, or ``None`` if Flask has to answer.

        :raises OSError: if a file can't be read.
        """
        # If-Range may name the ETag of another coding than the one that Accept-Encoding selects.
        if "HTTP_IF_RANGE" not in environ:
            known = self.remembered.values.get(key_of(environ))
            if known is not None:
                if self.remembered.is_current(known.asset):
                    return known
                self.remembered.forget(known.asset)
        return self._look_up(app, environ)

    def _look_up(self, app: Flask, environ: WSGIEnvironment) -> Representation | None:
        raw = environ["PATH_INFO"]
        try:
            path = raw if raw.isascii() else raw.encode("latin-1").decode()
        except UnicodeError:
            return None
        found = self._shortcut.find(path, environ)
        folder = self.endpoints.get(found[0]) if found else None
        policy = folder.policy(found[1]) if found and folder else None
        if found is None or folder is None or policy is None:
            return None
        name = found[1]
        scaffold = folder.scaffold or app
        representation = self._files.choose(app, scaffold, folder.mount, policy, name, environ)
        if representation is not None:
            self.remembered.remember(environ, name, representation, representation)
        return representation
