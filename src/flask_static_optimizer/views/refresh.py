"""Making a stored response anew while the old one is still used (RFC 5861 §3)."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import ContextVar
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from ..store.single_flight import SingleFlight

#: Threads that do so at once, for one app.
MOST = 4

#: What asks for something else than a whole and new response.
_HIDDEN = (
    "HTTP_CACHE_CONTROL",
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_RANGE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_PRAGMA",
    "HTTP_RANGE",
    "HTTP_TRANSFER_ENCODING",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
)

#: What a middleware may have left for the app that outlives its request; other objects may not.
_PLAIN = frozenset({str, bytes, int, float, bool, type(None)})

_refreshing: ContextVar[bool] = ContextVar("refreshing", default=False)


def is_refresh() -> bool:
    """Return whether the current request was made to refresh a stored response."""
    return _refreshing.get()


class Refresher:
    """A runner of second requests, each in a thread of its own and with all hooks."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MOST)

    def start(
        self, app: Flask, environ: dict[str, Any], single_flight: SingleFlight, key: str
    ) -> None:
        """Refresh the response to a request, unless that is being done or too much else is.

        :param environ: of the request that found a stale response.
        :param key: of that response.
        """
        if not single_flight.lead(key):
            return
        if not self._places.acquire(blocking=False):
            single_flight.finish(key, shared=True)
            return

        def finish() -> None:
            self._places.release()
            single_flight.finish(key, shared=True)

        thread = Thread(
            target=_refresh, args=(app, _renewed(environ), finish), name="static-optimizer-refresh"
        )
        thread.daemon = True
        try:
            thread.start()
        except RuntimeError:  # the interpreter is shutting down
            finish()


def _renewed(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the environ of the same request, without what belongs to its server and answer."""
    renewed: dict[str, Any] = {
        name: value for name, value in environ.items() if type(value) in _PLAIN
    }
    for name in _HIDDEN:
        renewed.pop(name, None)
    renewed.update(
        {
            "REQUEST_METHOD": "GET",
            "wsgi.version": (1, 0),
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": environ["wsgi.errors"],
            "wsgi.multithread": True,
            "wsgi.multiprocess": environ["wsgi.multiprocess"],
            "wsgi.run_once": False,
        }
    )
    return renewed


def _refresh(app: Flask, environ: dict[str, Any], finish: Callable[[], None]) -> None:
    _refreshing.set(True)
    try:
        # The class's method: what was put around the app has seen this request already.
        body = type(app).wsgi_app(app, environ, lambda *_: None)  # type: ignore[arg-type]
        try:
            for _ in body:
                pass
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
    except Exception:
        app.logger.exception(
            "static_optimizer: %s could not be refreshed", environ.get("PATH_INFO")
        )
    finally:
        finish()
