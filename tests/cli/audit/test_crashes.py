"""What an app may hold: the audit says what it did not understand, and ends in no traceback."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, redirect
from jinja2 import FunctionLoader

from conftest import closed_to_us
from flask_static_optimizer import cacheable_static

pytestmark = pytest.mark.usefixtures("settled")


#: Text that begins like a URL.
TEXTS = [
    "Example of an XPath: //*[contains(text(), 'x')]",
    '<a href="//[::1">',
    "<a href='/static/[x]/%zz/\udcff?a[b]=1'>".replace("\udcff", "é"),
    "<a href='/static/%00/%ff%fe'>",
    "<a href=/static/../../etc/passwd>",
    '= / ( // , /// "/"',
    "<a href='http://[bad'> url(//[)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_is_no_url(make_app, audited, template, text):
    template(text)
    found = audited(make_app())
    assert found.status == (1 if "/static/" in text else 0)
    assert {*found.findings} <= {"missing-file"}


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe<\0a\0>\0",
        b"caf\xe9 /static/app.css",
        b"\x89PNG\r\n\x1a\n\0",
        b"{% if %}",
        b"{% nonsense %}{{",
        b"{{ '" + b"(" * 3000,
    ],
)
def test_a_template_that_is_none(make_app, audited, template, text):
    template(text)
    found = audited(make_app())
    assert (found.status, [*found.findings]) == (0, ["template-unread"])


@pytest.mark.parametrize(
    "text",
    [
        "{{ url_for('nowhere') }}",
        "{{ url_for() }}{{ url_for(name, filename=x) }}",
        "{{ url_for('static') }}",
        "{{ url_for('static', filename=3) }}{{ url_for('static', **x) }}{{ url_for(*x) }}",
        "{{ url_for('page', _scheme='x') }}",
    ],
)
def test_url_for_that_can_not_be_built(make_app, audited, template, text):
    template(text)
    found = audited(make_app())
    assert (found.status, found.findings) == (0, {})


def test_a_loader_that_lists_nothing(make_app, audited):
    def plant(app: Flask) -> None:
        app.jinja_env.loader = FunctionLoader(lambda _: None)

    found = audited(make_app(before=plant))
    assert (found.status, [*found.findings]) == (0, ["template-unread"])


def test_a_name_that_is_not_utf_8(make_app, audited, static_folder):
    try:
        with open(os.path.join(os.fsencode(static_folder), b"caf\xe9.css"), "wb") as file:
            file.write(b"a{b:url(gone.png)}")
    except OSError:
        pytest.skip("this file system has no such names")
    for config in ({}, {"STATIC_OPTIMIZER_FINGERPRINT": False}):
        found = audited(make_app(**config))
        assert found.status == 1
        assert found.findings["name-not-utf-8"]["places"] == [r"static: caf\udce9.css"]


def test_a_template_name_that_is_not_utf_8(make_app, audited, template, tmp_path):
    template("x")
    try:
        with open(os.path.join(os.fsencode(tmp_path), b"templates", b"\xe9.html"), "wb") as file:
            file.write(b'<img src="/static/gone.png">')
    except OSError:
        pytest.skip("this file system has no such names")
    found = audited(make_app())
    assert "missing-file" in found.findings
    assert r"\xe9.html" in found.findings["missing-file"]["places"][0]


def test_views_that_raise(make_app, audited):
    def plant(app: Flask) -> None:
        @app.get("/late")
        @cacheable_static
        def late() -> Response:
            def body() -> Any:
                yield b"begun"
                raise LookupError("in the middle")

            return Response(body())

        @app.get("/exit.txt")
        def text() -> str:
            raise LookupError("of a page")

    found = audited(make_app(before=plant, TESTING=False))
    assert found.status == 1
    assert "LookupError" in found.findings["raises"]["problem"]


def test_views_that_redirect(make_app, audited):
    def plant(app: Flask) -> None:
        app.add_url_rule("/old.css", "old", lambda: redirect("/static/app.css"))
        app.add_url_rule("/folder/", "folder", lambda: "folder")

    app = make_app(before=plant)
    found = audited(app, "--url", "/folder", "--url", "/static//app.css", "--url", "/old.css")
    assert (found.status, [*found.findings]) == (0, ["not-static"])


def test_a_folder_with_a_variable_in_its_url(make_app, audited, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.css").write_text("a {}")

    def plant(app: Flask) -> None:
        app.register_blueprint(
            Blueprint("b", "b", root_path=str(tmp_path), static_folder="more", url_prefix="/<lang>")
        )

    found = audited(make_app(before=plant))
    assert (found.status, found.findings) == (0, {})
    assert [row["status"] for row in found.rows if row["endpoint"] == "b.static"] == [None]


def test_a_file_that_can_not_be_read(make_app, audited, static_folder, template):
    """The request for the file says so, and its references are not looked at."""
    template("<link href=/static/own.css>")
    (static_folder / "own.css").write_text("a { b: url(app.js) }")
    for config in ({}, {"STATIC_OPTIMIZER_FINGERPRINT": False}):
        app = make_app(TESTING=False, **config)
        with closed_to_us(static_folder / "own.css"):
            found = audited(app)
        assert "fails" in found.findings
