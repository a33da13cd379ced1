"""``flask_static_optimizer.wsgi:app``: the extension without a change to the app's source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
from flask import Flask

def create_app(name="made"):
    app = Flask(name, root_path={root!r})
    return app

app = Flask("plain", root_path={root!r})

def optimized():
    from flask_static_optimizer import StaticOptimizer
    app = create_app()
    StaticOptimizer(app)
    return app
"""

ASK = """
from flask_static_optimizer.wsgi import app
response = app.test_client().get("/static/app.css", buffered=True)
print(app.name, response.status_code, response.headers["Cache-Control"])
"""


@pytest.fixture
def ask(static_folder: Path, tmp_path: Path):
    (tmp_path / "myproject.py").write_text(PROJECT.format(root=str(tmp_path)))

    def ask(name: str | None, **config: str) -> subprocess.CompletedProcess[str]:
        environ = {key: value for key, value in os.environ.items() if "STATIC_OPT" not in key}
        environ.update({f"STATIC_OPTIMIZER_{key}": value for key, value in config.items()})
        if name is not None:
            environ["STATIC_OPTIMIZER_APP"] = name
        return subprocess.run(
            [sys.executable, "-c", ASK], cwd=tmp_path, env=environ, capture_output=True, text=True
        )

    return ask


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("myproject:create_app", "made"),
        ("myproject:create_app('named')", "named"),
        ("myproject:app", "plain"),
        ("myproject", "plain"),
        ("myproject:optimized", "made"),
    ],
)
def test_any_app_is_served_optimized(ask, name: str, app: str) -> None:
    done = ask(name)
    assert done.stdout == f"{app} 200 max-age=3600\n", done.stderr


def test_variables_are_configuration(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_STATIC_OPTIMIZER", "not one of ours")
    rules = '{"static:*.css": {"max_age": 77}}'
    assert ask("myproject:app", RULES=rules).stdout == "plain 200 max-age=77\n"
    said = ask("myproject:app", UNVERSIONED_MAXAGE="1").stderr
    assert "did you mean STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE?" in said


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (None, "STATIC_OPTIMIZER_APP is not set"),
        ("nowhere:app", "nowhere"),
        ("myproject:nothing", "nothing"),
    ],
)
def test_what_cannot_be_loaded_is_said(ask, name: str | None, word: str) -> None:
    done = ask(name)
    assert done.returncode != 0
    assert word in done.stderr
