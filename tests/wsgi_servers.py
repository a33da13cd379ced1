"""Real WSGI servers, started for tests and benchmarks on a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_PYTHON = sys.executable


@dataclass(frozen=True)
class ServerKind:
    """A way to start one server, with one worker process."""

    name: str
    #: The module that has to be installed.
    module: str
    #: The command that serves an app (``module:name``) on a port.
    command: Callable[[str, int], list[str]]
    #: Statuses after which it ends the connection, or ``None``: after any.
    ends_after: frozenset[int] | None = frozenset()

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None

    def ends_connection(self, status: int) -> bool:
        """Return True if it ends the connection after an answer with this status."""
        return self.ends_after is None or status in self.ends_after


def _gunicorn(worker: str, *more: str) -> Callable[[str, int], list[str]]:
    def command(app: str, port: int) -> list[str]:
        bind = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", worker]
        # Its control socket is one for all that the user runs.
        quiet = ["--log-level", "warning", "--no-control-socket"]
        return [_PYTHON, "-m", "gunicorn", *bind, *more, *quiet, app]

    return command


def _waitress(app: str, port: int) -> list[str]:
    return [_PYTHON, "-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=4", app]


def _uwsgi(app: str, port: int) -> list[str]:
    # http11-socket is the one that keeps connections; a static build of uWSGI finds Python's
    # own files by the interpreter that runs it.
    program = str(Path(_PYTHON).parent / "pyuwsgi")
    sockets = ["--http11-socket", f"127.0.0.1:{port}", "--so-keepalive"]
    workers = ["--master", "--processes", "1", "--threads", "4", "--need-app", "--die-on-term"]
    return [program, *sockets, *workers, "--disable-logging", "--module", app]


def _granian(app: str, port: int) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--interface", "wsgi", "--workers", "1"]
    program = [_PYTHON, "-m", "granian"]
    return [*program, *where, "--blocking-threads", "4", "--no-access-log", app]


KINDS: Mapping[str, ServerKind] = {
    kind.name: kind
    for kind in (
        ServerKind("gunicorn sync", "gunicorn", _gunicorn("sync"), ends_after=None),
        ServerKind("gunicorn gthread", "gunicorn", _gunicorn("gthread", "--threads", "4")),
        # It takes an answer without a Content-Length for one that ends with the connection.
        ServerKind("waitress", "waitress", _waitress, ends_after=frozenset({304})),
        ServerKind("uWSGI", "pyuwsgi", _uwsgi),
        ServerKind("granian", "granian", _granian),
    )
}


class RunningServer:
    """A server and its processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        # Only what looks at a server's processes needs it.
        import psutil

        self.port = port
        self.log = log
        self._top = psutil.Process(process.pid)

    def processes(self) -> list[psutil.Process]:
        """Return the process that was started and all that it has started."""
        return [self._top, *self._top.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the CPU time of all processes up to now, in user mode and in the kernel."""
        return sum(times.user + times.system for times in self._each("cpu_times"))

    def descriptors(self) -> int:
        """Count the files and sockets that all processes hold open."""
        return sum(self._each("num_fds"))

    def _each(self, what: str) -> Iterator[object]:
        import psutil

        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                yield getattr(process, what)()


@contextmanager
def running(
    command: Callable[[int], list[str]], folder: Path, log: Path, env: Mapping[str, str]
) -> Iterator[RunningServer]:
    """Start a server, wait until it listens, and stop it in the end with all that it started.

    :param command: makes the command from the port to listen on.
    :param folder: where its app's module is imported from.
    :param log: the file that gets what it prints.
    :param env: variables on top of this process's own.
    :raises RuntimeError: if it ends, or does not listen within a minute; with its log.
    """
    port = free_port()
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **env}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port),
            cwd=log.parent,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_listening(process, port, log)
        yield RunningServer(process, port, log)
    finally:
        _stop(process)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not serve: {log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    # Its workers are in its session, and may have outlived it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
