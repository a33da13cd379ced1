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
from .digests import Digests
from .endpoints import EndpointTable
from .serving import serve_static
from .static_view import serve_folder

if TYPE_CHECKING:
    from flask import Flask
    from flask.sessions import SessionInterface

    from .endpoints import StaticEndpoint
    from .lane import Lane
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
        self._said: set[object] = set()
        warn = partial(self._warn_from_assets, ref(app))
        self.catalogue = Catalogue(settings.fingerprint, settings.manifests, warn)
        self.urls = Urls(self.catalogue, settings.fingerprint, warn)
        cache_dir = settings.cache_dir or os.path.join(app.instance_path, "static_optimizer")
        self.depot = Depot(cache_dir, settings.cache_size, warn)
        self.memory = Memory(settings.memory)
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
        #: Functions of the extension among the app's hooks.
        self.own_hooks: list[Callable[..., Any]] = []
        #: The session interface that was made aware of static requests.
        self.interface: SessionInterface | None = None
        #: The same once a request has been served with it: until then hooks have more to do.
        self.served_interface: SessionInterface | None = None
        #: Adopts interfaces that are assigned before that; blinker holds it weakly.
        self.adopt_assigned: Callable[..., None] | None = None

    def warn_once(self, app: Flask, occasion: object, message: str, *args: object) -> None:
        """Log a warning to the app's log, once for each occasion."""
        with self._lock:
            if occasion in self._said:
                return
            self._said.add(occasion)
        app.logger.warning(message, *args)

    def _warn_from_assets(
        self, get_app: Callable[[], Flask | None], occasion: object, message: str
    ) -> None:
        app = get_app()
        if app is not None:
            self.warn_once(app, occasion, "%s", message)

    def _serve(self, endpoint: StaticEndpoint, view: Callable[..., Any]) -> Callable[..., Any]:
        if endpoint.mount is None:
            return serve_static(view)
        return serve_folder(self, endpoint.mount, view)
