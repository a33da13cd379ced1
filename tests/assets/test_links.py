"""Symbolic links in static folders: which are followed, and what is said of the others."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask

from conftest import CSS

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

PRIVATE = {"static:private/*": {"session": "protected"}}


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "theme.css").write_bytes(CSS)
    return folder


def test_a_link_out_is_refused_aloud(
    make_app: MakeApp, static_folder: Path, outside: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names link, target and setting once; the audit fails."""
    (static_folder / "theme.css").symlink_to(outside / "theme.css")
    (static_folder / "more").symlink_to(outside)
    plain, app = make_app(optimize=False), make_app()
    with caplog.at_level(logging.WARNING):
        for name in ("theme.css", "theme.css", "more/theme.css", "./more/./theme.css"):
            assert plain.test_client().get(f"/static/{name}").status_code == 200
            assert app.test_client().get(f"/static/{name}").status_code == 404
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    for message, link, target in zip(
        said, ("'theme.css'", "'more'"), (outside / "theme.css", outside), strict=True
    ):
        assert link in message
        assert f"{str(target)!r}" in message
        assert "STATIC_OPTIMIZER_SYMLINKS" in message
    result = app.test_cli_runner().invoke(args=["static", "audit", "--json"])
    assert result.exit_code == 1
    found = {each["code"]: each for each in json.loads(result.stdout)["findings"]}["link-refused"]
    assert found["severity"] == "error"
    assert "STATIC_OPTIMIZER_SYMLINKS" in found["fix"]
    assert found["places"] == [
        f"static: more -> {outside}",
        f"static: theme.css -> {outside / 'theme.css'}",
    ]


def test_the_setting_follows_links(make_app: MakeApp, static_folder: Path, outside: Path) -> None:
    (static_folder / "more").symlink_to(outside)
    (outside / "round").symlink_to(outside)
    app = make_app(STATIC_OPTIMIZER_SYMLINKS=True)
    assert app.test_client().get("/static/more/theme.css").data == CSS
    (mount,) = app.extensions["static_optimizer"].endpoints.mounts()
    assert [name for name in mount.names() if "theme" in name] == ["more/theme.css"]


def package(site: Path, outside: Path) -> Blueprint:
    """Install a package as uv, Bazel and Nix do: its files are links into a cache."""
    static = site / "bootstrap_x" / "static"
    static.mkdir(parents=True)
    (static / "theme.css").symlink_to(outside / "theme.css")
    (static / "fonts").symlink_to(outside)
    return Blueprint(
        "x", "x", root_path=str(static.parent), static_folder="static", static_url_path="/x"
    )


def record(site: Path) -> None:
    (site / "bootstrap_x-1.dist-info").mkdir()
    (site / "bootstrap_x-1.dist-info" / "METADATA").write_text("Name: bootstrap-x\nVersion: 1\n")
    (site / "bootstrap_x-1.dist-info" / "RECORD").write_text("bootstrap_x/static/theme.css,,\n")


@pytest.mark.parametrize(
    ("folder", "is_recorded", "on_path", "followed"),
    [
        ("lib/site-packages", False, True, True),
        ("lib/dist-packages", False, True, True),
        ("vendored", True, True, True),
        ("vendored", False, True, False),
        ("lib/site-packages", True, False, False),
    ],
)
def test_links_of_installed_packages(
    make_app: MakeApp,
    tmp_path: Path,
    outside: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    is_recorded: bool,
    on_path: bool,
    followed: bool,
) -> None:
    site = tmp_path / folder
    blueprint = package(site, outside)
    if is_recorded:
        record(site)
    if on_path:
        monkeypatch.syspath_prepend(str(site))

    def setup(app: Flask) -> None:
        app.register_blueprint(blueprint)

    client = make_app(before=setup).test_client()
    control = make_app(before=setup, optimize=False).test_client()
    for name in ("theme.css", "fonts/theme.css"):
        assert control.get(f"/x/{name}").status_code == 200
        assert client.get(f"/x/{name}").status_code == (200 if followed else 404)


