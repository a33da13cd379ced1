"""The command, and its errors in plain words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from conftest import free_port
from demo.running import run
from flask_static_optimizer import __version__
from flask_static_optimizer.demo.command import main


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


class TestErrors:
    @pytest.mark.parametrize(
        "module",
        ["cachelib", "flask_bootstrap", "flask_login", "flask_session", "redis"],
    )
    def test_a_missing_extra_is_named(self, module: str) -> None:
        code = (
            f"import sys; sys.modules[{module!r}] = None;"
            "from flask_static_optimizer.demo.command import main; main(['demo'])"
        )
        result = python("-c", code)
        assert result.returncode == 1
        assert result.stderr.startswith(f"Error: the demo needs {module}: pip install ")
        assert result.stderr.count("\n") == 1

    def test_a_redis_that_is_not_there(self) -> None:
        port = free_port()
        result = run("--redis", f"redis://:secret@127.0.0.1:{port}")
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: Redis at 127.0.0.1:{port}: ")
        assert len(result.output.splitlines()) == 1
        assert "secret" not in result.output

    @pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:none"])
    def test_a_url_that_is_none(self, url: str) -> None:
        result = run("--redis", url)
        assert result.exit_code == 1
        assert result.output.startswith("Error: --redis: ")
        assert len(result.output.splitlines()) == 1

    @pytest.mark.parametrize(
        "arguments",
        [("--port", "8000"), ("--json", "--serve"), ("--plot", "visits.svg", "--serve")],
    )
    def test_options_that_contradict_each_other(self, arguments: tuple[str, ...]) -> None:
        assert run(*arguments).exit_code == 2

    def test_a_picture_that_cannot_be_written(self, tmp_path: Path) -> None:
        result = run("--rounds", "1", "--plot", str(tmp_path / "gone" / "visits.svg"))
        assert result.exit_code == 1
        assert result.output.splitlines()[-1].startswith("Error: --plot: ")

    def test_an_app_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "flask_static_optimizer.demo.measure.create_app", lambda *_, **__: Flask("empty")
        )
        result = run()
        assert result.exit_code == 1
        assert result.output.startswith("Error: the demo app failed: ")

    def test_running_the_package(self) -> None:
        result = python("-m", "flask_static_optimizer", "--help")
        assert result.returncode == 0
        assert result.stdout.startswith("Usage: python -m flask_static_optimizer ")
        assert "demo" in result.stdout

    def test_the_version(self) -> None:
        assert __version__ in CliRunner().invoke(main, ["--version"]).output
