"""The output of the commands: JSON, the width of the terminal, colours and progress."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask_caching import Cache

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.cli.text import progress, wrapped

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")


def run(app: Flask, *arguments: str, **options: object) -> str:
    result = app.test_cli_runner().invoke(args=["static", *arguments], **options)
    assert isinstance(result.exception, (SystemExit, type(None))), result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_command_has_json(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    built = json.loads(run(app, "build", "--json"))
    assert built["files"] > 0
    assert built["codings"]["gzip"]["files"] > 0
    assert json.loads(run(app, "clean", "--json")) == {
        "removed": sum(coded["files"] for coded in built["codings"].values())
    }
    made = json.loads(run(app, "nginx", "--json", "--root", str(tmp_path / "copy")))
    assert "/static/app.css" in made["urls"]
    assert "server {" in made["configuration"]
    assert made["files"] > 0
    told = json.loads(run(app, "explain", "/static/app.css", "--json"))
    assert told["url"] == "/static/app.css"
    assert {"what": "Session", "value": "isolated", "why": "the session store is not asked"} in (
        told["reasons"]
    )
    assert "requests" in json.loads(
        app.test_cli_runner().invoke(args=["static", "audit", "--json"]).stdout
    )


def test_a_purge_has_json(make_app: MakeApp, tmp_path: Path) -> None:
    def declare(app: Flask) -> None:
        Cache(app, config={"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path / "cache")})
        app.get("/chart", endpoint="chart")(cacheable_static(max_age=60)(lambda: "x"))

    app = make_app(before=declare)
    assert json.loads(run(app, "purge", "--json")) == {"purged": "everything"}
    assert json.loads(run(app, "purge", "--json", "--endpoint", "chart")) == {
        "purged": {"endpoint": "chart"}
    }


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("width", [80, 200])
def test_an_audit_fits_the_terminal(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, width: int, rich: bool
) -> None:
    if not rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setenv("COLUMNS", str(width))
    app = make_app(STATIC_OPTIMIZER_RULES={"static:private/*": {"session": "protected"}})
    result = app.test_cli_runner().invoke(args=["static", "audit"])
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert "static:private/*" in result.stdout
    assert "max-age=31536000, immutable" in result.stdout
    assert any(line.split()[:2] == ["Endpoint", "Rule"] for line in lines) == (rich and width > 80)


def test_an_explanation_fits_the_terminal(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guard() -> None:
        pass

    def add(app: Flask) -> None:
        for number in range(5):
            guard.__name__ = f"guard_of_the_page_number_{number}"
            app.before_request(guard)

    monkeypatch.setenv("COLUMNS", "80")
    lines = run(make_app(before=add), "explain", "/static/app.css").splitlines()
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines), lines
    [answered] = [number for number, line in enumerate(lines) if line.startswith("Answered")]
    indents = {len(line) - len(line.lstrip()) for line in lines[answered + 1 :]}
    assert len(lines) > answered + 3
    assert len(indents) == 1
    assert any("STATIC_OPTIMIZER_EXPRESS = True" in line for line in lines)


def test_a_setting_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    setting = 'STATIC_OPTIMIZER_RULES = {"static": {"session": "protected"}}'
    lines = wrapped(f"write this into the configuration of the app: {setting}", "  ").splitlines()
    assert lines[-1] == f"  {setting}"
    assert len(lines) == 3


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_heeded(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, no_color: str
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    said = run(make_app(), "explain", "/static/app.css", color=True)
    assert ("\x1b[" in said) == (no_color == "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    stream = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert [*progress(iter(range(500)), "Counting", 500)] == [*range(500)]
    assert ("Counting" in stream.getvalue()) == is_terminal
    assert ("100%" in stream.getvalue()) == is_terminal


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (["audit"], "Requesting files of 'static'"),
        (["nginx"], "Copying files of 'static'"),
        (["build"], "Coding static files"),
        (["export", "<folder>"], "Exporting static files"),
    ],
)
def test_long_commands_show_progress(
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: list[str],
    label: str,
) -> None:
    shown = []

    def noted(items: object, label: str, length: int) -> object:
        shown.append(label)
        return items

    for module in ("audit.survey", "audit.modules", "nginx.command", "export.command", "build"):
        monkeypatch.setattr(f"flask_static_optimizer.cli.{module}.progress", noted)
    command = [word.replace("<folder>", str(tmp_path / "exported")) for word in command]
    make_app().test_cli_runner().invoke(args=["static", *command])
    assert label in shown
