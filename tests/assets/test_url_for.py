"""The ``url_for`` that fingerprints."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, url_for

from conftest import set_monotonic
from flask_static_optimizer import StaticOptimizer

MakeApp = Callable[..., Flask]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


def url_of(app: Flask, name: str = "app.css", **values: Any) -> str:
    with app.test_request_context():
        return url_for("static", filename=name, **values)


def test_the_place_of_the_fingerprint(app: Flask) -> None:
    """The fingerprint stands behind a query and before an anchor."""
    plain, _, version = url_of(app).partition("?")
    assert (plain, version[:2], len(version)) == ("/static/app.css", "v=", 18)
    assert url_of(app, _anchor="a?b") == f"/static/app.css?{version}#a?b"
    assert url_of(app, theme="dark") == f"/static/app.css?theme=dark&{version}"
    assert url_of(app, v="1") == f"/static/app.css?v=1&{version}"
    assert url_of(app, _external=True) == f"http://localhost/static/app.css?{version}"


def test_an_endpoint_relative_to_the_blueprint(make_app: MakeApp, static_folder: Path) -> None:
    def add(app: Flask) -> None:
        shop = Blueprint("shop", __name__, static_folder=static_folder, url_prefix="/shop")
        shop.add_url_rule("/here", "here", lambda: url_for(".static", filename="app.css"))
        app.register_blueprint(shop)
        app.add_url_rule("/there", "there", lambda: url_for(".static", filename="app.css"))

    client = make_app(before=add).test_client()
    assert client.get("/shop/here").text.startswith("/shop/static/app.css?v=")
    assert client.get("/there").text.startswith("/static/app.css?v=")


def test_an_earlier_template_environment(make_app: MakeApp) -> None:
    """Templates whose environment was made before the extension have its ``url_for``."""
    app = make_app(before=lambda app: app.jinja_env.filters)
    with app.test_request_context():
        text = render_template_string("{{ url_for('static', filename='app.css') }}")
    assert text == url_of(app)
    assert "?v=" in text


def test_a_url_for_of_the_apps_own_is_asked(static_folder: Path) -> None:
    class Counting(Flask):
        asked = 0

        def url_for(self, endpoint: str, **values: Any) -> str:
            self.asked += 1
            return super().url_for(endpoint, **values)

    app = Counting("app", root_path=str(static_folder.parent))
    StaticOptimizer(app)
    assert "?v=" in url_of(app)
    assert app.asked == 1


def test_one_that_was_assigned_too(make_app: MakeApp) -> None:
    def assign(app: Flask) -> None:
        app.url_for = lambda endpoint, **_: f"//cdn.test/{endpoint}"  # type: ignore[method-assign]

    assert url_of(make_app(before=assign)).startswith("//cdn.test/static?v=")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("mode", ["query", "path"])
def test_a_file_is_looked_at_now_and_then(
    make_app: MakeApp, static_folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose URL is made is looked at ten times a second at most."""
    clock = [1000.0]
    monkeypatch.setattr("flask_static_optimizer.assets.urls.BELIEVED", 0.1)
    set_monotonic(monkeypatch, clock)
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    old = url_of(app)
    assert old != url_of(app, "./app.css") or mode == "query"
    assert url_of(app) == old
    (static_folder / "app.css").write_bytes(b"new")
    clock[0] += 0.09
    assert url_of(app) == old
    clock[0] += 0.02
    new = url_of(app)
    assert new != old
    answer = app.test_client().get(new)
    assert (answer.data, "immutable" in answer.headers["Cache-Control"]) == (b"new", True)


@pytest.mark.usefixtures("settled")
def test_a_manifest_is_seen_while_the_file_is_asked_for(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that lists a file later counts in its URLs, although requests for it go on."""
    clock = [1000.0]
    monkeypatch.setattr("flask_static_optimizer.assets.urls.BELIEVED", 0.1)
    set_monotonic(monkeypatch, clock)
    (static_folder / "logo-4Egfh8ja.png").write_bytes(b"picture")
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    client = app.test_client()
    assert "?v=" in url_of(app, "logo-4Egfh8ja.png")
    manifest = '{"logo.png": {"file": "logo-4Egfh8ja.png"}}'
    (static_folder / "manifest.json").write_text(manifest)
    for _ in range(3):
        clock[0] += 0.04
        client.get("/static/logo-4Egfh8ja.png")
    assert url_of(app, "logo-4Egfh8ja.png") == "/static/logo-4Egfh8ja.png"


def test_an_unsettled_file_is_always_looked_at(app: Flask, static_folder: Path) -> None:
    """A file that has not settled is looked at each time that its URL is made."""
    (static_folder / "app.css").write_bytes(b"one")
    one = url_of(app)
    before = os.stat(static_folder / "app.css")
    (static_folder / "app.css").write_bytes(b"two")
    os.utime(static_folder / "app.css", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert url_of(app) != one


@pytest.mark.parametrize("own", [False, True])
def test_the_replaced_url_for_keeps_its_names(make_app: Callable[..., Flask], own: bool) -> None:
    """The app's ``url_for`` has the name, the documentation and the signature that it had."""
    before: list[Any] = []

    def mine(endpoint: str, *, language: str = "en", **values: Any) -> str:
        """Build a URL in a language."""
        return Flask.url_for(app, endpoint, **values)

    def remember(app: Flask) -> None:
        if own:
            app.url_for = mine  # type: ignore[method-assign]
        before.append(app.url_for)

    app = make_app(before=remember)
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(app.url_for, name) == getattr(before[0], name)
    assert inspect.signature(app.url_for) == inspect.signature(before[0])
    assert app.url_for is not before[0]
