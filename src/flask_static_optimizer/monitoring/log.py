"""Warnings in the app's log, each once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from flask import Flask

#: The most warnings of one kind. Each is remembered, so that it is logged once.
MOST_OF_A_KIND = 1000


class Log:
    """A writer of the extension's warnings to one app's log.

    It has only a weak reference to the app, as a thread may hold the writer longer than that lives.
    """

    def __init__(self, app: Flask) -> None:
        self._get_app = ref(app)
        self._lock = Lock()
        #: By kind, the occasions that a warning was logged for.
        self._said: dict[object, set[object]] = {}

    def warn(self, message: str, *args: object) -> None:
        """Log a warning.

        :param message: a format string for ``args``, as :meth:`logging.Logger.warning` takes it.
        """
        app = self._get_app()
        if app is not None:
            app.logger.warning(message, *args)

    def warn_once(self, occasion: object, message: str, *args: object) -> None:
        """Log a warning, unless one was logged for the same occasion.

        Of one kind so many are logged, and one that says that there are more: clients and views may
        have a part in an occasion, and what was dropped from memory would be said again and again.

        :param occasion: anything hashable. The first item of a tuple is the kind of the occasion,
            by which :meth:`occasions` reads it back; any other is the only one of its kind.
        :param message: a format string for ``args``, as :meth:`logging.Logger.warning` takes it.
        """
        kind = occasion[0] if isinstance(occasion, tuple) else occasion
        with self._lock:
            said = self._said.setdefault(kind, set())
            if occasion in said or len(said) > MOST_OF_A_KIND:
                return
            said.add(occasion)
            is_last = len(said) > MOST_OF_A_KIND
        self.warn(message, *args)
        if is_last:
            self.warn(
                "static_optimizer: more than %s warnings like the last one; no more of them are"
                " logged until the next start.",
                MOST_OF_A_KIND,
            )

    def occasions(self, kind: str) -> list[tuple[str, ...]]:
        """Return the occasions of one kind that a warning was logged for, sorted.

        :param kind: the first item of an occasion.
        """
        with self._lock:
            said = [item for item in self._said.get(kind, ()) if isinstance(item, tuple)]
        return sorted(said)
