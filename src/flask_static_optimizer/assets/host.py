"""The host, such as a CDN's, that pages load static files from."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

from werkzeug.security import safe_join

from ..config.bounded import Bounded

if TYPE_CHECKING:
    from flask import Flask

    from .mount import Mount

#: The seconds for which a folder is not looked through again for links.
_BELIEVED = 1.0

#: The number of folders that are remembered.
_FOLDERS = 1024


class Host:
    """A host that stands before the URLs of the static files that are the same for everybody.

    :param url: its URL, which may have a path, without a slash at the end.
    :param in_debug: whether it is used in debug mode, too.
    """

    def __init__(self, url: str, *, in_debug: bool) -> None:
        self._url = url
        self._in_debug = in_debug
        #: By folder: until when it is believed, and whether the host has all that is below it.
        self._folders: Bounded[tuple[str, str], tuple[float, bool]] = Bounded(_FOLDERS)

    def is_used(self, app: Flask) -> bool:
        """Return whether the URLs that an app makes now have the host."""
        return self._in_debug or not app.debug

    def has(self, mount: Mount, name: object, *, is_shared: bool = False) -> bool:
        """Return whether the host has a file.

        A folder that is served under a host of its own stays there. What is not the same for all
        clients does, too: browsers send the session's cookie to the app alone. A folder's name is
        the beginning of the URLs of all that is below it.

        :param is_shared: whether the file is known to be the same for all clients.
        """
        if mount.prefix is None or not isinstance(name, str):
            return False
        if is_shared:
            return True
        return self._has_folder(mount, name) if _is_folder(mount, name) else mount.is_shared(name)

    def _has_folder(self, mount: Mount, name: str) -> bool:
        """Return whether the host has all that is below a folder, which is looked at seldom."""
        key, now = (mount.endpoint, name), monotonic()
        known = self._folders.get(key)
        if known is None or now >= known[0]:
            known = now + _BELIEVED, mount.is_shared_below(name)
            self._folders[key] = known
        return known[1]

    def before(self, url: str) -> str:
        """Return a URL of the app with this host in the place of the app's."""
        if not url.startswith("/") or url.startswith("//"):  # _external, or for another subdomain
            url = "/" + url.partition("//")[2].partition("/")[2]
        return self._url + url


def _is_folder(mount: Mount, name: str) -> bool:
    if name == "" or name.endswith("/"):
        return True
    if name in mount.known:
        return False
    path = safe_join(mount.folder, name)
    return path is not None and os.path.isdir(path)
