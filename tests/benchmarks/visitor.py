"""A visitor of an app: requests without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import create_environ


@dataclass(frozen=True)
class Answer:
    """A response; the names of header fields are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Visitor:
    """A visitor who asks one app.

    :param logged_in: whether to send the cookie of the app's log-in.
    :param base_url: the scheme and the host that are asked.
    """

    def __init__(self, app: Flask, *, logged_in: bool, base_url: str = "http://localhost") -> None:
        self._app = app
        self._base_url = base_url
        self._cookie = ""
        if logged_in:
            self._cookie = self.ask("/in").headers["set-cookie"].partition(";")[0]

    def environ(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        environ = create_environ(url, self._base_url, headers=dict(headers))
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

    def call(self, url: str, headers: Mapping[str, str]) -> Callable[[], None]:
        """Return a function that sends a request as a server would, and takes what comes."""
        environ = self.environ(url, headers)
        app = self._app

        def run() -> None:
            body = app(environ, _ignore)
            for _ in body:
                pass
            if hasattr(body, "close"):
                body.close()

        return run


def _ignore(*_: Any) -> None:
    """Stand in for ``start_response``."""


def close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()
