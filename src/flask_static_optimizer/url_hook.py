"""The ``url_defaults`` function that fingerprints what ``url_for`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

if TYPE_CHECKING:
    from flask import Flask

    from .state import AppState


def fingerprint_urls(state: AppState, app: Flask) -> None:
    """Let ``url_for`` put fingerprints into the URLs of static folders."""

    def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if not state.endpoints.complete:
            state.endpoints.refresh(current_app._get_current_object())  # type: ignore[attr-defined]
        found = state.endpoints.get(endpoint)
        if found is not None and found.mount is not None:
            state.urls.add(found.mount, values)

    app.url_defaults(add_fingerprint)
