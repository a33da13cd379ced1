"""The cache folder is full, too small or gone: files are served all the same."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]

FILES = 30


def body(number: int) -> bytes:
    return b"".join(b".r%d-%d { margin: %dpx }\n" % (number, n, n * n % 997) for n in range(800))


@pytest.fixture
def many(static_folder: Path) -> list[str]:
    for number in range(FILES):
        (static_folder / f"{number}.css").write_bytes(body(number))
    return [f"{number}.css" for number in range(FILES)]


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Mount a folder on a device that has no more than 64 KB.

    Where nothing can be mounted, writing is made to fail in the way that it would.
    """
    folder = tmp_path / "small"
    folder.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*sudo, "mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", str(folder)]
    mounted = False
    with contextlib.suppress(OSError):
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    print(f"\na full device: {'a real one' if mounted else 'a stub of os.replace'}")
    if not mounted:

        def replace(*_: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("flask_static_optimizer.assets.cache_folder.os.replace", replace)
    yield folder
    if mounted:
        subprocess.run([*sudo, "umount", str(folder)], check=True)


def check(app: Flask, names: list[str]) -> set[str | None]:
    """Ask for all files in all codings; the codings that came."""
    client = app.test_client()
    seen = set()
    for number, name in enumerate(names):
        for accepted in ("zstd", "br", "gzip", "identity"):
            response = client.get(f"/static/{name}", headers={"Accept-Encoding": accepted})
            assert response.status_code == 200
            coding = response.headers.get("Content-Encoding")
            data = decompress(coding, response.data) if coding else response.data
            assert data == body(number)
            seen.add(coding)
    return seen


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".new-*")]


@pytest.mark.usefixtures("settled")
def test_a_full_device(
    make_app: MakeApp, many: list[str], full: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(STATIC_OPTIMIZER_CACHE_DIR=str(full))
    assert check(app, many) == {None, "zstd", "br", "gzip"}
    assert leftovers(full) == []
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage().count("No space left on device") for record in told] == [1]
    # What could be kept is whole: another process serves the same.
    assert check(make_app(STATIC_OPTIMIZER_CACHE_DIR=str(full)), many) == {
        None, "zstd", "br", "gzip"}  # fmt: skip


def test_building_onto_a_full_device_says_so(
    make_app: MakeApp, many: list[str], full: Path
) -> None:
    app = make_app(STATIC_OPTIMIZER_CACHE_DIR=str(full))
    done = app.test_cli_runner().invoke(args=["static", "build"])
    assert "Traceback" not in done.output
    assert done.exit_code == 1 or "could not be kept" in done.output
    assert leftovers(full) == []
    assert check(app, many) == {None, "zstd", "br", "gzip"}


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from flask import Flask
from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets import files
files.SETTLED = -1e9
app = Flask("app", root_path=sys.argv[1])
app.config.update(SECRET_KEY="k", STATIC_OPTIMIZER_CACHE_DIR=sys.argv[1] + "/kept")
StaticOptimizer(app)
answer = app.test_client().get("/static/0.css", headers={"Accept-Encoding": "identity"})
assert answer.data == open(sys.argv[1] + "/static/0.css", "rb").read()
answer = app.test_client().get("/static/0.css", headers={"Accept-Encoding": "br"})
assert answer.headers["Content-Encoding"] == "br"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_process_that_may_write_no_large_files(many: list[str], static_folder: Path) -> None:
    root = str(static_folder.parent)
    command = [sys.executable, "-W", "error", "-c", LIMITED, root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("can't be kept") == 1
    assert "File too large" in done.stderr
    assert leftovers(static_folder.parent / "kept") == []


@pytest.mark.usefixtures("settled")
def test_taken_away_again_and_again(make_app: MakeApp, many: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for _ in range(3):
        app = make_app(STATIC_OPTIMIZER_CACHE_DIR=str(kept))
        assert check(app, many[:5]) == {None, "zstd", "br", "gzip"}
        shutil.rmtree(kept)
        assert check(app, many) == {None, "zstd", "br", "gzip"}
