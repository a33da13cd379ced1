"""The cache folder and the commands: what a killed build left goes, and an audit leaves nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_static_optimizer.cli import build

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")


def run(app: Flask, *arguments: str) -> str:
    return app.test_cli_runner().invoke(args=["static", *arguments]).output


def files(folder: Path) -> set[str]:
    """Return the names of all files below a folder."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_an_interrupted_build_is_cleaned(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    app = make_app()
    with monkeypatch.context() as patch:
        patch.setattr(build, "write_manifest", killed)
        run(app, "build")
    made = files(tmp_path / "kept")
    assert made
    (tmp_path / "kept" / "manifest.json.4711.new").write_text("{")
    assert run(app, "clean") == f"Removed {len(made)} files.\n"
    assert not files(tmp_path / "kept")


def test_clean_leaves_what_requests_made(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    app.test_client().get("/static/app.css", headers={"Accept-Encoding": "gzip"})
    before = files(tmp_path / "kept")
    assert before
    run(app, "build")
    assert files(tmp_path / "kept") > before
    run(app, "clean")
    assert files(tmp_path / "kept") == before


def test_all_of_it_can_be_cleaned(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(STATIC_OPTIMIZER_DELTA=True)
    client = app.test_client()
    with app.test_request_context():
        url = app.url_for("static", filename="app.css")
    client.get(url, headers={"Accept-Encoding": "gzip"})
    run(app, "build")
    kept = tmp_path / "kept"
    (kept / "versions" / ("0" * 64)).mkdir()
    (kept / "versions" / ("0" * 64) / ".new-killed").write_text("")
    assert {path.name for path in kept.iterdir()} == {"variants", "versions", "manifest.json"}
    run(app, "clean", "--all")
    assert not kept.exists()


def test_files_of_others_are_left(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    run(app, "build")
    kept = tmp_path / "kept"
    (kept / "notes.txt").write_text("mine")
    (kept / "variants" / "notes.txt").write_text("mine")
    run(app, "clean", "--all")
    assert {str(path.relative_to(kept)) for path in kept.rglob("*")} == {
        "notes.txt",
        "variants",
        os.path.join("variants", "notes.txt"),
    }


def test_a_manifest_of_somebody_else_is_left(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "manifest.json").write_text('{"name": "an app of the web"}')
    assert "no manifest of a build" in run(app, "clean", "--all")
    assert files(tmp_path / "kept") == {"manifest.json"}


def test_an_audit_keeps_nothing(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    assert "gzip" in run(app, "audit", "--json")
    assert not (tmp_path / "kept").exists()


def test_an_audit_leaves_what_is_kept(make_app: MakeApp, tmp_path: Path) -> None:
    run(make_app(), "build")
    before = files(tmp_path / "kept")
    run(make_app(), "audit")
    assert files(tmp_path / "kept") == before
