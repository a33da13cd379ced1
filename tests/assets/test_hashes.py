"""Large files, which are not hashed while somebody waits."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, send_file, url_for

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.assets import hashes

MakeApp = Callable[..., Flask]

#: The least that the setting takes.
LIMIT = 16 * 2**20
SIZE = LIMIT + 5

FILM = "film.mp4"


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def film(static_folder: Path) -> Path:
    path = static_folder / FILM
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the files that are hashed."""
    paths: list[str] = []
    read = hashes.read

    def listed(path: str) -> Any:
        paths.append(os.path.basename(path))
        return read(path)

    monkeypatch.setattr(hashes, "read", listed)
    return paths


@pytest.fixture
def build(make_app: MakeApp) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        settings = {"STATIC_OPTIMIZER_HASH_SIZE": LIMIT, "STATIC_OPTIMIZER_HASH_LATER": False}
        return make_app(**settings | config)

    return make


def url(app: Flask, name: str = FILM) -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "static_optimizer":
            thread.join(60)


@pytest.mark.usefixtures("settled")
def test_a_large_file_is_not_hashed(
    build: MakeApp, make_app: MakeApp, film: Path, hashed: list[str]
) -> None:
    """It has a plain URL, a strong ETag of its state, and ranges as in Flask."""
    app = build()
    client, control = app.test_client(), make_app(optimize=False).test_client()
    assert url(app) == f"/static/{FILM}"
    etag = client.head(url(app)).headers["ETag"]
    assert etag.startswith('"s-')
    for headers in (
        {"Range": "bytes=0-1"},
        {"Range": f"bytes={SIZE - 9}-"},
        {"Range": "bytes=0-1", "If-Range": '"other"'},
    ):
        answer = client.get(url(app), headers=headers)
        expected = control.get(url(app), headers=headers)
        assert (answer.status_code, answer.data) == (expected.status_code, expected.data)
    resumed = client.get(url(app), headers={"Range": "bytes=2-3", "If-Range": etag})
    assert (resumed.status_code, len(resumed.data)) == (206, 2)
    assert client.get(url(app), headers={"If-None-Match": etag}).status_code == 304
    film.write_bytes(b"1" * SIZE)
    resumed = client.get(url(app), headers={"Range": "bytes=2-3", "If-Range": etag})
    assert (resumed.status_code, len(resumed.data)) == (200, SIZE)
    assert FILM not in hashed


def test_a_growing_file_is_not_hashed(build: MakeApp, film: Path, hashed: list[str]) -> None:
    """Nor does it end short; its ETag is weak, and nobody keeps what is not complete."""
    film.write_bytes(bytes(hashes.UNSETTLED + 1))
    client = build(STATIC_OPTIMIZER_HASH_LATER=True).test_client()
    for size in range(1, 4):
        with client.get(f"/static/{FILM}", buffered=False) as answer:
            with film.open("ab") as file:
                file.write(b"x")
            assert len(answer.get_data()) == hashes.UNSETTLED + size
        assert answer.headers["ETag"].startswith("W/")
        assert answer.headers["Cache-Control"] == "no-cache"
        part = {"Range": "bytes=0-9", "If-Range": answer.headers["ETag"]}
        with client.get(f"/static/{FILM}", headers=part) as whole:
            assert whole.status_code == 200
        answer = client.get(f"/static/{FILM}", headers={"Range": "bytes=0-9"})
        assert (answer.status_code, len(answer.data)) == (206, 10)
    assert FILM not in hashed


@pytest.mark.usefixtures("settled", "film")
def test_the_thread_hashes_it(build: MakeApp, hashed: list[str]) -> None:
    """Then it has a fingerprint, and what was begun before goes on."""
    app = build(STATIC_OPTIMIZER_HASH_LATER=True)
    client = app.test_client()
    former = client.head(f"/static/{FILM}").headers["ETag"]
    wait_for_threads()
    assert hashed == [FILM]
    assert "?v=" in url(app)
    whole = client.get(url(app))
    assert "immutable" in whole.headers["Cache-Control"]
    assert whole.headers["ETag"] == f'"{hashlib.sha256(bytes(SIZE)).hexdigest()[:32]}"'
    assert client.head(f"/static/{FILM}").headers["ETag"] == whole.headers["ETag"]
    resumed = client.get(f"/static/{FILM}", headers={"Range": "bytes=2-3", "If-Range": former})
    assert resumed.status_code == 206
    assert client.get(f"/static/{FILM}", headers={"If-None-Match": former}).status_code == 304
    assert hashed == [FILM]


@pytest.mark.usefixtures("settled", "film")
def test_the_build_hashes_it(build: MakeApp, hashed: list[str]) -> None:
    """Other processes find the hash in the cache folder; ``clean`` removes it."""
    build().test_cli_runner().invoke(args=["static", "build"])
    assert hashed.count(FILM) == 1
    app = build()
    assert "?v=" in url(app)
    assert hashed.count(FILM) == 1
    app.test_cli_runner().invoke(args=["static", "clean"])
    assert "?v=" not in url(build())


@pytest.mark.usefixtures("settled")
def test_a_stylesheet_gets_it_later(build: MakeApp, static_folder: Path, film: Path) -> None:
    (static_folder / "app.css").write_text(f"a {{ b: url({film.name}) }}")
    app = build(STATIC_OPTIMIZER_HASH_LATER=True)
    assert "?v=" not in app.test_client().get("/static/app.css").text
    wait_for_threads()
    assert "?v=" in app.test_client().get("/static/app.css").text


@pytest.mark.usefixtures("settled")
def test_the_copy_for_nginx_has_it(build: MakeApp, film: Path, tmp_path: Path) -> None:
    runner = build().test_cli_runner()
    result = runner.invoke(args=["static", "nginx", "--root", str(tmp_path / "copy")])
    assert result.exit_code == 0
    sizes = [path.stat().st_size for path in (tmp_path / "copy").rglob("*.*")]
    assert film.stat().st_size in sizes


@pytest.mark.usefixtures("settled", "film")
def test_integrity_of_a_large_file(build: MakeApp) -> None:
    app = build()
    with app.test_request_context():
        template = app.jinja_env.from_string("{{ static_integrity(name) }}")
        context: dict[str, Any] = {"name": FILM}
        app.update_template_context(context)
        assert template.render(context) == ""
    assert app.extensions["static_optimizer"].log.occasions("integrity")


@pytest.mark.usefixtures("settled")
def test_a_large_file_of_a_view(build: MakeApp, film: Path) -> None:
    def setup(app: Flask) -> None:
        @app.get("/film")
        @cacheable_static
        def send() -> Any:
            return send_file(film)

    client = build(before=setup).test_client()
    etag = client.get("/film").headers["ETag"]
    assert etag.startswith('"s-')
    answer = client.get("/film", headers={"Range": "bytes=0-1", "If-Range": etag})
    assert (answer.status_code, len(answer.data)) == (206, 2)


def test_a_thread_after_a_fork(build: MakeApp, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that did not live on is started again."""
    monkeypatch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
    app = build(STATIC_OPTIMIZER_HASH_LATER=True)
    state = app.extensions["static_optimizer"]
    state.catalogue._hashes._thread = threading.Thread()
    url(app, film.name)
    wait_for_threads()
    assert "?v=" in url(app, film.name)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    wait_for_threads()
