"""What answers a request for a file in a static folder: a representation, and its freshness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .assets.selection import Selected, select
from .freshness import asset_cache_control

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from .assets.mount import Mount
    from .policy import CachePolicy
    from .state import AppState


class Choice(NamedTuple):
    """A representation that is ready to be sent."""

    selected: Selected
    cache_control: str
    #: Whether the URL's fingerprint is that of the bytes; ``None``: it has none.
    verified: bool | None


def choose(
    state: AppState,
    app: Flask,
    scaffold: Flask | Blueprint,
    mount: Mount,
    policy: CachePolicy,
    name: str,
    environ: dict[str, Any],
) -> Choice | None:
    """What a request is to get, or ``None`` if there is no such file.

    :param scaffold: the app or blueprint that the folder belongs to.
    :param name: of the file, as the URL has it.
    :raises FileChangingError: if the file is being written all the time.
    :raises OSError: if it can't be read.
    """
    located = state.urls.locate(mount, name, environ.get("QUERY_STRING", ""))
    if located is None:
        return None
    selected = select(state.variants, mount, located, environ)
    if selected.variant is None:
        state.memory.body(located.asset)
    cache_control = asset_cache_control(
        state.settings, app, scaffold, policy, name, located.verified
    )
    return Choice(selected, cache_control, located.verified)
