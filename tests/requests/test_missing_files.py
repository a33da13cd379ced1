"""Requests for files that are not there are ordinary ones: plain Flask is the control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, flash, render_template_string, session
from werkzeug.routing import UnicodeConverter

from conftest import Browser
from flask_static_optimizer import StaticOptimizer, is_static_request

Handler = Callable[[Flask], Callable[[Exception], Any]]


def shell(app: Flask) -> Callable[[Exception], Any]:
    return lambda error: app.send_static_file("index.html")


def page(app: Flask) -> Callable[[Exception], Any]:
    text = "user={{ session.get('user') }} {{ get_flashed_messages() }}"
    return lambda error: render_template_string(text)


def not_found(app: Flask) -> Callable[[Exception], Any]:
    return lambda error: (f"no such page, {session.get('user', 'stranger')}", 404)


def counting(app: Flask) -> Callable[[Exception], Any]:
    def count(error: Exception) -> Any:
        session["misses"] = session.get("misses", 0) + 1
        return f"{session['misses']} misses", 404

    return count


def own_word(app: Flask) -> Callable[[Exception], Any]:
    return lambda error: ("gone", 404, {"Cache-Control": "max-age=60"})


def build(folder: Path, at: str, handler: Handler, *, optimize: bool) -> Flask:
    """Make an app with a log-in whose static files are at a place."""
    root_files = at == "blueprint at /"
    app = Flask(
        "app",
        root_path=str(folder),
        static_url_path="" if at == "root" else "/static",
    )
    app.test_client_class = Browser
    app.config.update(SECRET_KEY="k", STATIC_OPTIMIZER_CACHE_DIR=str(folder / "kept"))
    if root_files:
        blueprint = Blueprint("files", "app", root_path=str(folder), static_folder="static",
                              static_url_path="/")  # fmt: skip
        app.register_blueprint(blueprint)

    @app.get("/login")
    def login() -> str:
        session["user"] = "ada"
        flash("hello")
        return "in"

    app.register_error_handler(404, handler(app))
    if optimize:
        StaticOptimizer(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<html>shell</html>")
    return tmp_path


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("handler", [shell, page, not_found, counting, own_word])
@pytest.mark.parametrize("at", ["/static", "root", "blueprint at /"])
def test_it_is_as_in_plain_flask(folder: Path, at: str, handler: Handler, method: str) -> None:
    """An error page, a fallback or a flash message sees the session as in plain Flask."""
    answers = []
    for optimize in (False, True):
        client = build(folder, at, handler, optimize=optimize).test_client()
        client.get("/login")
        path = "/static/no.css" if at == "/static" else "/dashboard/7"
        seen = []
        for _ in range(2):
            response = client.open(path, method=method)
            seen.append(
                (
                    response.status_code,
                    response.text,
                    response.headers.get("Vary"),
                    "Set-Cookie" in response.headers,
                )
            )
        answers.append(seen)
        if optimize and response.status_code == 404:
            said = "max-age=60" if handler is own_word else "no-store"
            assert response.headers["Cache-Control"] == said
    assert answers[0] == answers[1]


def test_hooks_see_an_ordinary_request(folder: Path) -> None:
    """A hook that steps aside for static requests does its work for a missing file."""
    app = build(folder, "root", not_found, optimize=True)
    seen = []
    app.before_request(lambda: seen.append(is_static_request()))
    client = app.test_client()
    client.get("/index.html")
    client.get("/dashboard")
    assert seen == [True, False]


@pytest.mark.parametrize("name", [".env", "../app.py", "a/../.env"])
def test_what_is_not_served_is_not_there(folder: Path, name: str) -> None:
    """A dotfile stays unserved, and its error page is an ordinary one."""
    (folder / "static" / ".env").write_text("SECRET=1")
    client = build(folder, "/static", not_found, optimize=True).test_client()
    client.get("/login")
    response = client.get(f"/static/{name}")
    assert (response.status_code, "SECRET" in response.text) == (404, False)
    assert "ada" in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_a_file_that_comes_between(folder: Path) -> None:
    """A file that comes after the session was opened is sent, and nobody keeps it."""
    app = build(folder, "/static", not_found, optimize=True)
    late = folder / "static" / "late.css"

    @app.url_value_preprocessor
    def write(endpoint: str | None, _: Any) -> None:
        if endpoint == "static":
            late.write_text("a {}")

    client = app.test_client()
    client.get("/login")
    response = client.get("/static/late.css")
    assert (response.status_code, response.text) == (200, "a {}")
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize(
    ("name", "expected"),
    [("no.css", (404, "no-store")), ("index.html", (200, "private, no-cache"))],
)
def test_a_url_converter_that_reads_the_session(
    folder: Path, name: str, expected: tuple[int, str]
) -> None:
    """The URL is known late where a converter needs the session; a missing file is the same."""

    class Tenant(UnicodeConverter):
        def to_python(self, value: str) -> str:
            return f"{value} {session.get('user')}"

    app = build(folder, "/static", not_found, optimize=True)
    app.url_map.converters["tenant"] = Tenant
    shop = Blueprint("shop", "app", root_path=str(folder), static_folder="static",
                     url_prefix="/<tenant:tenant>")  # fmt: skip
    shop.url_value_preprocessor(lambda _, args: args.pop("tenant") and None)
    app.register_blueprint(shop)
    client = app.test_client()
    client.get("/login")
    response = client.get(f"/one/static/{name}")
    assert (response.status_code, response.headers["Cache-Control"]) == expected
    assert ("ada" in response.text) == (response.status_code == 404)
