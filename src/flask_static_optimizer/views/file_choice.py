"""The choice of the representation that answers a request for a file in a static folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..assets.representation import Terms
from ..headers.freshness import asset_cache_control, offered_to_shared_caches

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from ..assets.mount import Mount
    from ..assets.representation import Representation
    from ..assets.representations import Representations
    from ..assets.urls import Urls
    from ..config.policy import CachePolicy
    from ..config.settings import Settings


class FileChooser:
    """A chooser among the files of one app and their content codings."""

    def __init__(self, settings: Settings, urls: Urls, representations: Representations) -> None:
        self._settings = settings
        self._urls = urls
        self._representations = representations

    def choose(
        self,
        app: Flask,
        scaffold: Flask | Blueprint,
        mount: Mount,
        policy: CachePolicy,
        name: str,
        environ: dict[str, Any],
    ) -> Representation | None:
        """Return the representation that answers a request, or ``None`` if there is no such file.

        :param scaffold: the app or blueprint that the folder belongs to.
        :param name: the name of the file as it stands in the URL.
        :raises FileChangingError: if the file changes during each attempt to read it.
        :raises OSError: if the file can't be read.
        """
        located = self._urls.locate(mount, name, environ.get("QUERY_STRING", ""))
        if located is None:
            return None
        asset, verified = located
        cache_control = asset_cache_control(
            self._settings,
            app,
            scaffold,
            policy,
            name,
            verified,
            breaks_when_old=asset.breaks_when_old,
        )
        terms = Terms(cache_control, policy.vary, policy.sent_headers)
        if self._settings.mode(policy) == "isolated":
            terms = offered_to_shared_caches(self._settings, app, policy, terms)
        return self._representations.choose(mount, asset, environ, terms, verified)

    def plain(self, representation: Representation) -> Representation:
        """Return the same file without a content coding, as the app's hooks see it.

        :raises OSError: if it can't be read.
        """
        return self._representations.plain(representation)
