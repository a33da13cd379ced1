"""The application under gunicorn, with one process, in one of the ways that are compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environment import Environment

from wsgi_servers import free_port

HOSTING = Path(__file__).parent / "hosting"

#: The path of the report, as ``hosting/served.py`` has it.
REPORT = "/-realapps-report-"

#: By way: the configuration that puts the extension in.
WAYS: dict[str, dict[str, str]] = {
    "without": {},
    "with": {"STATIC_OPTIMIZER_APP": "counted:create_app"},
    "EXPRESS": {
        "STATIC_OPTIMIZER_APP": "counted:create_app",
        "STATIC_OPTIMIZER_EXPRESS": "true",
    },
}


@dataclass(frozen=True)
class Server:
    """A running application."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def report(self) -> dict[str, Any]:
        """Ask the process what it has done so far."""
        with urllib.request.urlopen(self.url + REPORT, timeout=30) as response:
            found: dict[str, Any] = json.load(response)
        return found


class Scene:
    """An application's data, prepared once and the same at the start of each way."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.environment = environment
        self.application = environment.application
        # What is prepared may hold absolute paths, so all ways have the data in one place.
        self.data = folder / "data"
        self._prepared = folder / "prepared"
        self._folder = folder

    def variables(self) -> dict[str, str]:
        """Return the environment of the application's processes."""
        application = self.application
        names = {"data": str(self.data), "site": str(self.environment.site_packages)}
        own = {key: value.format(**names) for key, value in application.environ.items()}
        paths = [*(path.format(**names) for path in application.paths), str(HOSTING)]
        inherited = ("LANG", "LC_ALL", "TMPDIR", "TZ")
        return {
            **{key: os.environ[key] for key in inherited if key in os.environ},
            "PATH": f"{self.environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.data),
            "PYTHONPATH": os.pathsep.join(paths),
            # Nothing is to leave this host: a proxy that nobody runs.
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1,localhost",
            "REALAPPS_APP": application.app,
            **own,
        }

    def prepare(self) -> None:
        """Make the application's configuration and data."""
        for folder in (self.data, self._prepared):
            shutil.rmtree(folder, ignore_errors=True)
        self.data.mkdir(parents=True)
        names = {"data": str(self.data), "hosting": str(HOSTING)}
        for name, text in self.application.files.items():
            path = self.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{data}", str(self.data)), "utf-8")
        for command in self.application.commands:
            done = subprocess.run(
                [part.format(**names) for part in command],
                cwd=self.data,
                env=self.variables(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=180,
            )
            if done.returncode:
                raise RuntimeError(f"{command} failed:\n{done.stdout[-3000:]}")
        shutil.copytree(self.data, self._prepared, symlinks=True)

    def restore(self) -> None:
        """Put the data back to what was prepared."""
        shutil.rmtree(self.data)
        shutil.copytree(self._prepared, self.data, symlinks=True)

    @contextmanager
    def started(self, way: str) -> Iterator[Server]:
        """Start the application; it is ended in the end."""
        server = Server(free_port(), self._folder / f"{way}.log")
        # By variable, as applications that read the command line would find gunicorn's.
        options = f"--bind 127.0.0.1:{server.port} --workers 1 --threads 8 --timeout 120"
        variables = {**self.variables(), **WAYS[way], "GUNICORN_CMD_ARGS": options}
        config = self._folder / "gunicorn.conf.py"
        config.write_text(
            'wsgi_app = "served:application"\ncontrol_socket_disable = True\n', "utf-8"
        )
        variables["GUNICORN_CMD_ARGS"] += f" --config {config}"
        with server.log.open("wb") as log:
            process = subprocess.Popen(
                [str(self.environment.folder / "bin" / "gunicorn")],
                cwd=self.data,
                env=variables,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
            try:
                _wait(server, process)
                yield server
            finally:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not _answers(server):
        if process.poll() is not None or time.monotonic() > deadline:
            said = server.log.read_text("utf-8", "replace")
            raise RuntimeError(f"the server does not start:\n{said[-3000:]}")
        time.sleep(0.2)


def _answers(server: Server) -> bool:
    try:
        server.report()
    except OSError:
        return False
    return True
