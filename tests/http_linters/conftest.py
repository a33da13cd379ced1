"""A server that the linters ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


@pytest.fixture
def serve(make_app: Callable[..., Flask]) -> Iterator[Callable[..., tuple[Flask, int]]]:
    servers: list[Any] = []

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_: Any) -> None:
            pass

    def start(**config: Any) -> tuple[Flask, int]:
        app = make_app(**config)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        servers.append(server)
        return app, server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
