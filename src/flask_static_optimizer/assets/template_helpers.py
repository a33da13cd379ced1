"""What templates can ask of the assets, and the assets that a page has asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, g, has_request_context, request, url_for

from .assets import integrity
from .assets.importmap import import_map
from .assets.preload import links
from .marking import current_mark

if TYPE_CHECKING:
    from flask import Flask, Response
    from markupsafe import Markup

    from .state import AppState

_USED = "_static_optimizer_used"


def help_templates(state: AppState, app: Flask) -> None:
    """Give templates ``static_importmap`` and ``static_integrity``."""

    def look() -> None:
        """Know of blueprints that came after the extension, where no request has been served."""
        if not state.endpoints.complete:
            state.endpoints.refresh(current_app._get_current_object())  # type: ignore[attr-defined]

    def static_importmap(*patterns: str, nonce: str | None = None) -> Markup:
        """An import map of the modules below the static folders.

        :param patterns: globs of file names, where not all are meant: ``"js/*"``.
        :param nonce: for a Content-Security-Policy that wants one.
        """
        look()
        # A page need not use all that the map lists, so nothing of it is to be preloaded for that.
        used = g.pop(_USED, None)
        try:
            return import_map(state.catalogue.mounts, url_for, patterns, nonce)
        finally:
            g.pop(_USED, None)
            if used:
                setattr(g, _USED, used)

    def static_integrity(filename: str, endpoint: str = "static") -> str:
        """The value of the ``integrity`` attribute for a file: ``sha384-…``.

        Empty, which checks nothing, for a file that is not there; a warning says so once.
        """
        look()
        found = state.endpoints.get(endpoint)
        try:
            mount = found.mount if found else None
            asset = state.catalogue.find(mount, filename) if mount else None
            if asset is not None:
                return integrity.of(asset)
            reason: object = "there is no such file"
        except OSError as error:
            reason = error
        state.warn_once(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            ("integrity", endpoint, filename),
            "static_optimizer: static_integrity(%r, %r) is empty: %s",
            filename,
            endpoint,
            reason,
        )
        return ""

    helpers = {"static_importmap": static_importmap, "static_integrity": static_integrity}
    app.context_processor(lambda: dict[str, Any](helpers))


def preload_assets(state: AppState, app: Flask) -> None:
    """Let a page's ``Link`` header name the assets that it has asked URLs for."""

    def remember(endpoint: str, values: dict[str, Any]) -> None:
        if has_request_context():
            used: dict[tuple[str, str], None] = g.setdefault(_USED, {})
            used[endpoint, str(values.get("filename"))] = None

    def say(response: Response) -> Response:
        used = g.get(_USED)
        page = response.status_code == 200 and response.mimetype == "text/html"
        if used and page and request.method in ("GET", "HEAD") and current_mark() is None:
            urls = [(url_for(endpoint, filename=name), name) for endpoint, name in used]
            for link in links(urls, state.settings.preload):
                response.headers.add("Link", link)
        return response

    state.url_listeners.append(remember)
    state.own_hooks.append(say)
    app.after_request(say)
