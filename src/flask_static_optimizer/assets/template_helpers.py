"""Template helpers, and the ``Link`` header for the assets of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from flask import current_app, g, has_request_context, request, url_for

from . import integrity
from .entries import Entries
from .importmap import import_map
from .preload import links

if TYPE_CHECKING:
    from flask import Flask, Response
    from markupsafe import Markup

    from .catalogue import Catalogue
    from .early_hints import EarlyHints
    from .host import Host
    from .mount import Mount

_USED = "_static_optimizer_used"
_CHECKED = "_static_optimizer_checked"


class Mounts(Protocol):
    """The static folders of one app, including those of blueprints registered late."""

    def mounts(self) -> tuple[Mount, ...]:
        """Return all static folders."""

    def linked(self, endpoint: str) -> Mount | None:
        """Return the folder of an endpoint, also if a view serves it, if it has one."""


def add_template_helpers(
    app: Flask,
    folders: Mounts,
    catalogue: Catalogue,
    warn: Callable[..., None],
    *,
    importmap: bool,
    vite_server: str | None,
    host: Host | None = None,
) -> None:
    """Add ``static_entry``, ``static_importmap`` and ``static_integrity`` to templates.

    :param warn: called with an occasion, a message and its arguments that an operator should read
        once.
    :param importmap: whether ``STATIC_OPTIMIZER_IMPORTMAP`` says that pages carry the map.
    :param vite_server: the URL of Vite's development server, if that makes the scripts.
    :param host: the host that pages load static files from, if it is not the app's.
    """

    def static_importmap(*patterns: str, nonce: str | None = None) -> Markup:
        """Return an import map of the modules below the static folders.

        :param patterns: globs of file names that select modules (``"js/*"``); none: all modules.
        :param nonce: the nonce of the page's Content-Security-Policy, if it has one.
        """
        if not importmap:
            # Without the map the page works as with Flask alone, so it is shown all the same.
            warn(
                "importmap",
                "static_optimizer: static_importmap() maps no ES module, because these keep their"
                " plain URLs unless all pages carry the map. If they do, set"
                " STATIC_OPTIMIZER_IMPORTMAP = True; else take static_importmap() out.",
            )
        # A page need not use all modules of the map, so the map makes none of them preloaded.
        used = g.pop(_USED, None)
        try:
            is_used = host is not None and host.is_used(current_app)
            return import_map(folders.mounts(), url_for, patterns, nonce, host if is_used else None)
        finally:
            g.pop(_USED, None)
            if used:
                setattr(g, _USED, used)

    def static_integrity(filename: str, endpoint: str = "static") -> str:
        """Return the value of the ``integrity`` attribute for a file: ``sha384-…``.

        For a file that is missing, too large or can't be read the value is empty, and browsers
        check nothing. A warning names the file once. A file of another host is checked only where
        its tag has a ``crossorigin`` attribute, too.
        """
        mount = folders.linked(endpoint)
        try:
            asset = catalogue.find(mount, filename) if mount else None
            if asset is not None and not asset.is_slow:
                found = integrity.of(asset)
                if host is not None and has_request_context():
                    g.setdefault(_CHECKED, {})[endpoint, filename] = found
                return found
            reason: object = "there is no such file" if asset is None else "the file is too large"
        except OSError as error:
            reason = error
        warn(
            ("integrity", endpoint, filename),
            "static_optimizer: static_integrity(%r, %r) is empty: %s",
            filename,
            endpoint,
            reason,
        )
        return ""

    entries = Entries(catalogue.manifests, folders.mounts, vite_server, static_integrity)
    helpers = {
        "static_entry": entries.static_entry,
        "static_importmap": static_importmap,
        "static_integrity": static_integrity,
    }

    def add() -> dict[str, Any]:
        known = current_app.jinja_env.globals
        return {name: helper for name, helper in helpers.items() if name not in known}

    # The app's own of such a name stays, be it a global or of a context processor: each of these
    # replaces what those before it have given.
    app.template_context_processors[None].insert(0, add)


class Preloading:
    """The ``Link`` header of a page, which names the assets whose URLs the page has built.

    :param kinds: the kinds of assets, as in ``STATIC_OPTIMIZER_PRELOAD``.
    :param is_static: returns whether the current request is a static one.
    :param hints: learns the preloads of a page, if they are to be sent early.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        is_static: Callable[[], bool],
        hints: EarlyHints | None = None,
    ) -> None:
        self._kinds = kinds
        self._is_static = is_static
        self._hints = hints

    def remember(self, endpoint: str, name: str, url: str) -> None:
        """Remember that the current request has built the URL of an asset."""
        if has_request_context():
            used: dict[str, tuple[str, str]] = g.setdefault(_USED, {})
            used[url.partition("#")[0]] = (endpoint, name)

    def after_request(self, response: Response) -> Response:
        """Add a ``Link`` header with the assets of a page to its response."""
        used = g.get(_USED, {})
        if not used and self._hints is None:
            return response
        page = response.status_code == 200 and response.mimetype == "text/html"
        if not page or request.method not in ("GET", "HEAD") or self._is_static():
            return response
        checked = g.get(_CHECKED, {})
        host = request.host_url
        # A page may have a URL with and without its own host.
        files = {
            f"/{url.removeprefix(host)}" if url.startswith(host) else url: key
            for url, key in used.items()
        }
        assets = [(url, key[1], checked.get(key, "")) for url, key in files.items()]
        found = list(links(assets, self._kinds))
        for _, link in found:
            response.headers.add("Link", link)
        said = response.cache_control
        # The names of the files of a page that nobody else may see are not for others, either.
        if self._hints is not None and not (said.private or said.no_store):
            self._hints.learn((*files[url], url, link) for url, link in found)
        return response
