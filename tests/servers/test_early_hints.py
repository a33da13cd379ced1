"""103 Early Hints from a real gunicorn, over a raw socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from wsgi_servers import KINDS, RunningServer, running

#: A page whose view waits until the file ``go`` is there.
APP = """
import os, time
from flask import Flask, url_for
from flask_static_optimizer import StaticOptimizer

app = Flask("app", root_path=os.environ["FOLDER"])
app.config.update(
    STATIC_OPTIMIZER_PRELOAD=["style"], STATIC_OPTIMIZER_EARLY_HINTS=True,
    STATIC_OPTIMIZER_RULES={"static:private.css": {"session": "protected"}},
)
StaticOptimizer(app)

@app.get("/<name>")
def page(name):
    while not os.path.exists(os.path.join(app.root_path, "go")):
        time.sleep(0.01)
    return url_for("static", filename=name)
"""


@pytest.fixture(params=["gunicorn sync", "gunicorn gthread"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    kind = KINDS[request.param]
    if os.name == "nt" or not kind.is_installed:
        pytest.skip(f"{kind.name} is not installed (pip install {kind.module})")
    from gunicorn import version_info

    if version_info < (27,):
        pytest.skip("gunicorn offers wsgi.early_hints from version 27 on")
    (tmp_path / "early.py").write_text(APP)
    (tmp_path / "static").mkdir()
    for name in ("app.css", "private.css"):
        path = tmp_path / "static" / name
        path.write_text("p {}")
        os.utime(path, (1e9, 1e9))
    (tmp_path / "go").touch()
    env = {"FOLDER": str(tmp_path)}
    log = tmp_path / "server.log"
    with running(partial(kind.command, "early:app"), tmp_path, log, env) as started:
        yield started


def begin(server: RunningServer, name: str, version: str = "1.1") -> socket.socket:
    """Ask for a page, and let the connection end with it."""
    sock = socket.create_connection(("127.0.0.1", server.port), 30)
    head = f"GET /{name} HTTP/{version}\r\nHost: localhost\r\nSec-Fetch-Mode: navigate\r\n"
    sock.sendall(f"{head}Connection: close\r\n\r\n".encode())
    return sock


def rest(sock: socket.socket) -> str:
    """Return all that still comes."""
    with sock, sock.makefile("rb") as file:
        return file.read().decode()


def head(sock: socket.socket) -> str:
    """Return the next head, and read nothing of what follows it."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        assert byte, read
        read += byte
    return read.decode()


def page(server: RunningServer, name: str, version: str = "1.1") -> str:
    return rest(begin(server, name, version))


def test_they_arrive_while_the_view_works(server: RunningServer, tmp_path: Path) -> None:
    first = page(server, "app.css")
    assert first.startswith("HTTP/1.1 200"), "nothing was learned yet"
    (tmp_path / "go").unlink()
    sock = begin(server, "app.css")
    status, link, *_ = head(sock).split("\r\n")
    assert status == "HTTP/1.1 103 Early Hints"
    (tmp_path / "go").touch()  # only now the view ends
    answer = rest(sock)
    assert answer.startswith("HTTP/1.1 200")
    assert link in answer.split("\r\n"), "the page has the same link"


def test_a_changed_file_is_not_hinted(server: RunningServer, tmp_path: Path) -> None:
    page(server, "app.css")
    assert " 103 " in page(server, "app.css")
    (tmp_path / "static" / "app.css").write_text("p { color: red }")
    assert page(server, "app.css").startswith("HTTP/1.1 200")
    assert " 103 " in page(server, "app.css")


def test_a_protected_file_is_not_hinted(server: RunningServer) -> None:
    for _ in range(2):
        assert page(server, "private.css").startswith("HTTP/1.1 200")


def test_http_1_0_gets_none(server: RunningServer) -> None:
    page(server, "app.css")
    assert " 200 " in page(server, "app.css", "1.0").partition("\r\n")[0]
