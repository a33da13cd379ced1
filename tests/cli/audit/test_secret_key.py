"""A missing SECRET_KEY is an error only where a session is used."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import flask
import pytest
from cachelib.file import FileSystemCache
from flask import Flask, flash, session
from flask_login import LoginManager
from flask_session import Session
from flask_wtf import CSRFProtect

from flask_static_optimizer import StaticOptimizer

pytestmark = pytest.mark.usefixtures("settled")


def make(root: Path, **config: object) -> Flask:
    app = Flask("app", root_path=str(root))
    app.config.update(config)
    app.add_url_rule("/", "page", lambda: "a page")
    return app


def login(app: Flask) -> None:
    LoginManager(app)


def csrf(app: Flask) -> None:
    CSRFProtect(app)


def view(app: Flask) -> None:
    app.add_url_rule("/count", "count", lambda: str(session.get("count")))


def by_module(app: Flask) -> None:
    app.add_url_rule("/count", "count", lambda: str(flask.session.get("count")))


def message(app: Flask) -> None:
    app.add_url_rule("/say", "say", lambda: flash("said") or "said")  # type: ignore[func-returns-value]


def hook(app: Flask) -> None:
    read = partial(getattr, session, "get")  # the hook's code does not name it
    app.before_request(lambda: read()("user") and None)


def protected(app: Flask) -> None:
    app.config["STATIC_OPTIMIZER_RULES"] = {"static": {"session": "protected"}}


@pytest.mark.parametrize("use", [login, csrf, view, by_module, message, hook, protected])
def test_an_app_that_uses_a_session(audited, static_folder, use):
    app = make(static_folder.parent)
    use(app)
    StaticOptimizer(app)
    found = audited(app)
    assert found.status == 1
    assert found.findings["secret-key"]["severity"] == "error"


def test_an_app_without_sessions(audited, static_folder):
    app = make(static_folder.parent)

    class Database:
        session = None

    database = Database()
    app.add_url_rule("/rows", "rows", lambda: str(database.session))
    StaticOptimizer(app)
    found = audited(app)
    assert (found.status, [*found.findings]) == (0, ["secret-key"])
    assert found.findings["secret-key"]["severity"] == "note"


def test_sessions_that_need_no_key(audited, static_folder, tmp_path):
    cache = FileSystemCache(str(tmp_path / "sessions"))
    app = make(static_folder.parent, SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    view(app)
    Session(app)
    StaticOptimizer(app)
    assert audited(app).findings == {}
