"""The age of files by what they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for

MakeApp = Callable[..., Flask]

HOUR = "max-age=3600"
LOOKS_OLD = ("a.css", "classic.js", "a.png", "a.svg", "a.woff2", "a.mp4", "a.pdf", "a.txt", "a.zip")
BREAKS = (
    "a.html",
    "a.htm",
    "module.js",
    "lazy.js",
    "empty.mjs",
    "a.json",
    "a.js.map",
    "a.wasm",
    "a.webmanifest",
    "a.geojson",
    "a.xml",
    "a.csv",
)
SOURCES = {
    "classic.js": b"// import nothing\nvar a = 'import(b)'",
    "module.js": b"export const a = 1",
    "lazy.js": b"document.onclick = () => import('./module.js')",
}


@pytest.fixture(autouse=True)
def files(static_folder: Path) -> None:
    for name in LOOKS_OLD + BREAKS:
        (static_folder / name).write_bytes(SOURCES.get(name, b"" if "mjs" in name else b"x"))


def decorate(app: Flask) -> None:
    view = app.view_functions["static"]

    @wraps(view)
    def decorated(**values: Any) -> Any:
        return view(**values)

    app.view_functions["static"] = decorated


def said(app: Flask, url: str, **headers: str) -> str | None:
    with app.test_client().get(url, headers=headers) as response:
        assert response.status_code == 200
        return response.headers["Cache-Control"]


@pytest.mark.parametrize(
    "settings", [{}, {"STATIC_OPTIMIZER_IMPORTMAP": True}, {"after": decorate}]
)
def test_what_breaks_is_asked_for_again(make_app: MakeApp, settings: dict[str, Any]) -> None:
    app = make_app(**settings)
    found = {name: said(app, f"/static/{name}") for name in LOOKS_OLD + BREAKS}
    assert found == {name: HOUR if name in LOOKS_OLD else "no-cache" for name in found}


@pytest.mark.parametrize(
    ("config", "age"),
    [
        ({"STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE": 7}, "max-age=7"),
        ({"SEND_FILE_MAX_AGE_DEFAULT": 8}, "max-age=8"),
        ({"STATIC_OPTIMIZER_RULES": {"static:a.*": {"max_age": 9}}}, "max-age=9"),
        ({"STATIC_OPTIMIZER_RULES": {"static:a.*": {"immutable": True}}}, f"{HOUR}, immutable"),
    ],
)
def test_the_apps_word_comes_first(make_app: MakeApp, config: dict[str, Any], age: str) -> None:
    app = make_app(**config)
    assert said(app, "/static/a.html") == said(app, "/static/a.css") == age


@pytest.mark.parametrize("mode", ["query", "path"])
def test_modules_keep_their_plain_url(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    """A module has one URL without an import map, and an old page's URL is asked for again."""
    (static_folder / "of.css").write_bytes(b"a { b: url(module.js); c: url(a.png) }")
    config = {"STATIC_OPTIMIZER_FINGERPRINT": mode, "STATIC_OPTIMIZER_PRELOAD": ["module"]}
    mapped = make_app(STATIC_OPTIMIZER_IMPORTMAP=True, **config)
    plain = make_app(**config)
    for name in ("module.js", "lazy.js", "empty.mjs"):
        with mapped.test_request_context():
            fingerprinted = url_for("static", filename=name)
        with plain.test_request_context():
            assert url_for("static", filename=name) == f"/static/{name}" != fingerprinted
        assert said(mapped, fingerprinted) == "max-age=31536000, immutable"
        for _ in range(2):
            assert said(plain, fingerprinted) == "no-cache"
    css = plain.test_client().get("/static/of.css").data
    assert b"url(module.js)" in css
    assert b"url(a.png)" not in css
    with plain.test_request_context():
        assert url_for("static", filename="classic.js") != "/static/classic.js"
