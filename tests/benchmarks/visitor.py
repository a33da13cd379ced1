"""A visitor of an app: requests without a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from flask import Flask
from werkzeug.test import create_environ

_NOWHERE = os.open(os.devnull, os.O_WRONLY)


@dataclass(frozen=True)
class Answer:
    """A response; the names of header fields are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SentByServer:
    """``wsgi.file_wrapper`` of a server that sends files with ``sendfile``, as gunicorn's does."""

    def __init__(self, file: IO[bytes], block: int = 8192) -> None:
        self._file = file
        self._block = block
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterable[bytes]:
        return iter(lambda: self._file.read(self._block), b"")

    def send(self) -> None:
        """Have the kernel read a real file, and nothing copied into this process."""
        if not hasattr(self._file, "fileno"):
            for _ in self:
                pass
            return
        descriptor, offset = self._file.fileno(), self._file.tell()
        while sent := os.sendfile(_NOWHERE, descriptor, offset, 2**20):
            offset += sent


class Visitor:
    """Asks one app.

    :param logged_in: whether to send the cookie of a permanent session.
    """

    def __init__(self, app: Flask, *, logged_in: bool) -> None:
        self._app = app
        self._cookie = ""
        if logged_in:
            self._cookie = self.ask("/in").headers["set-cookie"].partition(";")[0]

    def environ(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        environ = create_environ(url, headers=dict(headers))
        if self._cookie:
            environ["HTTP_COOKIE"] = self._cookie
        return environ

    def ask(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one GET request and read what comes."""
        started: list[Any] = []
        body = self._app(
            self.environ(url, headers or {}),
            lambda status, fields, *_: started.extend((status, fields)),
        )
        try:
            data = b"".join(body)
        finally:
            close(body)
        status, fields = started
        return Answer(int(status[:3]), {name.lower(): value for name, value in fields}, data)

    def call(
        self, url: str, headers: Mapping[str, str], *, wrapper: bool = False
    ) -> Callable[[], None]:
        """A function that sends a request as a server would, and takes what comes."""
        environ = self.environ(url, headers)
        if wrapper:
            environ["wsgi.file_wrapper"] = SentByServer
        app = self._app

        def run() -> None:
            body = app(environ, _ignore)
            for _ in body:
                pass
            if hasattr(body, "close"):
                body.close()

        def run_with_sendfile() -> None:
            body = app(environ, _ignore)
            if isinstance(body, SentByServer):
                body.send()
            else:
                for _ in body:
                    pass
            close(body)

        return run_with_sendfile if wrapper else run


def _ignore(*_: Any) -> None:
    """``start_response``."""


def close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()
