"""The refresh of a stale stored response in the background, while it is served (RFC 5861 §3)."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import ContextVar
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from ..store.single_flight import SingleFlight

#: The number of threads that may refresh responses of one app at the same time.
MOST = 4

#: The keys of an environ that ask for something other than a complete new response.
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

#: The types of the values in an environ that stay valid after the request. Other objects, such as
#: those of a middleware, may not.
_PLAIN = frozenset({str, bytes, int, float, bool, type(None)})

#: The environ of the refresh that runs.
_refreshing: ContextVar[dict[str, Any] | None] = ContextVar("refreshing", default=None)


def is_refresh(environ: dict[str, Any]) -> bool:
    """Return whether a request was made to refresh a stored response.

    A request that the refreshed view makes to its own app is none.
    """
    return _refreshing.get() is environ


class Refresher:
    """A runner of second requests, each in a thread of its own and with all hooks."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MOST)

    def start(
        self, app: Flask, environ: dict[str, Any], single_flight: SingleFlight, key: str
    ) -> None:
        """Start to refresh a stored response.

        Nothing is started while another run makes the same response, or while ``MOST`` threads run.

        :param environ: the WSGI environ of the request that found a stale response.
        :param key: the key of that response.
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
        except RuntimeError:  # The interpreter is shutting down.
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
    _refreshing.set(environ)
    try:
        # The class's method is called, as middleware around the app has seen the request already.
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
