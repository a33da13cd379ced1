"""The audit of small apps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask


class Audit(NamedTuple):
    """What an audit said: its exit status and its findings by their code."""

    status: int
    findings: dict[str, dict[str, Any]]
    rows: list[dict[str, Any]]


@pytest.fixture(autouse=True)
def classic_script(static_folder: Path) -> None:
    """Put a classic script in the place of the module, which the audit has a note for."""
    (static_folder / "app.js").write_bytes(b"var answer = 42\n" * 20)


@pytest.fixture
def audited() -> Callable[..., Audit]:
    """Audit an app, by JSON and in words."""

    def run(app: Flask, *arguments: str) -> Audit:
        runner = app.test_cli_runner()
        result = runner.invoke(args=["static", "audit", "--json", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        said = json.loads(result.stdout)
        printed = runner.invoke(args=["static", "audit", *arguments])
        assert printed.exit_code == result.exit_code, printed.output
        printed.output.encode()
        return Audit(
            result.exit_code, {each["code"]: each for each in said["findings"]}, said["requests"]
        )

    return run


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., Path]:
    """Write a template into the folder of the app."""

    def write(text: str | bytes, name: str = "page.html") -> Path:
        path = tmp_path / "templates" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write
