"""The ``url_defaults`` function that fingerprints what ``url_for`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from flask import Flask

    from .state import AppState


def fingerprint_urls(state: AppState, app: Flask) -> None:
    """Let ``url_for`` put fingerprints into the URLs of static folders."""

    # The app holds the hook; a strong reference back would keep a dropped app alive.
    get_app = ref(app)

    def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        app = get_app()
        if app is not None and not state.endpoints.complete:
            state.endpoints.refresh(app)
        found = state.endpoints.get(endpoint)
        if found is not None and found.mount is not None:
            state.urls.add(found.mount, values)

    app.url_defaults(add_fingerprint)
