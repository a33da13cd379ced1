"""URLs that hold the fingerprint of the asset that they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import fingerprints as names
from .asset import Asset
from .catalogue import Catalogue
from .fingerprints import FINGERPRINT_LENGTH
from .missing import MissingFiles
from .mount import Mount

if TYPE_CHECKING:
    from ..config.values import FingerprintMode

#: The query parameter that holds a fingerprint.
PARAMETER = "v"

#: The name of a value that makes ``url_for`` build the URL as Flask does, without a fingerprint and
#: with the app's own host.
PLAIN = "static_optimizer_plain"

#: The seconds for which URLs of a file are built without a look at the file. A page whose
#: rendering began so much earlier would hold the same URLs.
BELIEVED = 0.1

#: The number of characters of a query string in which fingerprints are looked for.
_LONGEST = 2048

#: A fingerprint in a query string. A template may write a version of its own behind the URL, with
#: one more question mark: ``?v=3f0c…?v=1.2.3``.
_FINGERPRINT = re.compile(rf"(?:^|[&?]){PARAMETER}=([0-9a-f]{{{FINGERPRINT_LENGTH}}})(?![^&?])")

#: An asset, and whether the URL's fingerprint is verified: that of its bytes, and of all that
#: depends on it; ``None``: the URL has none.
Located = tuple[Asset, "bool | None"]


class Urls:
    """The fingerprints in the URLs of one app's static files.

    :param warn: called with an occasion and a message that an operator should read once.
    :param missing: is told of files that are not there.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        mode: FingerprintMode | None,
        warn: Callable[[object, str], None],
        missing: MissingFiles,
    ) -> None:
        self._catalogue = catalogue
        self._mode = mode
        self._warn = warn
        self._missing = missing

    def add(self, mount: Mount, values: dict[str, Any]) -> str | None:
        """Put a file's fingerprint into the values that its URL is built from.

        In the mode ``"query"`` the fingerprint is returned instead, for :func:`with_version`; so it
        is for a file that a view of the app's own sends, as that knows the file's own name. Some
        URLs get none: those of a missing file, of a file that is not the same for all clients, of
        a file whose name already holds a hash, of an ES module without an import map, and of a
        large file that has not been hashed yet. A version that the caller gave stays beside it.
        """
        plain = values.pop(PLAIN, None) or self._mode is None
        name = values.get(mount.variable)
        if not isinstance(name, str):
            return None
        if plain:
            if not mount.by_view:
                self._missing.look(mount, name)
            return None
        version = self._current(mount, name)
        if version is None or self._mode == "query" or mount.by_view:
            return version
        values["filename"] = version
        return None

    def is_current(self, mount: Mount, name: str, url: str) -> bool:
        """Return whether a URL that was built before is that of a file as it is now.

        It is not, if the file is not the same for all clients, or if the URL does not change with
        it: it has neither a fingerprint nor a name that a bundler's manifest lists.
        """
        if self._mode is not None:
            version = self._current(mount, name)
            if version is not None:
                return version in unquote(url)
        listed = self._catalogue.manifests.lists(mount, name)
        return listed and mount.is_shared(name) and mount.has(name)

    def _current(self, mount: Mount, name: str) -> str | None:
        """Return what :meth:`_version` does, or has returned a moment ago."""
        asset = mount.known.get(name)
        now = monotonic()
        if asset is not None and now - asset.derived.version_found < BELIEVED:
            return asset.derived.version
        return self._version(mount, name, now)

    def _version(self, mount: Mount, name: str, now: float) -> str | None:
        """Return the fingerprint for the URL's query, or the file name with it, by the mode.

        ``None`` stands for a plain URL. A manifest decides on it, too, so a request for the file,
        which sees that the file is the same, does not make it newer.
        """
        if not mount.is_shared(name):
            self._missing.look(mount, name)
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
        if asset is None:
            if not mount.by_view:  # a view may have more to send than is in the folder
                self._missing.report(mount, name)
            return None
        if not self._catalogue.takes_fingerprint(mount, asset):
            return None
        version = asset.fingerprint
        if self._mode == "path" and asset.fingerprint is not None and not mount.by_view:
            named = names.insert(name, asset.fingerprint)
            version = named if names.split(named) == (name, asset.fingerprint) else None
        if asset.settled and name == asset.name:  # not for other spellings of the name
            asset.derived.version, asset.derived.version_found = version, now
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
                if asset is not None and self._verifies(mount, asset, (fingerprint,)):
                    return asset, True
                wrong = None if asset is None else (asset, False)
                return self._unversioned(mount, name) or wrong
        elif self._mode == "query" and query:
            located = self._unversioned(mount, name)
            return located and self._verified(mount, located, query)
        return self._unversioned(mount, name)

    def _verifies(self, mount: Mount, asset: Asset, given: Collection[str]) -> bool:
        """Return whether a URL with one of these fingerprints leads to the same for all time.

        That of an ES module without an import map does not, as what the module imports changes.
        """
        return asset.fingerprint in given and not self._catalogue.keeps_plain_url(mount, asset)

    def _verified(self, mount: Mount, located: Located, query: str) -> Located:
        """Compare the fingerprints in a query string with that of an asset.

        One that is right is enough, as the others may be versions of the app's own.
        """
        asset, named = located
        given, own = fingerprints_of(query), asset.fingerprint
        if named or self._verifies(mount, asset, given):
            return asset, True
        if own in given:  # of an ES module
            return asset, False
        if own is not None and own in query:
            # Once for all files of a folder, as a client may think up any number of such URLs.
            long = len(query) > _LONGEST
            self._warn(
                ("version", mount.endpoint, "long" if long else "run together"),
                f"static_optimizer: a URL of {asset.name!r} of {mount.endpoint!r} has a fingerprint"
                " that can't be read, so the file is not kept for a year:"
                + (
                    f" the query string has more than {_LONGEST} characters; shorten it."
                    if long
                    else " something stands right beside it; put a '&' between the two where the"
                    " page, its template or its own url_for adds something to the URL."
                ),
            )
        return asset, False if given else None

    def _unversioned(self, mount: Mount, name: str) -> Located | None:
        asset = self._catalogue.find(mount, name)
        if asset is None:
            return None
        if asset.is_changing:
            return asset, False
        return asset, self._catalogue.is_fingerprinted(mount, asset) or None


def with_version(url: str, fingerprint: str) -> str:
    """Return the URL with a fingerprint in its query."""
    url, mark, anchor = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{PARAMETER}={fingerprint}{mark}{anchor}"


def fingerprints_of(query: str) -> list[str]:
    """Return what has the form of a fingerprint among the versions in a query string."""
    return _FINGERPRINT.findall(query) if len(query) <= _LONGEST else []
