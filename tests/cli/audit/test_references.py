"""Static files that templates name by 'url_for' with the values written out."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

pytestmark = pytest.mark.usefixtures("settled")

CODE = "missing-file"


def shop(app: Flask) -> None:
    app.register_blueprint(
        Blueprint("shop", __name__, static_folder=app.static_folder, url_prefix="/shop")
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("endpoint", "name"), [("static", "img/lgo.svg"), ("shop.static", "ap.css"), (".static", "x")]
)
def test_a_name_without_a_file(make_app, audited, template, caplog, strict, endpoint, name):
    """The finding says where it is, and the audit goes on."""
    path = template(f"\n<img src=\"{{{{ url_for('{endpoint}', filename='{name}') }}}}\">")
    found = audited(make_app(before=shop, STATIC_OPTIMIZER_STRICT=strict, TESTING=False))
    assert (found.status, [*found.findings]) == (1, [CODE])
    assert found.findings[CODE]["severity"] == "error"
    assert found.findings[CODE]["places"] == [f"{path}:2: url_for({endpoint!r}, filename={name!r})"]
    assert "/static/app.css" in {row["url"] for row in found.rows}


@pytest.mark.parametrize(
    "call",
    [
        "'static', filename='app.css'",
        "'.static', filename='app.css'",
        "'static', filename=''",
        "'static', filename='private'",
        "'static', filename='later/'",
        "'static', filename='of/others.css'",
        "'static', filename=name",
        "'none.static', filename='x.css'",
        "'page', filename='x.css'",
    ],
)
def test_what_is_no_mistake(make_app, audited, template, call):
    """Folders, to which a script adds a name, and what is not for the audit to say."""
    template(f"{{{{ url_for({call}) }}}}")
    app = make_app(before=shop, STATIC_OPTIMIZER_RULES={"*static:of/*": {"audit": False}})
    assert CODE not in audited(app).findings


def test_a_name_with_its_fingerprint(make_app, audited, template):
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT="path")
    with app.test_request_context():
        name = app.url_for("static", filename="app.css").removeprefix("/static/")
    template(f"{{{{ url_for('static', filename='{name}') }}}}")
    assert CODE not in audited(app).findings
