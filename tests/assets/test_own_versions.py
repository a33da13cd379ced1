"""URLs with a version of the app's own beside the fingerprint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string, url_for

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

YEAR = "max-age=31536000, immutable"
PLAIN_URL = "url_for('static', filename='app.css')"


@pytest.fixture(params=["query", "path"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def default(name: str) -> Callable[[Flask], None]:
    def before(app: Flask) -> None:
        @app.url_defaults
        def add(endpoint: str, values: dict[str, Any]) -> None:
            if endpoint == "static":
                values[name] = "2.154.0"

    return before


def nothing(_: Flask) -> None:
    pass


WAYS: dict[str, tuple[Callable[[Flask], None], str]] = {
    "no version": (nothing, f"{{{{ {PLAIN_URL} }}}}"),
    "a suffix": (nothing, f"{{{{ {PLAIN_URL} }}}}?v=1.2.3"),
    "a suffix without a name": (nothing, f"{{{{ {PLAIN_URL} }}}}?01492711"),
    "a suffix with an &": (
        nothing,
        "{{ url_for('static', filename='app.css', theme='dark') }}&v=1.2.3",
    ),
    "two suffixes": (nothing, f"{{{{ {PLAIN_URL} }}}}?v=1.2.3?v=0123456789abcdef"),
    "an argument": (nothing, "{{ url_for('static', filename='app.css', v='1.2.3') }}"),
    "an argument like a fingerprint": (
        nothing,
        "{{ url_for('static', filename='app.css', v='0123456789abcdef') }}",
    ),
    "a default": (default("v"), f"{{{{ {PLAIN_URL} }}}}"),
    "a default and a suffix": (default("v"), f"{{{{ {PLAIN_URL} }}}}?v=1.2.3"),
    "a default of another name": (default("q"), f"{{{{ {PLAIN_URL} }}}}"),
}


def rendered(app: Flask, template: str) -> str:
    with app.test_request_context():
        return unescape(render_template_string(template))


@pytest.mark.parametrize(("before", "template"), WAYS.values(), ids=list(WAYS))
def test_a_version_beside_the_fingerprint(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    mode: str,
    before: Callable[[Flask], None],
    template: str,
) -> None:
    """The file is good for a year, and the app's own version stays in the URL."""
    plain = rendered(make_app(optimize=False, before=before), template)
    app = make_app(before=before, STATIC_OPTIMIZER_FINGERPRINT=mode)
    url = rendered(app, template)
    for own in ("v=1.2.3", "2.154.0", "01492711", "0123456789abcdef"):
        assert (own in url) == (own in plain)
    client = app.test_client()
    for _ in range(2):
        answer = client.get(url)
        assert answer.headers["Cache-Control"] == YEAR
        assert answer.data == (static_folder / "app.css").read_bytes()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    # Law 5: after a deploy the same URL gets the new bytes, and nobody keeps them for a year.
    (static_folder / "app.css").write_bytes(b"new { color: red }")
    answer = client.get(url)
    assert (answer.data, answer.headers["Cache-Control"]) == (b"new { color: red }", "no-cache")


@pytest.mark.parametrize(
    ("shape", "fix"),
    [
        ("{}1.2.3", "put a '&' between"),
        ("{}-1.2.3", "put a '&' between"),
        ("{};x=1", "put a '&' between"),
        ("{}%3Fv=1.2.3", "put a '&' between"),
        ("{}&x=" + "y" * 2048, "shorten it"),
    ],
)
def test_a_fingerprint_that_can_not_be_read(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, shape: str, fix: str
) -> None:
    """The log says it once for an endpoint, however many such URLs there are."""
    app = make_app()
    urls = [
        shape.format(rendered(app, f"{{{{ url_for('static', filename='{name}') }}}}"))
        for name in ("app.css", "app.js")
    ]
    client = app.test_client()
    for url in (*urls, *(f"{urls[0]}&{number}" for number in range(50))):
        assert "immutable" not in client.get(url).headers["Cache-Control"]
    (record,) = (each for each in caplog.records if "can't be read" in each.message)
    assert fix in record.message
    assert "'app.css' of 'static'" in record.message


def test_versions_of_the_app_alone(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """A URL without a fingerprint has the age of a plain one, and nothing is logged."""
    client = make_app().test_client()
    for query in ("v=1.2.3", "1.2.3", "v=1.2.3?v=4", "v=", "x=v=0123456789abcdef", "?", "&"):
        assert client.get(f"/static/app.css?{query}").headers["Cache-Control"] == "max-age=3600"
    for query in ("v=0123456789abcdef", "v=1&v=0123456789abcdef", "v=0123456789abcdef?v=1.2.3"):
        assert client.get(f"/static/app.css?{query}").headers["Cache-Control"] == "no-cache"
    assert not caplog.records


def test_a_pattern_for_deltas(make_app: MakeApp) -> None:
    """A browser may use the bytes for later versions, wherever the fingerprint stands."""
    app = make_app(STATIC_OPTIMIZER_DELTA=True)
    with app.test_request_context():
        url = url_for("static", filename="app.css", v="1.2.3")
    assert app.test_client().get(url).headers["Use-As-Dictionary"] == r'match="app.css?*v=*"'
