"""A site behind a real server, and what it answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path

from wsgi_servers import RunningServer, ServerKind

#: Bytes of the large file.
BIG = 100_000_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Site:
    """A folder that an app serves, and what is in its files."""

    folder: Path

    @cached_property
    def css(self) -> bytes:
        return (self.folder / "static" / "app.css").read_bytes()

    @cached_property
    def photo(self) -> bytes:
        return (self.folder / "static" / "photo.bin").read_bytes()

    @cached_property
    def film(self) -> bytes:
        return (self.folder / "static" / "film.bin").read_bytes()

    @cached_property
    def big_sha256(self) -> str:
        with (self.folder / "static" / "big.bin").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def part(self, start: int, stop: int) -> bytes:
        """Return bytes of the big file."""
        with (self.folder / "static" / "big.bin").open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


@dataclass(frozen=True)
class Answer:
    """A response, and its body as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    #: Whether the server ends the connection.
    closes: bool

    @property
    def sha256(self) -> str:
        """Hash the body, to compare large ones by: pytest is slow to tell them apart."""
        return sha256(self.body)


@dataclass(frozen=True)
class Host:
    """A server that serves the site."""

    kind: ServerKind
    site: Site
    server: RunningServer
    #: Whether files are answered before Flask is asked.
    express: bool

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.server.port, timeout=60)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Send one request on a connection of its own."""
        connection = self.connect()
        try:
            return ask(connection, path, method, **headers)
        finally:
            connection.close()


def ask(connection: HTTPConnection, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request; underscores in header names stand for hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=sent)
    response = connection.getresponse()
    body = response.read()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, received, body, response.will_close)