def test_sources_are_no_installation(
    make_app: MakeApp, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of a project that is worked on are in no record."""
    blueprint = package(tmp_path / "project", outside)
    (tmp_path / "project" / "bootstrap_x.egg-info").mkdir()
    for name in ("PKG-INFO", "SOURCES.txt"):
        text = "Name: x\nVersion: 1\n" if name == "PKG-INFO" else "bootstrap_x/static/theme.css\n"
        (tmp_path / "project" / "bootstrap_x.egg-info" / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "project"))
    app = make_app(before=lambda app: app.register_blueprint(blueprint))
    assert app.test_client().get("/x/theme.css").status_code == 404


@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.usefixtures("settled")
def test_the_real_name_has_its_rule(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    """A link to a protected folder or file protects what it leads to."""
    (static_folder / "latest").symlink_to("private")
    (static_folder / "one.pdf").symlink_to("private/report.pdf")
    (static_folder / "two.pdf").symlink_to("one.pdf")
    app = make_app(STATIC_OPTIMIZER_RULES=PRIVATE, STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    for name in ("private/report.pdf", "latest/report.pdf", "one.pdf", "two.pdf"):
        for _ in range(2):
            answer = client.get(f"/static/{name}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (
                200,
                "private, no-cache",
            )
        with app.test_request_context():
            assert app.url_for("static", filename=name) == f"/static/{name}"
    root = static_folder.parent / "copy"
    app.test_cli_runner().invoke(args=["static", "nginx", "--root", str(root)])
    copied = [path.read_bytes() for path in root.rglob("*.*")]
    assert CSS in copied
    assert (static_folder / "private" / "report.pdf").read_bytes() not in copied


@pytest.mark.usefixtures("settled")
def test_a_link_that_turns_is_seen(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "open").mkdir()
    (static_folder / "open" / "report.pdf").write_bytes(b"for everybody")
    link = static_folder / "latest"
    link.symlink_to("open")
    client = make_app(STATIC_OPTIMIZER_RULES=PRIVATE).test_client()
    for target, said in (("open", "max-age=3600"), ("private", "private, no-cache")) * 2:
        link.unlink()
        link.symlink_to(target)
        assert client.get("/static/latest/report.pdf").headers["Cache-Control"] == said


def test_a_file_left_alone_stays_so(make_app: MakeApp, static_folder: Path) -> None:
    """A rule that leaves a file alone does so under each of its names."""
    (static_folder / "latest").symlink_to("private")
    config = {"STATIC_OPTIMIZER_RULES": {"static:private/*": False}}
    answer = make_app(**config).test_client().get("/static/latest/report.pdf")
    control = make_app(optimize=False).test_client().get("/static/latest/report.pdf")
    for field in ("Cache-Control", "ETag"):
        assert answer.headers[field] == control.headers[field]


def test_a_stricter_name_stays_strict(make_app: MakeApp, static_folder: Path) -> None:
    """A link from a protected folder to an open file is protected by its own name."""
    (static_folder / "private" / "app.css").symlink_to("../app.css")
    client = make_app(STATIC_OPTIMIZER_RULES=PRIVATE).test_client()
    said = client.get("/static/private/app.css").headers["Cache-Control"]
    assert said == "private, no-cache"


def test_loops_and_dangling_links(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "self").symlink_to("self")
    (static_folder / "gone.css").symlink_to("nothing.css")
    (static_folder / "round").symlink_to(".")
    apps = [make_app(optimize=False), make_app(STATIC_OPTIMIZER_RULES=PRIVATE)]
    for name in ("self", "self/a.css", "gone.css", "round", "round/round/gone.css"):
        assert [app.test_client().get(f"/static/{name}").status_code for app in apps] == [404, 404]
    assert apps[1].test_client().get("/static/round/round/app.css").data == CSS
    for command in (["audit"], ["build"], ["nginx"], ["explain", "/static/self"]):
        result = apps[1].test_cli_runner().invoke(args=["static", *command])
        assert result.exception is None or isinstance(result.exception, SystemExit), command
