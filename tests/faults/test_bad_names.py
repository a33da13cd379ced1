"""Files whose names are no text, and a static folder that vanishes while it is served."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, render_template_string

MakeApp = Callable[..., Flask]

COMMANDS = (["audit"], ["build"], ["nginx"], ["explain", "/static/app.js"], ["explain", "/static/"])


def add_page(app: Flask) -> None:
    @app.get("/page")
    def importing() -> str:
        return render_template_string(
            "{{ static_importmap() }} {{ url_for('static', filename='app.js') }}"
        )


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes there only")
def test_a_name_that_is_not_utf_8(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pages and commands leave it out; the log and the audit name it."""
    Path(os.fsdecode(os.fsencode(static_folder) + b"/caf\xe9.js")).write_text("2;")
    closed = Path(os.fsdecode(os.fsencode(static_folder) + b"/f\xe9"))
    closed.mkdir()
    (closed / "b.js").write_text("3;")
    app = make_app(before=add_page, STATIC_OPTIMIZER_IMPORTMAP=True)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            page = app.test_client().get("/page")
            assert (page.status_code, "/static/app.js?v=" in page.text) == (200, True)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("UTF-8" in message for message in said)
    for command in COMMANDS:
        result = app.test_cli_runner().invoke(args=["static", *command])
        assert result.exception is None or isinstance(result.exception, SystemExit), command
    result = app.test_cli_runner().invoke(args=["static", "audit", "--json"])
    found = {each["code"]: each for each in json.loads(result.stdout)["findings"]}
    assert found["name-not-utf-8"]["places"] == [
        "static: caf\\udce9.js",
        "static: f\\udce9/b.js",
    ]


def test_a_folder_that_vanishes(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a 404, said once, until the folder is back."""
    app = make_app(before=add_page, STATIC_OPTIMIZER_IMPORTMAP=True)
    client = app.test_client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
        assert client.get("/static/app.css").status_code == 200
        away = static_folder.with_name("away")
        shutil.move(static_folder, away)
        with caplog.at_level(logging.WARNING):
            for name in ("app.css", "app.js", "app.css", "new.css"):
                assert client.get(f"/static/{name}").status_code == 404
            assert client.get("/page").status_code == 200
        said = [record.getMessage() for record in caplog.records]
        gone = [message for message in said if f"{str(static_folder)!r} of 'static' is" in message]
        assert len(gone) == 1
        assert all("url_for" in message for message in said if message not in gone), said
        for command in COMMANDS:
            result = app.test_cli_runner().invoke(args=["static", *command])
            assert result.exception is None or isinstance(result.exception, SystemExit), command
        shutil.move(away, static_folder)
        assert client.get("/static/app.css").status_code == 200
