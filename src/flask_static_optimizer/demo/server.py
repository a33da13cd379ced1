"""A real HTTP server for the demo's app."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from .app import create_app

if TYPE_CHECKING:
    from flask import Flask

    from .stores import SessionStore


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """Serve an app on this machine, several requests at a time; gives its address.

    :param port: 0 for a free one.
    """
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def serve_until_interrupted(store: SessionStore, port: int) -> None:
    """Serve the optimised app until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = create_app(store.config, optimize=True, counts=store.counts)
    with served(app, port) as url, suppress(KeyboardInterrupt):
        click.echo(f"The demo is at {url}/ (sessions in {store.label}). Ctrl-C ends it.")
        while True:
            time.sleep(3600)
