"""The app's log, told of each occasion once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from flask import Flask


class Log:
    """The warnings of the extension in one app's log.

    It does not hold the app, so that an app that is dropped is freed at once.
    """

    def __init__(self, app: Flask) -> None:
        self._get_app = ref(app)
        self._lock = Lock()
        self._said: set[object] = set()

    def warn(self, message: str, *args: object) -> None:
        """Log a warning.

        :param message: with a place for each of ``args``, as :meth:`logging.Logger.warning` has it.
        """
        app = self._get_app()
        if app is not None:
            app.logger.warning(message, *args)

    def warn_once(self, occasion: object, message: str, *args: object) -> None:
        """Log a warning, once for each occasion."""
        with self._lock:
            if occasion in self._said:
                return
            self._said.add(occasion)
        self.warn(message, *args)

    def occasions(self, kind: str) -> list[tuple[str, ...]]:
        """Return the occasions that were warned of and that begin with a word, sorted."""
        with self._lock:
            said = [item for item in self._said if isinstance(item, tuple) and item[0] == kind]
        return sorted(said)
