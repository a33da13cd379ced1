"""Builds and workers that are killed: what they leave behind harms nobody."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from attacks.servers import ask, origin
from conftest import RedisServer
from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

FILES = 24
CODINGS = ["zstd", "br", "gzip"]

APP = """
import os, time
from flask import Flask
from flask_static_optimizer import StaticOptimizer
app = Flask("app", root_path={root!r})
app.config.update(SECRET_KEY="k", STATIC_OPTIMIZER_CACHE_DIR={kept!r})
StaticOptimizer(app)

# A build that is to be killed is not to end before that.
put, most = os.replace, {most!r}

def replace(source, target):
    global most
    if ".best." in os.path.basename(target):
        if most == 0:
            time.sleep(600)
        most -= 1
    put(source, target)

os.replace = replace
"""


def body(number: int) -> bytes:
    return b"".join(b".r%d-%d { margin: %dpx }\n" % (number, n, n * n % 997) for n in range(900))


@pytest.fixture
def kept(static_folder: Path) -> Path:
    for number in range(FILES):
        (static_folder / f"{number}.css").write_bytes(body(number))
    return static_folder.parent / "kept"


def build(root: Path, kept: Path, most: int = -1) -> subprocess.Popen[str]:
    """Start a build.

    :param most: files that it makes before it waits for its end; -1: all.
    """
    (root / "built_app.py").write_text(APP.format(root=str(root), kept=str(kept), most=most))
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        str(root / "built_app.py"),
        "static",
        "build",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check(app: Flask) -> None:
    client = app.test_client()
    for number in range(FILES):
        for coding in CODINGS:
            response = client.get(f"/static/{number}.css", headers={"Accept-Encoding": coding})
            assert response.headers["Content-Encoding"] == coding
            assert decompress(coding, response.data) == body(number)


def made(kept: Path) -> list[Path]:
    """Return the variants that builds have made."""
    return [path for path in kept.rglob("*") if ".best." in path.name]


@pytest.mark.usefixtures("settled")
def test_a_build_that_is_killed_is_run_again(
    make_app: MakeApp, static_folder: Path, kept: Path
) -> None:
    stages = []
    for files in (1, 30, 55):
        process = build(static_folder.parent, kept, most=files + 3 - len(made(kept)))
        while process.poll() is None and len(made(kept)) < files:
            time.sleep(0.002)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=120)
        stages.append(len(made(kept)))
        check(make_app(STATIC_OPTIMIZER_CACHE_DIR=str(kept)))
    print(f"\nfiles that killed builds left behind: {stages}")

    process = build(static_folder.parent, kept)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    check(make_app(STATIC_OPTIMIZER_CACHE_DIR=str(kept)))
    assert len(made(kept)) == (FILES + 1) * len(CODINGS)

    # What was being written when a build was killed goes too, once nobody can be writing it.
    runner = make_app(STATIC_OPTIMIZER_CACHE_DIR=str(kept)).test_cli_runner()
    left = next(kept.glob("variants/*")) / ".new-half"
    left.write_bytes(b"half of")
    for path in kept.rglob(".new-*"):
        os.utime(path, (1, 1))
    assert runner.invoke(args=["static", "clean"]).exit_code == 0
    assert made(kept) == []
    assert list(kept.rglob(".new-*")) == []


def workers_of(port: int) -> list[int]:
    """Return the processes of a server that a master has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    gunicorns = [row for row in rows if f"127.0.0.1:{port}" in row[2]]
    masters = {row[0] for row in gunicorns}
    return [int(row[0]) for row in gunicorns if row[1] in masters]


def test_workers_killed_while_coding(static_folder: Path, kept: Path, redis: RedisServer) -> None:
    """Workers that are killed while they make variants leave nothing untrue behind."""
    root, cache = static_folder.parent, str(kept)
    etags: dict[tuple[int, str], set[str]] = {}
    cut = 0

    def get(port: int, number: int, coding: str) -> bool:
        try:
            answer = ask(port, f"/static/{number}.css", f"Accept-Encoding: {coding}")
        except (OSError, AssertionError):  # cut off with its worker
            return False
        if len(answer.body) != int(answer.get("content-length")):
            return False
        assert answer.status == 200
        used = answer.get("content-encoding")
        data = decompress(used, answer.body) if used else answer.body
        assert data == body(number)
        assert answer.get("etag") == f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
        etags.setdefault((number, used), set()).add(answer.get("etag"))
        return True

    with origin("gunicorn", root, redis.port, STATIC_OPTIMIZER_CACHE_DIR=cache) as port:
        jobs = [(number, coding) for number in range(FILES) for coding in CODINGS]
        for turn in range(4):
            with ThreadPoolExecutor(4) as threads:
                results = [threads.submit(get, port, *job) for job in jobs[turn::4]]
                time.sleep(0.05)
                for worker in workers_of(port):
                    os.kill(worker, signal.SIGKILL)
                cut += sum(not result.result() for result in results)
        # Those that came after them serve everything, from what is whole of what was kept.
        assert all(get(port, number, coding) for number, coding in jobs)
    print(f"\n{cut} of {len(jobs)} requests were cut off with their worker")
    assert all(len(found) == 1 for found in etags.values())
