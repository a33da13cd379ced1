"""What the extension keeps for one app."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from .digests import Digests
from .endpoints import EndpointTable

if TYPE_CHECKING:
    from flask import Flask
    from flask.sessions import SessionInterface

    from .settings import Settings


class AppState:
    """The settings of one app, its static endpoints and what was said of them.

    It never holds the app itself, so that an app that is dropped is freed at once.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.endpoints = EndpointTable(settings)
        self.digests = Digests()
        #: The session interface that was made aware of static requests.
        self.interface: SessionInterface | None = None
        #: The same once a request has been served with it: until then hooks have more to do.
        self.served_interface: SessionInterface | None = None
        #: Adopts interfaces that are assigned before that; blinker holds it weakly.
        self.adopt_assigned: Callable[..., None] | None = None
        self._lock = Lock()
        self._said: set[object] = set()

    def warn_once(self, app: Flask, occasion: object, message: str, *args: object) -> None:
        """Log a warning to the app's log, once for each occasion."""
        with self._lock:
            if occasion in self._said:
                return
            self._said.add(occasion)
        app.logger.warning(message, *args)
