"""What the extension keeps for one app."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import ref

from .assets.catalogue import Catalogue
from .assets.codings import available
from .assets.depot import Depot
from .assets.memory import Memory
from .assets.urls import Urls
from .assets.variants import VariantMaker
from .counters.stats import Stats
from .digests import Digests
from .endpoints import EndpointTable
from .sendfile import offload
from .serving import serve_static
from .static_view import serve_folder
from .store.backends import Memory as ResponseMemory
from .store.backends import of_flask_caching
from .store.store import Store, StoreOptions
from .stored.refreshing import Refresher
from .stored.view import serve_stored

if TYPE_CHECKING:
    from flask import Flask
    from flask.sessions import SessionInterface

    from .endpoints import StaticEndpoint
    from .express.lane import Lane
    from .settings import Settings


def _may_build(get_app: Callable[[], Flask | None]) -> bool:
    """Whether files may be made while requests wait: not while the app is being worked on."""
    app = get_app()
    return app is not None and not app.debug


class AppState:
    """The settings of one app, its static endpoints and what was said of them.

    It never holds the app itself, so that an app that is dropped is freed at once.
    """

    def __init__(self, settings: Settings, app: Flask) -> None:
        self.settings = settings
        self._lock = Lock()
        #: Held by whoever settles what holds when the app is complete.
        self.completing = Lock()
        self._said: set[object] = set()
        warn = partial(self._warn_from_assets, ref(app))
        self.memory = Memory(settings.memory)
        self.catalogue = Catalogue(settings.fingerprint, settings.manifests, self.memory, warn)
        self.urls = Urls(self.catalogue, settings.fingerprint, warn)
        cache_dir = settings.cache_dir or os.path.join(app.instance_path, "static_optimizer")
        self.depot = Depot(cache_dir, settings.cache_size, warn)
        self.variants = VariantMaker(
            [coding for coding in settings.encodings if coding in available()],
            self.depot,
            settings.delta_versions if settings.delta else 0,
            partial(_may_build, ref(app)),
            warn,
            self.memory,
        )
        self.endpoints = EndpointTable(settings, self.catalogue, self._serve)
        self.digests = Digests()
        #: Answers before Flask does, once the app is complete.
        self.lane: Lane | None = None
        #: Told of the endpoint and the values of each URL of a static file that is asked for.
        self.url_listeners: list[Callable[[str, dict[str, Any]], None]] = []
        #: Functions of the extension among the app's hooks.
        self.own_hooks: list[Callable[..., Any]] = []
        self.stats = Stats()
        self.refresher = Refresher()
        self._store: Store | None = None
        #: The session interface that was made aware of static requests.
        self.interface: SessionInterface | None = None
        #: The same once a request has been served with it: until then hooks have more to do.
        self.served_interface: SessionInterface | None = None
        #: Adopts interfaces that are assigned before that; blinker holds it weakly.
        self.adopt_assigned: Callable[..., None] | None = None
        #: Other receivers of signals, likewise.
        self.receivers: list[Callable[..., None]] = []

    def open_store(self, app: Flask) -> Store:
        """The store of responses: in the app's own cache, if it has one by now."""
        if self._store is not None:
            return self._store
        settings = self.settings
        options = StoreOptions(
            enabled=settings.store,
            protected=settings.session == "protected",
            public=settings.public,
            max_body=settings.store_max_body,
            wait=settings.store_wait,
            obeys_requests=settings.store_obeys_requests,
        )
        backend = of_flask_caching(app.extensions) or ResponseMemory(settings.store_size)
        # Other apps may use the same cache; what they keep under a host of ours is not for us.
        # Its name and not that of its module, which is another for `python app.py`.
        namespace = (app.name, repr(app.secret_key))
        get_app = ref(app)

        def warn(message: str) -> None:
            app = get_app()
            if app is not None:
                app.logger.warning("%s", message)

        with self._lock:
            if self._store is None:
                self._store = Store(backend, namespace, options, warn)
            return self._store

    def warn_once(self, app: Flask, occasion: object, message: str, *args: object) -> None:
        """Log a warning to the app's log, once for each occasion."""
        with self._lock:
            if occasion in self._said:
                return
            self._said.add(occasion)
        app.logger.warning(message, *args)

    def occasions(self, kind: str) -> list[tuple[str, ...]]:
        """What was warned of so far, of occasions that begin with a word."""
        with self._lock:
            said = [item for item in self._said if isinstance(item, tuple) and item[0] == kind]
        return sorted(said)

    def _warn_from_assets(
        self, get_app: Callable[[], Flask | None], occasion: object, message: str
    ) -> None:
        app = get_app()
        if app is not None:
            self.warn_once(app, occasion, "%s", message)

    def _serve(self, endpoint: StaticEndpoint, view: Callable[..., Any]) -> Callable[..., Any]:
        if endpoint.mount is None:
            return serve_static(view) if endpoint.folder else serve_stored(self, view)
        served = serve_folder(self, endpoint.mount, view)
        return offload(self, endpoint.mount, served) if self.settings.sendfile else served
