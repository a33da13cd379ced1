"""The ``flask`` command in this process, with the entry points that the project declares."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.cli import FlaskGroup

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

_NUMBERS = count()


@pytest.fixture
def entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Flask find the entry points of the project file, whether or not it is installed so."""
    table = re.search(
        r'^\[project\.entry-points\."(flask\.commands)"\]\n(.*?)\n\n',
        PYPROJECT.read_text(),
        re.DOTALL | re.MULTILINE,
    )
    assert table is not None
    folder = tmp_path / "site" / "flask_static_optimizer-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Name: flask-static-optimizer\nVersion: 0\n")
    declared = table[2].replace('"', "")
    (folder / "entry_points.txt").write_text(f"[{table[1]}]\n{declared}\n")
    monkeypatch.syspath_prepend(str(folder.parent))


@pytest.fixture
def project(
    static_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], str]]:
    """Write a module into the current folder, and return its name, which is another each time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in [*os.environ]:
        if "STATIC_OPT" in name or name.startswith("FLASK_"):
            monkeypatch.delenv(name)
    written = []

    def write(source: str) -> str:
        name = f"project{next(_NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(source)
        written.append(name)
        return name

    yield write
    for name in [*written, "flask_static_optimizer.wsgi"]:
        sys.modules.pop(name, None)


@pytest.fixture
def flask(entry_points: None) -> Callable[..., Result]:
    """Call the ``flask`` command in this process."""

    def call(*arguments: str, **options: Any) -> Result:
        # --app and --debug set these, and the runner puts back what was there.
        runner = CliRunner(env={"FLASK_APP": None, "FLASK_DEBUG": None})
        return runner.invoke(FlaskGroup(), list(arguments), prog_name="flask", **options)

    return call
