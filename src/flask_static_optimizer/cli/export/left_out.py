"""A record of what an export leaves out, by which it finds what earlier ones wrote of that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from ...assets import fingerprints
from ...http.codings import suffixes
from ..current import application_root
from ..exchange import matched
from ..public_files import UrlPair

if TYPE_CHECKING:
    from flask import Flask


class LeftOut:
    """A record of the files and folders that only the app may answer for.

    :param app: the app.
    """

    def __init__(self, app: Flask) -> None:
        self._root = application_root(app)
        self._app = app
        self._paths: set[str] = set()
        #: The paths of which each version is left out, whatever its fingerprint.
        self._versions: set[str] = set()
        self._files: set[tuple[str, str]] = set()
        self._folders: set[str] = set()

    def add_url(self, url: str) -> None:
        """Add one of the URLs of a file."""
        if not urlsplit(url).netloc:  # on a host of its own it is another file
            self._paths.add(path_of(url))

    def add_file(self, endpoint: str, name: str, pair: UrlPair) -> None:
        """Add a file of a static folder, with all of its URLs."""
        self._files.add((endpoint, name))
        for url in pair:
            self.add_url(url)
        if not urlsplit(pair.plain).netloc:
            self._versions.add(path_of(pair.plain))

    def add_folder(self, endpoint: str) -> None:
        """Add all files of an endpoint."""
        self._folders.add(endpoint)

    def has(self, path: str, assets: Iterable[tuple[str, str]]) -> bool:
        """Return whether what an earlier export wrote to a path belongs to what is left out.

        A file may have been there under its plain name or one with a fingerprint, in any coding.

        :param path: the path, relative to the folder, with slashes.
        :param assets: the endpoints and names that the earlier manifest gives for it.
        """
        if any(asset in self._files or asset[0] in self._folders for asset in assets):
            return True
        for ending in ("", *suffixes()):
            if path.endswith(ending):
                identity = path.removesuffix(ending)
                named = fingerprints.split(identity)
                if identity in self._paths or (named and named[0] in self._versions):
                    return True
        return bool(self._folders) and self._endpoint(path) in self._folders

    def _endpoint(self, path: str) -> str | None:
        absolute = f"/{path}"
        if not absolute.startswith(f"{self._root}/"):
            return None
        found = matched(self._app, quote(absolute.removeprefix(self._root)))
        return None if found is None else str(found[0].endpoint)


def path_of(url: str) -> str:
    """Return the path of a URL's file, relative to the folder."""
    return unquote(urlsplit(url).path).removeprefix("/")
