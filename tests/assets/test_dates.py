"""Modification times that say nothing, and files that have not settled."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, send_file
from werkzeug.http import http_date

from conftest import CSS
from flask_static_optimizer import cacheable_static
from flask_static_optimizer.assets.files import SETTLED, Identity

MakeApp = Callable[..., Flask]

#: zip, npm, Bazel, hatchling, a future one, and one before 1970.
PACKED = (0, 1, 315_532_800, 499_162_500, 1_262_304_000, 1_580_601_600, 4_070_908_800, -2e9)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("path", ["/static/app.css", "/view"])
@pytest.mark.parametrize("hooks", [False, True])
def test_a_date_of_packing_is_no_validator(
    make_app: MakeApp, static_folder: Path, packed: float, path: str, hooks: bool
) -> None:
    """It gives no false 304, and joins no bytes of two files."""
    file = static_folder / "app.css"

    def setup(app: Flask) -> None:
        if hooks:
            app.before_request(lambda: None)

        @app.get("/view")
        @cacheable_static
        def view() -> object:
            return send_file(file)

    client = make_app(before=setup).test_client()
    for data in (CSS, CSS[::-1]):
        file.write_bytes(data)
        os.utime(file, (packed, packed))
        whole = client.get(path)
        assert "Last-Modified" not in whole.headers
        for since in (http_date(packed), "none", "None", ""):
            assert client.get(path, headers={"If-Modified-Since": since}).data == data
        part = {"Range": "bytes=5-", "If-Range": http_date(packed)}
        assert client.get(path, headers=part).data == data
        etag = {"If-None-Match": whole.headers["ETag"]}
        assert client.get(path, headers=etag).status_code == 304


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("path", ["/static/app.css", "/view"])
def test_a_date_of_writing_is_kept(make_app: MakeApp, static_folder: Path, path: str) -> None:
    """A plain copy and a git checkout have the date of their writing."""

    def setup(app: Flask) -> None:
        @app.get("/view")
        @cacheable_static
        def view() -> object:
            return send_file(static_folder / "app.css")

    client = make_app(before=setup).test_client()
    date = client.get(path).headers["Last-Modified"]
    assert client.get(path, headers={"If-Modified-Since": date}).status_code == 304


@pytest.mark.usefixtures("settled")
def test_a_views_own_date_stays(make_app: MakeApp, static_folder: Path) -> None:
    os.utime(static_folder / "app.css", (1e9, 1e9))

    def setup(app: Flask) -> None:
        @app.get("/view")
        @cacheable_static
        def view() -> object:
            return send_file(static_folder / "app.css", last_modified=1_234_567_890)

    answer = make_app(before=setup).test_client().get("/view")
    assert answer.headers["Last-Modified"] == http_date(1_234_567_890)


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("modified", "changed", "settles"),
    [
        (-9, -9, True),
        (-9, -1, False),
        (-1, -1, False),
        (-1, -9, False),  # Windows, where the change time is that of the creation
        (3600, -9, True),
        (3600, -1, False),
    ],
)
def test_a_state_settles(
    monkeypatch: pytest.MonkeyPatch, modified: int, changed: int, settles: bool
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    state = Identity(1, 2, 3, (NOW + modified) * 10**9, (NOW + changed) * 10**9)
    assert state.settled is settles


def test_a_file_systems_clock_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its states settle when they were seen for long enough."""
    clock = [100.0]
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    ahead = (NOW + 3600) * 10**9
    for size in (1, 2):
        state = Identity(1, 2, size, ahead, ahead)
        assert not state.settled
        clock[0] += SETTLED / 2
        assert not state.settled
        clock[0] += SETTLED
        assert state.settled


@pytest.mark.parametrize("hooks", [False, True])
def test_unsettled_files_are_not_coded(make_app: MakeApp, static_folder: Path, hooks: bool) -> None:
    """A file that is rewritten all the time costs no coding, and fills no cache folder."""

    def setup(app: Flask) -> None:
        if hooks:
            app.before_request(lambda: None)

    client = make_app(before=setup, STATIC_OPTIMIZER_DELTA=True).test_client()
    for turn in range(5):
        (static_folder / "app.css").write_bytes(CSS + b"/* %d */" % turn)
        answer = client.get("/static/app.css", headers={"Accept-Encoding": "br, gzip, zstd"})
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert not list((static_folder.parent / "kept").rglob("*.*"))


def test_a_variant_made_before_is_used(make_app: MakeApp, static_folder: Path) -> None:
    """What a build has made of the same bytes is used at once."""
    (static_folder / "app.css").write_bytes(CSS)
    app = make_app()
    app.test_cli_runner().invoke(args=["static", "build"])
    answer = app.test_client().get("/static/app.css", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
