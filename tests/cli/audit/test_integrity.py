"""'flask static audit' of integrity attributes that are written out."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("settled")

CSS = b"a { background: url(../dot.png) }"
HASH = "sha384-" + base64.b64encode(hashlib.sha384(CSS).digest()).decode()
URL = "url_for('static', filename='vendor/x.css')"


def audited(make_app: Any, static_folder: Path, page: str, **config: Any) -> list[dict[str, Any]]:
    (static_folder / "vendor").mkdir(exist_ok=True)
    (static_folder / "vendor" / "x.css").write_bytes(CSS)
    (static_folder / "dot.png").write_bytes(b"dot")
    (static_folder / "plain.css").write_bytes(b"a { color: red }")
    templates = static_folder.parent / "templates"
    templates.mkdir(exist_ok=True)
    (templates / "page.html").write_text(page)
    app = make_app(TESTING=False, **config)
    result = app.test_cli_runner().invoke(args=["static", "audit", "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    findings = json.loads(result.stdout)["findings"]
    return [finding for finding in findings if finding["code"] == "integrity"]


@pytest.mark.parametrize(
    "link",
    [
        f'<link rel=stylesheet href="{{{{ {URL} }}}}" integrity="{HASH}">',
        f"<LINK integrity='{HASH}' crossorigin href={{{{ {URL} }}}} rel=stylesheet>",
        f'<link integrity="{HASH}" href="{{{{ url_for(\n"static",\nfilename="vendor/x.css") }}}}">',
        f'<link href="{{{{ {URL} | safe }}}}?v=1.2.3" integrity="{HASH}">',
        f"<link href='{{{{ {URL} if x }}}}' integrity='{HASH}' {{% if y %}}a{{% endif %}}>",
        f'<link href="/static/vendor/x.css" integrity="{HASH}">',
        f'<link href="/static/vendor/x.css?v=5" integrity="sha256-aaaa {HASH}">',
    ],
)
def test_a_stylesheet_that_is_rewritten(make_app: Any, static_folder: Path, link: str) -> None:
    (finding,) = audited(make_app, static_folder, f"{{# one #}}\n<p>{{{{ two\n }}}}</p>\n{link}\n")
    assert finding["severity"] == "error"
    assert '{"static:vendor/x.css": {"rewrite": False}}' in finding["fix"]
    assert "static_integrity('vendor/x.css', 'static')" in finding["fix"]
    (place,) = finding["places"]
    assert place.endswith("page.html:4: vendor/x.css")


@pytest.mark.parametrize(
    ("link", "config"),
    [
        # What the finding says to do.
        (
            f'<link href="{{{{ {URL} }}}}" integrity="{HASH}">',
            {"STATIC_OPTIMIZER_RULES": {"static:vendor/x.css": {"rewrite": False}}},
        ),
        (
            f"<link href='{{{{ {URL} }}}}'"
            " integrity='{{ static_integrity(\"vendor/x.css\") }}'>",
            {},
        ),
        (
            f'<link href="{{{{ {URL} }}}}" integrity="{HASH}">',
            {"STATIC_OPTIMIZER_FINGERPRINT": False},
        ),
        (f'<link href="{{{{ {URL} }}}}">', {}),
        (f'<!-- <link href="{{{{ {URL} }}}}" integrity="{HASH}"> -->', {}),
        (f'{{# <link href="{{{{ {URL} }}}}" integrity="{HASH}"> #}}', {}),
        (f'<link href="/static/plain.css" integrity="{HASH}">', {}),
        (f'<link href="https://cdn.test/static/vendor/x.css" integrity="{HASH}">', {}),
        (
            f'<link href="http://[" integrity="{HASH}">'
            f'<link href="{{{{ x }}}}" integrity="{HASH}">',
            {},
        ),
        (f'<link href="{{{{ url_for(\'gone\', filename=y) }}}}" integrity="{HASH}">', {}),
    ],
)
def test_what_is_right(
    make_app: Any, static_folder: Path, link: str, config: dict[str, Any]
) -> None:
    assert audited(make_app, static_folder, link, **config) == []


def test_the_hash_of_what_is_served(make_app: Any, static_folder: Path) -> None:
    """A hash that somebody took of the rewritten bytes is right."""
    link = f'<link href="{{{{ {URL} }}}}" integrity="{HASH}">'
    assert audited(make_app, static_folder, link)
    served = make_app().test_client().get("/static/vendor/x.css").data
    assert served != CSS
    right = "sha512-" + base64.b64encode(hashlib.sha512(served).digest()).decode()
    assert audited(make_app, static_folder, link.replace(HASH, right)) == []
