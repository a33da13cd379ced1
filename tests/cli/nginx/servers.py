"""An app on a real server, and asking one for a path as it is written."""

from __future__ import annotations

import http.client
import threading
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from conftest import free_port


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def send(
    port: int, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> Answer:
    """Ask a server on this machine for a path as it is written."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": "example.org", **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        joined: dict[str, str] = {}
        for name, value in response.getheaders():
            name = name.title()
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return Answer(response.status, joined, response.read())
    finally:
        connection.close()


class _Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        pass


class AppServer:
    """An app on a port, and the paths that it was asked for."""

    def __init__(self, app: Flask) -> None:
        self.port = free_port()
        self.asked: list[str] = []

        def counting(environ: dict[str, Any], start_response: Any) -> Any:
            self.asked.append(environ["RAW_URI"])
            return app(environ, start_response)

        self._server = make_server(
            "127.0.0.1", self.port, counting, threaded=True, request_handler=_Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
