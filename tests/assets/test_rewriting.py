"""The references of vendored stylesheets, and stylesheets that go out as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for

from flask_static_optimizer import ConfigurationError, cacheable_static

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

YEAR = "max-age=31536000, immutable"
FONTS = b"""@font-face { font-family: F; src: url('fonts/f.eot?v=4.7.0');
  src: url('fonts/f.eot?#iefix&v=4.7.0') format('eot'), url('fonts/f.woff2?v=4.7.0'),
  url('fonts/f.svg?e4v2gs#icons') }
"""
KEPT = {"STATIC_OPTIMIZER_RULES": {"static:vendor/*": {"rewrite": False}}}


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["query", "path"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def vendor(static_folder: Path) -> Path:
    """Make a vendored icon font: a stylesheet and its files."""
    vendor = static_folder / "vendor"
    (vendor / "fonts").mkdir(parents=True)
    (vendor / "font.css").write_bytes(FONTS)
    for name in ("f.eot", "f.woff2", "f.svg"):
        (vendor / "fonts" / name).write_bytes(b"the font " + name.encode())
    return vendor


def url_of(app: Flask, name: str, **values: Any) -> str:
    with app.test_request_context():
        return url_for("static", filename=name, **values)


def test_references_with_a_query(make_app: MakeApp, vendor: Path, mode: str) -> None:
    """A font that is referred to with a query is good for a year, and keeps its query."""
    client = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode).test_client()
    plain = make_app(optimize=False).test_client()
    before = re.findall(r"url\('(.*?)'\)", plain.get("/static/vendor/font.css").text)
    after = re.findall(r"url\('(.*?)'\)", client.get("/static/vendor/font.css").text)
    assert len(before) == len(after) == 4
    for old, new in zip(before, after, strict=True):
        path, _, rest = old.partition("?")
        assert all(part in new for part in rest.split("#") if part)
        answer = client.get(f"/static/vendor/{new.partition('#')[0]}")
        assert answer.headers["Cache-Control"] == YEAR
        assert answer.data == plain.get(f"/static/vendor/{path}").data
    # When the font changes, so do its URL and that of the stylesheet.
    (vendor / "fonts" / "f.woff2").write_bytes(b"another font")
    changed = re.findall(r"url\('(.*?)'\)", client.get("/static/vendor/font.css").text)
    assert [old != new for old, new in zip(after, changed, strict=True)] == [0, 0, 1, 0]


def test_a_stylesheet_as_it_is(make_app: MakeApp, mode: str) -> None:
    """A stylesheet under ``rewrite: False`` goes out byte for byte, and is good for a year."""
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, **KEPT)
    plain = make_app(optimize=False).test_client().get("/static/vendor/font.css")
    url = url_of(app, "vendor/font.css")
    assert url != "/static/vendor/font.css"
    for _ in range(2):
        answer = app.test_client().get(url)
        assert answer.data == plain.data == FONTS
        assert answer.headers["Cache-Control"] == YEAR
    assert answer.headers["Last-Modified"] == plain.headers["Last-Modified"]


def test_one_that_others_import(make_app: MakeApp, static_folder: Path, vendor: Path) -> None:
    """Others refer to it by its fingerprint, even if it imports them."""
    (vendor / "font.css").write_bytes(b"@import '../theme.css';")
    (static_folder / "theme.css").write_bytes(b"@import 'vendor/font.css';")
    client = make_app(**KEPT).test_client()
    reference = client.get("/static/theme.css").text.split("'")[1]
    assert client.get(f"/static/{reference}").headers["Cache-Control"] == YEAR
    assert client.get("/static/vendor/font.css").data == b"@import '../theme.css';"
    # The control: without the rule neither can hold the fingerprint of the other.
    assert "?v=0000000000000000" in make_app().test_client().get("/static/theme.css").text


@pytest.mark.parametrize("value", [None, 0, "no"])
def test_a_value_of_another_type(make_app: MakeApp, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"static:vendor/\*.*rewrite.*True or False"):
        make_app(STATIC_OPTIMIZER_RULES={"static:vendor/*": {"rewrite": value}})


def test_a_rule_for_a_view(make_app: MakeApp) -> None:
    """A view has no stylesheet to rewrite, so a rule for one says where the mistake is."""

    def add(app: Flask) -> None:
        app.add_url_rule("/thing", "thing", cacheable_static(lambda: "thing"))

    rules = {"STATIC_OPTIMIZER_RULES": {"thing": {"rewrite": False}}}
    with pytest.raises(ConfigurationError, match=r"RULES\['thing'\].*rewrite=False.*ordinary view"):
        make_app(before=add, **rules).test_client().get("/thing")
