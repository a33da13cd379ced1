"""The extension: one object and its apps, what it refuses, and what it leaves behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, g

from flask_static_optimizer import ConfigurationError, StaticOptimizer
from flask_static_optimizer.config.names import EXTENSION

MakeApp = Callable[..., Flask]


@pytest.fixture
def through() -> str:
    """Serve files through the hooks that the extension has installed."""
    return "hooks"


def test_an_extension_in_a_factory_without_an_app() -> None:
    optimizer = StaticOptimizer()
    app = Flask("app", static_folder=None)
    optimizer.init_app(app)
    assert app.test_client().get("/").status_code == 404


def test_one_extension_object_serves_many_apps(make_app: MakeApp) -> None:
    optimizer = StaticOptimizer()
    apps = [make_app(optimize=False, after=optimizer.init_app) for _ in range(2)]
    for app in apps:
        assert "ETag" in app.test_client().get("/static/app.css").headers
    assert apps[0].extensions["static_optimizer"] is not apps[1].extensions["static_optimizer"]


def test_twice_on_one_app_is_refused(make_app: MakeApp) -> None:
    app = make_app()
    with pytest.raises(ValueError, match="installed in 'app' already"):
        StaticOptimizer(app)


def test_a_blueprint_is_no_app() -> None:
    with pytest.raises(ConfigurationError, match="takes a Flask app"):
        StaticOptimizer(Blueprint("b", __name__))  # type: ignore[arg-type]


def test_disabled_installs_nothing() -> None:
    app = Flask(__name__)
    interface = app.session_interface
    app.config["STATIC_OPTIMIZER_ENABLED"] = False
    StaticOptimizer(app)
    assert EXTENSION not in app.extensions
    assert app.before_request_funcs == {}
    assert app.session_interface is interface


def test_a_wrong_configuration() -> None:
    """A wrong configuration installs nothing."""
    app = Flask(__name__)
    app.config["STATIC_OPTIMIZER_SESSION"] = "maybe"
    with pytest.raises(ConfigurationError):
        StaticOptimizer(app)
    assert EXTENSION not in app.extensions
    assert app.before_request_funcs == {}


@pytest.mark.parametrize("late", [{"SESSION": "protected"}, {"SESION": "isolated"}])
def test_late_configuration_is_refused(late: dict[str, str]) -> None:
    """Configuration that comes after the installation is refused at the first request."""
    app = Flask(__name__, static_folder=None)
    app.testing = True
    StaticOptimizer(app)
    app.config.update({f"STATIC_OPTIMIZER_{key}": value for key, value in late.items()})
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="STATIC_OPTIMIZER_"):
            app.test_client().get("/")


def test_a_dropped_app_is_freed_at_once(make_app: MakeApp) -> None:
    class Watched(Flask):
        pass

    gc.collect()
    gc.disable()
    try:
        app = Watched("app", static_folder=None)
        app.config["SECRET_KEY"] = "k"
        StaticOptimizer(app)
        with app.app_context():
            g.x = 1
        gone = weakref.ref(app)
        del app
        assert gone() is None
    finally:
        gc.enable()


def test_a_dropped_app_with_flask_session(make_app: MakeApp) -> None:
    """A dropped app with server-side sessions is freed."""
    from cachelib import SimpleCache
    from flask_session import Session

    app = make_app(before=Session, SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None
