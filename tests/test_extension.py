"""The extension: one object and its apps, what it refuses, and what it leaves behind."""

from __future__ import annotations

import gc
import weakref
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha384
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, url_for
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, create_environ

import flask_static_optimizer
from flask_static_optimizer import ConfigurationError, StaticOptimizer, cacheable_static
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
    interface, send, make_url = app.session_interface, app.wsgi_app, app.url_for
    app.config["STATIC_OPTIMIZER_ENABLED"] = False
    StaticOptimizer(app)
    StaticOptimizer(app)
    assert EXTENSION not in app.extensions
    assert app.before_request_funcs == app.after_request_funcs == {}
    assert (app.session_interface, app.wsgi_app, app.url_for) == (interface, send, make_url)


def test_disabled_shows_the_same_pages(tmp_path: Path) -> None:
    """What pages call and views do still works: the URLs are plain, and nothing is stored."""
    (tmp_path / "a.css").write_text("a { b: url(dot.png) }")
    (tmp_path / "dot.png").write_bytes(b"1")
    (tmp_path / "main.js").write_text("import './a.js'")
    (tmp_path / "manifest.json").write_text(
        '{"src/main.js": {"file": "main.js", "isEntry": true, "css": ["a.css"]}}'
    )
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    app.config.from_mapping(
        STATIC_OPTIMIZER_ENABLED=False,
        STATIC_OPTIMIZER_MANIFESTS=["manifest.json"],
        STATIC_OPTIMIZER_IMPORTMAP=True,
        STATIC_OPTIMIZER_HOST_URL="https://cdn.example.com",
    )
    optimizer = StaticOptimizer(app)

    @app.get("/")
    @cacheable_static
    def page() -> str:
        optimizer.purge(tag="any")
        return render_template_string(
            "{{ static_importmap() }}{{ static_entry('src/main.js') }}"
            "<link href='{{ url_for('static', filename='a.css', static_optimizer_plain=True) }}'"
            " integrity='{{ static_integrity('a.css') }}'>"
        )

    client = app.test_client()
    text = client.get("/").text
    assert 'src="/static/main.js"' in text
    assert 'href="/static/a.css"' in text
    assert "?" not in text
    digest = sha384((tmp_path / "a.css").read_bytes()).digest()
    assert f"sha384-{b64encode(digest).decode()}" in text


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


def test_a_dropped_app_is_freed(make_app: MakeApp) -> None:
    """The next garbage collection frees a dropped app, also after requests and a rendered page."""
    app = make_app(STATIC_OPTIMIZER_RULES={"*.css": {"max_age": 60}})
    client = app.test_client()
    for path in ("/static/app.css", "/static/app.css", "/"):
        client.get(path).close()
    with app.test_request_context():
        render_template_string("{{ url_for('static', filename='app.css') }}")
    gone = weakref.ref(app)
    del app, client
    gc.collect()
    assert gone() is None


def only_wsgi_app(app: Flask) -> Any:
    return app.wsgi_app


def proxied(app: Flask) -> Any:
    return ProxyFix(app.wsgi_app)


def dispatched(app: Flask) -> Any:
    return DispatcherMiddleware(app.wsgi_app, {"/other": NotFound()})


def proxied_twice(app: Flask) -> Any:
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    return app.wsgi_app


@pytest.mark.parametrize("optimize", [True, False], ids=["optimized", "plain"])
@pytest.mark.parametrize("kept", [only_wsgi_app, proxied, dispatched, proxied_twice])
def test_an_app_of_which_only_wsgi_app_is_kept(
    make_app: MakeApp, kept: Callable[[Flask], Any], optimize: bool
) -> None:
    """A server that is given ``create_app().wsgi_app``, perhaps in a middleware, serves the app."""
    application = kept(make_app(optimize=optimize, after=with_urls))
    gc.collect()
    client = Client(application)
    for _ in range(3):
        for path in ("/static/app.css", "/", "/urls"):
            with client.get(path) as response:
                assert response.status_code == 200, path
        assert client.get("/static/none.css").status_code == 404
    assert client.get("/urls").text.startswith("/static/app.css")
    assert client.get("/urls").text == client.get("/urls").text


def with_urls(app: Flask) -> None:
    app.add_url_rule("/urls", "urls", lambda: url_for("static", filename="app.css"))


@pytest.mark.parametrize("optimize", [True, False], ids=["optimized", "plain"])
def test_an_app_of_which_only_a_method_is_kept(make_app: MakeApp, optimize: bool) -> None:
    """A method of an app that the extension replaces keeps the app, as a bound method does."""
    app = make_app(optimize=optimize, SERVER_NAME="localhost")
    app.test_client().get("/static/app.css").close()
    builds, adapts = app.url_for, app.create_url_adapter
    request = app.request_class(create_environ("/static/app.css"))
    del app
    gc.collect()
    assert "/static/app.css" in builds("static", filename="app.css")
    adapter = adapts(request)
    assert adapter is not None
    assert adapter.match()[0] == "static"


def test_a_dropped_app_with_flask_session(make_app: MakeApp) -> None:
    """A dropped app with server-side sessions is freed."""
    from cachelib import SimpleCache
    from flask_session import Session

    app = make_app(before=Session, SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_the_public_names() -> None:
    """They are imported when they are first used, and are what their modules have."""
    for name in flask_static_optimizer.__all__:
        assert name in dir(flask_static_optimizer)
        assert getattr(flask_static_optimizer, name) is vars(flask_static_optimizer)[name]
    with pytest.raises(AttributeError, match="'flask_static_optimizer' has no attribute 'nothing'"):
        _ = flask_static_optimizer.nothing
    found: dict[str, Any] = {}
    exec("from flask_static_optimizer import *", found)
    assert {*flask_static_optimizer.__all__} <= {*found}
