"""URLs that carry the fingerprint of what they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from . import fingerprints as names
from .asset import Asset
from .catalogue import Catalogue
from .fingerprints import FINGERPRINT_LENGTH
from .mount import Mount

if TYPE_CHECKING:
    from ..config.values import FingerprintMode

#: The query parameter that carries a fingerprint.
PARAMETER = "v"

#: A value for ``url_for`` that asks for the URL without a fingerprint.
PLAIN = "static_optimizer_plain"

#: Seconds for which URLs of a file are built without a look at it. A page that began to be rendered
#: that much earlier would have the same ones.
BELIEVED = 0.1

_FINGERPRINT = re.compile(rf"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")


#: An asset, and whether the URL's fingerprint is that of its bytes; ``None``: it has none.
Located = tuple[Asset, "bool | None"]


class Urls:
    """The fingerprints in the URLs of one app's static files.

    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        mode: FingerprintMode | None,
        warn: Callable[[object, str], None],
    ) -> None:
        self._catalogue = catalogue
        self._mode = mode
        self._warn = warn

    def add(self, mount: Mount, values: dict[str, Any]) -> str | None:
        """Put a file's fingerprint into the values that its URL is built from.

        Or return it, where it is for :func:`with_version` to put it into the URL. What has no
        fingerprint keeps its plain URL: a file that is not there or is not for everybody, a name
        that is a fingerprint already, and a URL with a version of its own.
        """
        if values.pop(PLAIN, None) or self._mode is None or PARAMETER in values:
            return None
        name = values.get("filename")
        if not isinstance(name, str):
            return None
        asset = mount.known.get(name)
        if (
            asset is not None
            and asset.derived.version != ""
            and monotonic() - asset.seen < BELIEVED
        ):
            version = asset.derived.version
        else:
            version = self._version(mount, name)
        if version is None or self._mode == "query":
            return version
        values["filename"] = version
        return None

    def _version(self, mount: Mount, name: str) -> str | None:
        """What stands for a file's bytes in its URL, if anything does.

        That is the fingerprint for its query, or the file name with the fingerprint in it.
        """
        if not mount.is_shared(name):
            return None
        try:
            asset = self._catalogue.find(mount, name)
        except OSError as error:
            self._warn(
                ("url", mount.endpoint, name),
                f"static_optimizer: the URL of {name!r} of {mount.endpoint!r} has no"
                f" fingerprint, as the file can't be read: {error}",
            )
            return None
        if asset is None or self._catalogue.is_fingerprinted(mount, asset):
            return None
        version: str | None = asset.fingerprint
        if self._mode == "path":
            named = names.insert(name, asset.fingerprint)
            version = named if names.split(named) == (name, asset.fingerprint) else None
        if asset.settled and name == asset.name:  # there are many spellings of a name
            asset.derived.version = version
        return version

    def locate(self, mount: Mount, name: str, query: str) -> Located | None:
        """The asset that a URL leads to, or ``None`` if there is none.

        :param query: the query string of the URL, as WSGI has it.
        :raises OSError: as :meth:`Catalogue.find`.
        """
        if self._mode == "path":
            split = names.split(name)
            if split is not None:
                plain, fingerprint = split
                # What is not for everybody has one name only, the one that its guard knows.
                asset = self._catalogue.find(mount, plain) if mount.is_shared(plain) else None
                if asset is not None and asset.fingerprint == fingerprint:
                    return asset, True
                wrong = None if asset is None else (asset, False)
                return self._unversioned(mount, name) or wrong
        elif self._mode == "query" and query:
            version = _version(query)
            if version is not None:
                asset = self._catalogue.find(mount, name)
                if asset is None:
                    return None
                return asset, asset.fingerprint == version
        return self._unversioned(mount, name)

    def _unversioned(self, mount: Mount, name: str) -> Located | None:
        asset = self._catalogue.find(mount, name)
        if asset is None:
            return None
        return asset, self._catalogue.is_fingerprinted(mount, asset) or None


def with_version(url: str, fingerprint: str) -> str:
    """A URL with a fingerprint in its query."""
    url, mark, anchor = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{PARAMETER}={fingerprint}{mark}{anchor}"


def _version(query: str) -> str | None:
    """The fingerprint in a query string, if it has one that looks like ours."""
    if len(query) > 2048:
        return None
    given = parse_qs(query).get(PARAMETER)
    return given[0] if given and _FINGERPRINT.fullmatch(given[0]) else None
