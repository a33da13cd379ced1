"""URLs that hold the fingerprint of the asset that they lead to."""

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

#: The query parameter that holds a fingerprint.
PARAMETER = "v"

#: The name of a value that makes ``url_for`` build the URL without a fingerprint.
PLAIN = "static_optimizer_plain"

#: The seconds for which URLs of a file are built without a look at the file. A page whose
#: rendering began so much earlier would hold the same URLs.
BELIEVED = 0.1

_FINGERPRINT = re.compile(rf"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")

#: An asset, and whether the URL's fingerprint is verified: that of its bytes, and of all that
#: depends on it; ``None``: the URL has none.
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

        In the mode ``"query"`` the fingerprint is returned instead, for :func:`with_version`. Some
        URLs get none: those of a missing file, of a file that is not the same for all clients, of
        a file whose name already holds a hash, of an ES module without an import map, and those
        with a version that the caller gave.
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
        """Return the fingerprint for the URL's query, or the file name with it, by the mode.

        ``None`` stands for a plain URL.
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
        if asset is None or not self._catalogue.takes_fingerprint(mount, asset):
            return None
        version: str | None = asset.fingerprint
        if self._mode == "path":
            named = names.insert(name, asset.fingerprint)
            version = named if names.split(named) == (name, asset.fingerprint) else None
        if asset.settled and name == asset.name:  # not for other spellings of the name
            asset.derived.version = version
        return version

    def locate(self, mount: Mount, name: str, query: str) -> Located | None:
        """Return the asset that a URL leads to, or ``None`` if there is none.

        :param query: the URL's ``QUERY_STRING``.
        :raises OSError: as :meth:`Catalogue.find`.
        """
        if self._mode == "path":
            split = names.split(name)
            if split is not None:
                plain, fingerprint = split
                # A file that is not the same for all clients has its plain name only, because
                # the app's access checks know no other.
                asset = self._catalogue.find(mount, plain) if mount.is_shared(plain) else None
                if asset is not None and self._verifies(mount, asset, fingerprint):
                    return asset, True
                wrong = None if asset is None else (asset, False)
                return self._unversioned(mount, name) or wrong
        elif self._mode == "query" and query:
            version = _version(query)
            if version is not None:
                asset = self._catalogue.find(mount, name)
                if asset is None:
                    return None
                return asset, self._verifies(mount, asset, version)
        return self._unversioned(mount, name)

    def _verifies(self, mount: Mount, asset: Asset, fingerprint: str) -> bool:
        """Return whether a URL with this fingerprint leads to the same for all time.

        One of an ES module without an import map does not, as what the module imports changes.
        """
        return asset.fingerprint == fingerprint and not self._catalogue.keeps_plain_url(
            mount, asset
        )

    def _unversioned(self, mount: Mount, name: str) -> Located | None:
        asset = self._catalogue.find(mount, name)
        if asset is None:
            return None
        return asset, self._catalogue.is_fingerprinted(mount, asset) or None


def with_version(url: str, fingerprint: str) -> str:
    """Return the URL with a fingerprint in its query."""
    url, mark, anchor = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{PARAMETER}={fingerprint}{mark}{anchor}"


def _version(query: str) -> str | None:
    """Return the fingerprint in a query string, or ``None`` if none has the right form."""
    if len(query) > 2048:
        return None
    given = parse_qs(query).get(PARAMETER)
    return given[0] if given and _FINGERPRINT.fullmatch(given[0]) else None
