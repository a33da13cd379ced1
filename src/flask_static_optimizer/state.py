"""The composition root, which makes and connects the parts of the extension for one app.

Only ``extension`` and ``cli`` import it. Every other module is given the parts that it uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import ref

from .assets.cache_folder import CacheFolder
from .assets.catalogue import Catalogue
from .assets.copies import Copies
from .assets.hashes import Hashes
from .assets.memory import Memory
from .assets.missing import MissingFiles
from .assets.representations import Representations
from .assets.sent_files import SentFiles
from .assets.urls import Urls
from .assets.variants import VariantMaker
from .headers.etags import FileETags
from .headers.freshness import flask_max_age
from .headers.response_class import Patterns
from .headers.view_headers import view_returned
from .http.codings import available
from .monitoring.log import Log
from .monitoring.prometheus import make_stats
from .requests.endpoints import EndpointTable
from .requests.known_requests import KnownRequests
from .session.adoption import Adoption
from .views.file_choice import FileChooser
from .views.file_views import FileViews
from .views.folder_view import serve_folder
from .views.plain_view import serve_static
from .views.sendfile import offload

if TYPE_CHECKING:
    from flask import Flask

    from .assets.early_hints import EarlyHints
    from .config.settings import Settings
    from .lane.middleware import Lane
    from .requests.static_endpoint import StaticEndpoint
    from .store.store import Store
    from .views.stored_view import StoredViews


def load_stored_views() -> None:
    """Import what serves stored responses, which an app without them does without."""
    from .lane import stored  # noqa: F401
    from .store import backends, store  # noqa: F401
    from .views import stored_view  # noqa: F401


class AppState:
    """The parts of the extension for one app: ``app.extensions["static_optimizer"]``.

    It has no strong reference to the app, as threads may hold its parts longer than that lives.
    """

    def __init__(self, settings: Settings, app: Flask) -> None:
        self._get_app = ref(app)
        self._lock = Lock()
        #: The lock of the thread that finishes the installation.
        self.completing = Lock()
        self.settings = settings
        #: The configuration that the settings were read from.
        self.given = settings.given(app.config)
        self.log = Log(app)
        self.stats = make_stats(settings.metrics)
        warn = self.log.warn_once
        self.memory = Memory(settings.memory)
        cache_dir = settings.cache_dir or os.path.join(app.instance_path, "static_optimizer")
        self.cache_folder = CacheFolder(cache_dir, settings.cache_size, warn)
        hashes = Hashes(settings.hash_size, settings.hash_later, self.cache_folder, warn)
        self.catalogue = Catalogue(
            settings.fingerprint,
            settings.manifests,
            self.memory,
            hashes,
            warn,
            importmap=settings.importmap,
            relative=urlsplit(settings.host_url or "").path != "",
        )
        missing = MissingFiles(self.log.warn, strict=settings.strict)
        self.urls = Urls(self.catalogue, settings.fingerprint, warn, missing)
        may_build = partial(_may_build, self._get_app)
        self.variants = VariantMaker(
            [coding for coding in settings.encodings if coding in available()],
            self.cache_folder,
            settings.delta_versions if settings.delta else 0,
            may_build,
            warn,
            self.memory,
        )
        self.known = KnownRequests(self.memory, sends_all=settings.sendfile is None)
        self.endpoints = EndpointTable(app, settings, self.catalogue, self._serve, warn)
        self.etags = FileETags(hashes.is_slow)
        copies = Copies(self.cache_folder, may_build)
        representations = Representations(self.variants, self.memory, copies)
        self.files = FileChooser(settings, self.urls, representations)
        self.patterns = Patterns()
        sent = SentFiles(self.memory, hashes)
        self.file_views = FileViews(settings, sent, representations, self.patterns)
        #: Describes the response of a static view, before other hooks see it.
        self.returned = partial(view_returned, settings, self.etags)
        self.adoption = Adoption()
        #: The functions of the extension among the app's hooks.
        self.own_hooks: list[Callable[..., Any]] = []
        #: The signal receivers of the extension. They are kept here, as blinker holds them weakly.
        self.receivers: list[Callable[..., None]] = []
        #: The preloads that are sent before a page, if the app wants that.
        self.hints: EarlyHints | None = None
        #: The middleware that answers before Flask, once the installation is finished.
        self.lane: Lane | None = None
        #: Reports on the static files of a page, for the panel of a debug toolbar.
        self.page_report: Callable[[Any, str], Any] | None = None
        self._store: Store | None = None
        self._stored_views: StoredViews | None = None

    def open_store(self) -> Store:
        """Return the store of responses, which is in the app's own cache if the app has one.

        :raises RuntimeError: if the app no longer exists.
        """
        if self._store is not None:
            return self._store
        app = self._get_app()
        if app is None:
            raise RuntimeError("the app of this store is gone")
        from .store.backends import MemoryBackend, of_flask_caching
        from .store.store import Store, StoreOptions

        settings = self.settings
        said = settings.unversioned_max_age, flask_max_age(app), settings.cdn_cache_control
        options = StoreOptions(
            enabled=settings.store,
            protected=settings.session == "protected",
            public=settings.public,
            max_body=settings.store_max_body,
            wait=settings.store_wait,
            obeys_requests=settings.store_obeys_requests,
            terms=repr((*said, app.debug)),
        )
        backend = of_flask_caching(app.extensions) or MemoryBackend(settings.store_size)
        # Other apps may use the same cache and the same host, and their responses must stay apart.
        # The namespace has app.name, as app.import_name is different for `python app.py`.
        namespace = (app.name, repr(app.secret_key))
        with self._lock:
            if self._store is None:
                self._store = Store(backend, namespace, options, self.log.warn, self.stats)
            return self._store

    def stored_views(self) -> StoredViews:
        """Return the wrapper for views whose responses are stored."""
        if self._stored_views is None:
            from .views.stored_view import StoredViews

            self._stored_views = StoredViews(
                self.settings,
                self.log,
                self.stats,
                self.patterns,
                self.open_store,
                self.file_views,
            )
        return self._stored_views

    def _serve(self, endpoint: StaticEndpoint, view: Callable[..., Any]) -> Callable[..., Any]:
        """Return the view that replaces the one of a static endpoint."""
        if endpoint.mount is None:
            if endpoint.folder:
                return serve_static(view, self.file_views)
            return self.stored_views().serve(endpoint.name, view)
        served = serve_folder(
            self.files,
            self.known,
            self.log,
            self.endpoints,
            endpoint,
            endpoint.mount,
            self.patterns,
            view,
        )
        header = self.settings.sendfile
        return served if header is None else offload(header, endpoint.mount, served)


def _may_build(get_app: Callable[[], Flask | None]) -> bool:
    """Return whether variants and copies may be made while requests wait: not in debug mode."""
    app = get_app()
    return app is not None and not app.debug
