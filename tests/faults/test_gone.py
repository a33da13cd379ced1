"""A file is taken away while a request for it is answered, at each moment where that matters."""

from __future__ import annotations

import mimetypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_static_optimizer.assets.files import FileChangingError, read

MakeApp = Callable[..., Flask]
TakeAway = Callable[[Path], Any]


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def have_no_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def have_a_file_as_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")


def refuse(path: Path) -> None:
    raise PermissionError(13, "Permission denied", str(path))


AWAY = [Path.unlink, become_folder, have_no_folder, have_a_file_as_folder]


@pytest.fixture
def path(static_folder: Path) -> Path:
    folder = static_folder / "below"
    folder.mkdir()
    path = folder / "file.css"
    path.write_bytes(b"a { }" * 99)
    return path


def in_the_view_of_flask(
    monkeypatch: pytest.MonkeyPatch, moment: tuple[Any, str], path: Path, action: TakeAway
) -> None:
    """Have a file served by Flask's own view, and do something to it as that calls a function."""

    def changing(_: str) -> None:
        raise FileChangingError("it is being written")

    monkeypatch.setattr("flask_static_optimizer.assets.hashes.read", changing)
    module, name = moment
    real = getattr(module, name)

    def acting(asked: Any, *args: Any, **kwargs: Any) -> Any:
        found = real(asked, *args, **kwargs)
        if os.path.basename(asked) == path.name:
            monkeypatch.setattr(module, name, real)
            action(path)
        return found

    monkeypatch.setattr(module, name, acting)


#: What Flask's view calls after it has seen that a file is there: before it asks for its size, and
#: before it opens it.
MOMENTS = pytest.mark.parametrize(
    "moment", [(os.path, "isfile"), (mimetypes, "guess_type")], ids=["seen", "measured"]
)


@MOMENTS
@pytest.mark.parametrize("away", AWAY)
def test_what_is_gone_when_flasks_view_opens_it_is_not_found(
    make_app: MakeApp,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    moment: tuple[Any, str],
    away: TakeAway,
) -> None:
    def add(app: Flask) -> None:
        app.register_error_handler(404, lambda _: ("the app's own page", 404))

    client = make_app(after=add).test_client()
    assert client.get("/static/below/file.css").status_code == 200
    in_the_view_of_flask(monkeypatch, moment, path, away)
    response = client.get("/static/below/file.css")
    assert not path.is_file()
    assert (response.status_code, response.text) == (404, "the app's own page")
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert caplog.text == ""


@MOMENTS
def test_what_flasks_view_may_not_open_is_told_once(
    make_app: MakeApp,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    moment: tuple[Any, str],
) -> None:
    client = make_app().test_client()
    client.get("/")
    for _ in range(2):
        in_the_view_of_flask(monkeypatch, moment, path, refuse)
        response = client.get("/static/below/file.css")
        assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert caplog.text.count("Permission denied") == 1
    assert "'below/file.css' of 'static' is answered with 404" in caplog.text


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("away", AWAY)
def test_what_is_gone_between_its_fingerprint_and_its_bytes_is_not_found(
    make_app: MakeApp,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    away: TakeAway,
) -> None:
    def once(name: str) -> Any:
        found = read(name)
        away(path)
        return found

    client = make_app().test_client()
    client.get("/")
    monkeypatch.setattr("flask_static_optimizer.assets.hashes.read", once)
    response = client.get("/static/below/file.css")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert caplog.text == ""
