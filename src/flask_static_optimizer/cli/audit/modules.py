"""The audit of ES modules that keep their plain URLs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...assets.javascript import is_javascript
from ...config.names import PREFIX
from ..text import progress
from .findings import Finding

if TYPE_CHECKING:
    from ...assets.mount import Mount
    from ...state import AppState


def module_findings(state: AppState) -> Iterator[Finding]:
    """Yield a finding for each ES module that an import map would make immutable."""
    if state.settings.fingerprint is None:
        return
    for mount in state.endpoints.mounts():
        names = [*filter(is_javascript, mount.names())]
        for name in progress(names, f"Reading scripts of {mount.endpoint!r}", len(names)):
            found = plain_module(state, mount, name)
            if found is not None:
                yield found


def plain_module(state: AppState, mount: Mount, name: str) -> Finding | None:
    """Return a finding if a file is an ES module that an import map would make immutable."""
    if state.settings.fingerprint is None or not mount.is_shared(name):
        return None
    try:
        asset = state.catalogue.find(mount, name)
    except OSError:  # the request for the file reports it
        return None
    if asset is None or not state.catalogue.keeps_plain_url(mount, asset):
        return None
    return Finding(
        "plain-modules",
        "note",
        "ES modules are asked for on each visit; with an import map their URLs have"
        " fingerprints, and a later visit asks only for those that changed",
        "put {{ static_importmap() }} before the first module of all pages and set"
        f" {PREFIX}IMPORTMAP = True",
        [f"{mount.endpoint}:{name}"],
    )
