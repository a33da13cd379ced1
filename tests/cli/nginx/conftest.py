"""A real nginx, and apps behind it on a real server."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from cli.nginx.servers import AppServer
from conftest import free_port, wait_for_port


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], AppServer]]:
    with contextlib.ExitStack() as stack:

        def start(app: Flask) -> AppServer:
            server = AppServer(app)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def run_nginx(nginx_binary: Path, tmp_path: Path) -> Iterator[Callable[[str, int], None]]:
    """Start nginx with what stands in its ``http`` block, and wait for a port of its."""
    with contextlib.ExitStack() as stack:

        def start(http: str, port: int) -> None:
            home = tmp_path / f"nginx{port}"
            home.mkdir()
            temporary = "\n".join(
                f"{name}_temp_path {home}/{name};"
                for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            user = "user root;" if os.geteuid() == 0 else ""
            (home / "nginx.conf").write_text(
                f"daemon off; pid {home}/pid; error_log {home}/error.log; {user}\n"
                f"events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{http}\n}}\n"
            )
            command = [str(nginx_binary), "-p", str(home), "-c", str(home / "nginx.conf")]
            test = subprocess.run([*command, "-t"], capture_output=True, text=True)
            assert test.returncode == 0, test.stderr
            assert "[warn]" not in test.stderr, test.stderr
            process = subprocess.Popen(command)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            wait_for_port(port)

        yield start


@pytest.fixture
def config_of() -> Callable[..., str]:
    """Give a function that returns what ``flask static nginx`` prints for an app."""

    def run(app: Flask, *arguments: str) -> str:
        result = app.test_cli_runner().invoke(args=["static", "nginx", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture
def behind(serve: Any, run_nginx: Any, config_of: Any, tmp_path: Path) -> Callable[..., Any]:
    """Put an app behind nginx as the command sets it up; give its server and nginx's port.

    ``more`` stands in the ``http`` block, before what the command prints.
    """

    def start(app: Flask, *arguments: str, name: str = "copy", more: str = "") -> tuple[Any, int]:
        server, port = serve(app), free_port()
        text = config_of(
            app,
            f"--root={tmp_path / name}",
            f"--upstream=127.0.0.1:{server.port}",
            f"--listen=127.0.0.1:{port}",
            *arguments,
        )
        run_nginx(f"{more}\n{text}", port)
        return server, port

    return start
