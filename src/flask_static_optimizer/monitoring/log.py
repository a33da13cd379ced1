"""Warnings in the app's log, each once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from flask import Flask


class Log:
    """A writer of the extension's warnings to one app's log.

    It has only a weak reference to the app, as a thread may hold the writer longer than that lives.
    """

    def __init__(self, app: Flask) -> None:
        self._get_app = ref(app)
        self._lock = Lock()
        self._said: set[object] = set()

    def warn(self, message: str, *args: object) -> None:
        """Log a warning.

        :param message: a format string for ``args``, as :meth:`logging.Logger.warning` takes it.
        """
        app = self._get_app()
        if app is not None:
            app.logger.warning(message, *args)

    def warn_once(self, occasion: object, message: str, *args: object) -> None:
        """Log a warning, unless one was logged for the same occasion.

        :param occasion: anything hashable. A tuple whose first item is a word can be read back by
            :meth:`occasions`.
        :param message: a format string for ``args``, as :meth:`logging.Logger.warning` takes it.
        """
        with self._lock:
            if occasion in self._said:
                return
            self._said.add(occasion)
        self.warn(message, *args)

    def occasions(self, kind: str) -> list[tuple[str, ...]]:
        """Return the occasions of one kind that a warning was logged for, sorted.

        :param kind: the first item of an occasion.
        """
        with self._lock:
            said = [item for item in self._said if isinstance(item, tuple) and item[0] == kind]
        return sorted(said)
