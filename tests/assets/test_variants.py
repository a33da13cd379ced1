"""Coded variants and deltas while several ask for them."""

from __future__ import annotations

import base64
import hashlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from flask import Flask, url_for

from flask_static_optimizer.assets import delta

MakeApp = Callable[..., Flask]

LARGE = b"".join(b".r%d { margin: %dpx }\n" % (n, n * n % 9973) for n in range(20_000))


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def together(count: int, function: Callable[[], object]) -> list[object]:
    """Return the results of a function that several threads call at the same moment."""
    found: list[object] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        found.append(function())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.usefixtures("settled")
def test_vary_while_a_variant_is_made(make_app: MakeApp, static_folder: Path) -> None:
    """A response that is sent while a variant is made says that there may be one.

    Or a shared cache would give the uncoded bytes to everybody for a year.
    """
    (static_folder / "app.css").write_bytes(LARGE)
    app = make_app()
    client = app.test_client()
    client.get("/static/app.js")

    spellings = ["br", "br, x", "br, y", "br, z"]
    asked = itertools.cycle(spellings)

    def ask() -> tuple[str | None, bool]:
        headers = {"Accept-Encoding": next(asked)}
        response = app.test_client().get("/static/app.css", headers=headers)
        coded = response.headers.get("Content-Encoding") == "br"
        data = brotli.decompress(response.data) if coded else response.data
        return response.headers.get("Vary"), data == LARGE

    assert set(together(8, ask)) == {("Accept-Encoding", True)}
    for spelling in spellings:  # and what they got is given to nobody else
        headers = {"Accept-Encoding": spelling}
        assert client.get("/static/app.css", headers=headers).content_encoding == "br"


@pytest.mark.usefixtures("settled")
def test_a_delta_is_right_for_all_who_ask_at_once(make_app: MakeApp, static_folder: Path) -> None:
    path = static_folder / "app.css"
    path.write_bytes(LARGE)
    config = {"STATIC_OPTIMIZER_DELTA": True}
    app = make_app(**config)
    with app.test_request_context():
        app.test_client().get(url_for("static", filename="app.css"))
    new = LARGE + b"p { }"
    path.write_bytes(new)
    app = make_app(**config)
    with app.test_request_context():
        url = url_for("static", filename="app.css")
    known = base64.b64encode(hashlib.sha256(LARGE).digest()).decode()

    def ask() -> tuple[str | None, bool]:
        headers = {"Accept-Encoding": "dcz, br", "Available-Dictionary": f":{known}:"}
        response = app.test_client().get(url, headers=headers)
        coding, data = response.headers.get("Content-Encoding"), response.data
        if coding == "dcz":
            data = delta.decode(data, LARGE)
        elif coding == "br":
            data = brotli.decompress(data)
        return response.headers["Vary"], data == new

    vary = "Accept-Encoding, Available-Dictionary"
    assert set(together(6, ask)) == {(vary, True)}
    headers = {"Accept-Encoding": "dcz", "Available-Dictionary": f":{known}:"}
    # A condition on it is one on the delta's own bytes.
    answer = app.test_client().get(url, headers=headers)
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()[:32]}"'
    headers["If-None-Match"] = answer.headers["ETag"]
    again = app.test_client().get(url, headers=headers)
    assert (again.status_code, again.headers["Vary"]) == (304, vary)


@pytest.mark.usefixtures("settled")
def test_a_lost_version_is_no_dictionary(make_app: MakeApp, static_folder: Path) -> None:
    """A version that is no longer kept is not used as a dictionary."""
    path = static_folder / "app.css"
    versions = [LARGE[: 50_000 + 20 * n] for n in range(4)]
    app = make_app(STATIC_OPTIMIZER_DELTA=True, STATIC_OPTIMIZER_DELTA_VERSIONS=2)
    client = app.test_client()
    for version in versions:
        path.write_bytes(version)
        with app.test_request_context():
            url = url_for("static", filename="app.css")
        client.get(url)
    for version, coding in zip(versions, ["br", "dcz", "dcz", "br"], strict=True):
        known = base64.b64encode(hashlib.sha256(version).digest()).decode()
        headers = {"Accept-Encoding": "dcz, br", "Available-Dictionary": f":{known}:"}
        assert client.get(url, headers=headers).headers["Content-Encoding"] == coding


def test_what_a_bundler_has_named_has_no_versions(make_app: MakeApp, static_folder: Path) -> None:
    """The next one has another name, of which nobody knows that it is the next."""
    listed = static_folder / "main-4Egfh8ja.js"
    hashed = static_folder / f"app.{hashlib.sha256(LARGE[:5000]).hexdigest()[:12]}.css"
    for path in (listed, hashed):
        path.write_bytes(LARGE[:5000])
    manifest = '{"main.js": "main-4Egfh8ja.js"}'
    (static_folder / "manifest.json").write_text(manifest)
    app = make_app(STATIC_OPTIMIZER_DELTA=True, STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    for path in (listed, hashed):
        answer = app.test_client().get(f"/static/{path.name}")
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Use-As-Dictionary" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert not (static_folder.parent / "kept" / "versions").exists()


SERVE = """
import sys
from flask import Flask
from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets import files
files.SETTLED = -1e9
app = Flask("app", root_path=sys.argv[1])
app.config["STATIC_OPTIMIZER_CACHE_DIR"] = sys.argv[2]
StaticOptimizer(app)
if sys.argv[3] == "build":
    result = app.test_cli_runner().invoke(args=["static", "build"])
    sys.exit(result.output if result.exit_code else 0)
client = app.test_client()
for name in sys.argv[4:] * 3:
    response = client.get(f"/static/{name}", headers={"Accept-Encoding": "br, gzip"})
    assert response.status_code == 200, response.status
    assert response.headers["Content-Encoding"] == "br"
"""


def test_processes_share_a_cache_folder(make_app: MakeApp, static_folder: Path) -> None:
    """Several processes build and serve from one cache folder."""
    names = [f"file{number}.css" for number in range(12)]
    for number, name in enumerate(names):
        (static_folder / name).write_bytes(LARGE[: 3000 + 500 * number])
    kept = static_folder.parent / "kept"
    command = [sys.executable, "-c", SERVE, str(static_folder.parent), str(kept)]
    processes = [
        subprocess.Popen([*command, what, *names]) for what in ("build", "build", "serve", "serve")
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0, 0]
    runner = make_app().test_cli_runner()
    assert len(list(kept.rglob("*.best.*"))) == 3 * (len(names) + 1)
    assert (
        runner.invoke(args=["static", "clean"]).output == f"Removed {3 * len(names) + 3} files.\n"
    )
    assert not list(kept.rglob("*.best.*"))
    assert not list(kept.rglob(".new-*"))
