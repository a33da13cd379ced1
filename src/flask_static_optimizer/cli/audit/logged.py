"""The findings about what the extension could not do during the audit, taken from its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .findings import Finding

if TYPE_CHECKING:
    from ...state import AppState

#: What the log says of the keys of routes.
_KEYS = {
    "read by the view": "a view reads a parameter that its key leaves out, and does not see it",
    "read before the view": "a hook reads a parameter that the key of a route leaves out, so that"
    " the store is passed by",
    "key": "a key function fails, or gives no string, so that nothing is stored",
    "unless": "an unless function fails, so that the view runs as if it were not cached",
}


def logged_findings(state: AppState) -> Iterator[Finding]:
    """Yield a finding for each warning that no request shows."""
    for _, path in state.log.occasions("manifest"):
        yield Finding(
            "manifest-broken",
            "warning",
            "a manifest can't be read, so that what it lists is taken for plain files",
            "build it again, or correct STATIC_OPTIMIZER_MANIFESTS",
            [path],
        )
    for _, path in state.log.occasions("manifest files"):
        yield Finding(
            "manifest-files",
            "error",
            "a manifest lists files that are not there (the log names them)",
            "deploy the whole build; the files of a manifest are relative to its folder",
            [path],
        )
    for _, path in state.log.occasions("sibling"):
        yield Finding(
            "sibling-differs",
            "warning",
            "a compressed file does not hold what the file beside it does",
            "make it again or delete it",
            [path],
        )
    for kind, what in _KEYS.items():
        for _, endpoint in state.log.occasions(kind):
            yield Finding("route-key", "warning", what, "the log says what to change", [endpoint])
    for _, code in state.log.occasions("cache_folder"):
        yield Finding(
            "cache-folder",
            "warning",
            f"compressed files and old versions can't be kept (error {code})",
            "make STATIC_OPTIMIZER_CACHE_DIR a folder that the app can write to",
        )
