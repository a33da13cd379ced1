"""What answers a request for a file in a static folder: a representation, and its freshness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..assets.selection import Selected, select
from ..headers.freshness import asset_cache_control

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from ..assets.memory import Memory
    from ..assets.mount import Mount
    from ..assets.urls import Urls
    from ..assets.variants import VariantMaker
    from ..config.policy import CachePolicy
    from ..config.settings import Settings


class Choice(NamedTuple):
    """A representation that is ready to be sent."""

    selected: Selected
    cache_control: str
    #: Whether the URL's fingerprint is that of the bytes; ``None``: it has none.
    verified: bool | None


class FileChooser:
    """The choice among the files of one app and their codings."""

    def __init__(
        self, settings: Settings, urls: Urls, variants: VariantMaker, memory: Memory
    ) -> None:
        self._settings = settings
        self._urls = urls
        self._variants = variants
        self._memory = memory

    def choose(
        self,
        app: Flask,
        scaffold: Flask | Blueprint,
        mount: Mount,
        policy: CachePolicy,
        name: str,
        environ: dict[str, Any],
    ) -> Choice | None:
        """Choose what a request is to get; ``None`` if there is no such file.

        :param scaffold: the app or blueprint that the folder belongs to.
        :param name: of the file, as the URL has it.
        :raises FileChangingError: if the file is being written all the time.
        :raises OSError: if it can't be read.
        """
        located = self._urls.locate(mount, name, environ.get("QUERY_STRING", ""))
        if located is None:
            return None
        selected = select(self._variants, mount, located, environ)
        if selected.variant is None:
            self._memory.body(located.asset)
        cache_control = asset_cache_control(
            self._settings, app, scaffold, policy, name, located.verified
        )
        return Choice(selected, cache_control, located.verified)
