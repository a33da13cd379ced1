"""What the extension keeps for one app."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from .digests import Digests
from .endpoints import EndpointTable
from .serving import serve_static

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
        self.endpoints = EndpointTable(settings, serve_static)
        self.digests = Digests()
        #: The session interface that was made aware of static requests.
        self.interface: SessionInterface | None = None
        #: Whether the app has begun its first request.
        self.started = False
        #: Adopts interfaces that are assigned before that; blinker holds it weakly.
        self.adopt_assigned: Callable[..., None] | None = None
        #: Apps may hand one environ on to another app; each looks for its own mark.
        self.environ_key = f"flask_static_optimizer.{id(self):x}"
        self._lock = Lock()
        self._said: set[object] = set()

    def once(self, occasion: object) -> bool:
        """True the first time it is asked about an occasion."""
        with self._lock:
            new = occasion not in self._said
            self._said.add(occasion)
            return new

    def warn_once(self, app: Flask, occasion: object, message: str, *args: object) -> None:
        """Log a warning to the app's log, once for each occasion."""
        if self.once(occasion):
            app.logger.warning(message, *args)
