"""The panel of Flask-DebugToolbar: the static files of the page, and what to do about them."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, render_template_string, request
from flask_debugtoolbar import DebugToolbarExtension

from flask_static_optimizer import StaticOptimizer, cacheable_static

PANEL = "flask_static_optimizer.monitoring.debug_panel.StaticOptimizerPanel"
#: A name that is HTML, and one that is a template.
NASTY = "<img src=x onerror=alert(1)> {{ 7*7 }}.css"

FILES = {
    "app.css": "p { background: url(gone.png) }\n" * 100,
    "main.js": "import './lib.js'\n",
    "lib.js": "export default 1\n",
    "old.js": "var a = 1\n",
    "private/a.pdf": "%PDF-",
}

Show = Callable[..., "Panel"]


class Panel(HTMLParser):
    """The panel in a page: the cells of each row, and the sentences between the tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        #: The panel as HTML, and all that its page has in the toolbar.
        self.html = page.partition('id="flDebugStaticOptimizerPanel-content"')[2]
        self.toolbar = page.partition('id="flDebug"')[2]
        self.rows: list[list[str]] = []
        self.sentences: list[str] = []
        #: The elements in it.
        self.tags: set[str] = set()
        self._into: list[str] | None = None
        self.feed(self.html)
        self.files = {row[0]: row[1:] for row in self.rows if len(row) == 6}
        self.findings = {row[0]: row[2] for row in self.rows if len(row) == 3}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "p"):
            self._into = self.rows[-1] if tag == "td" else self.sentences
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "p"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] = (self._into[-1] + data).strip()


@pytest.fixture
def show(tmp_path: Path, settled: None) -> Show:
    """Return a function that shows the panel of a page with some body."""
    for name, text in FILES.items():
        path = tmp_path / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def show(
        body: str,
        *,
        before: Callable[[Flask], Any] = lambda app: None,
        environ: dict[str, Any] | None = None,
        **config: Any,
    ) -> Panel:
        app = Flask("panel", root_path=str(tmp_path))
        app.config.update(SECRET_KEY="x", DEBUG_TB_PANELS=[PANEL], **config)
        app.debug = True

        @app.get("/")
        def page() -> str:
            return render_template_string(f"<html><body>{body}</body></html>")

        @app.get("/chart")
        @cacheable_static(max_age=60)
        def chart() -> str:
            return "chart"

        before(app)
        StaticOptimizer(app)
        DebugToolbarExtension(app)
        response = app.test_client().get(
            "/", headers={"Accept-Encoding": "gzip"}, environ_overrides=environ or {}
        )
        data = response.data
        if response.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return Panel(data.decode())

    return show


def built(name: str) -> str:
    return f"<link href=\"{{{{ url_for('static', filename='{name}') }}}}\">"


def test_a_fingerprinted_file(show: Show) -> None:
    """Its age is that outside debug mode, where nothing is kept and nothing is compressed."""
    panel = show(built("app.css"))
    ((url, row),) = panel.files.items()
    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{16}", url)
    place, kind, age, size, coded = row
    assert (place, kind, age) == ("static:app.css", "fingerprinted", "max-age=31536000, immutable")
    assert size == f"{len(FILES['app.css']):,}"
    assert re.fullmatch(r"\d\d \(gzip\)", coded)
    assert "1 file, 1 finding" in panel.toolbar


@pytest.mark.parametrize(
    ("url", "kind", "age"),
    [
        ("/static/old.js", "plain", "max-age=3600"),
        ("/static/old.js?v=0123456789abcdef", "of another version", "no-cache"),
        ("/static/main.js", "plain", "no-cache"),
        ("/static/nowhere.js", "missing", ""),
        ("/static/private/a.pdf", "plain", "private, no-cache"),
        ("/chart", "a view", "max-age=60"),
        ("static/old.js", "plain", "max-age=3600"),
        ("http://localhost/static/old.js", "plain", "max-age=3600"),
    ],
)
def test_a_url_in_the_page(show: Show, url: str, kind: str, age: str) -> None:
    rules = {"static:private/*": {"session": "protected"}}
    panel = show(f'<a href="{url}">', STATIC_OPTIMIZER_RULES=rules)
    assert panel.files[url][1:3] == [kind, age]


def test_what_is_not_static_is_not_listed(show: Show) -> None:
    """Pages, other hosts, and text that only looks like a URL."""
    body = (
        '<a href="/" title="http://[x" alt="/static"><img src="https://example.org/static/app.css">'
    )
    panel = show(body)
    assert panel.files == {}
    assert "0 files, no findings" in panel.toolbar


def test_all_attributes_and_sets(show: Show) -> None:
    panel = show('<img srcset="/static/a.png 1x, /static/b.png 2x" data-more="/static/old.js">')
    assert list(panel.files) == ["/static/a.png", "/static/b.png", "/static/old.js"]


@pytest.mark.parametrize(
    ("config", "environ"),
    [
        ({"STATIC_OPTIMIZER_FINGERPRINT": "path"}, {}),
        (
            {
                "STATIC_OPTIMIZER_HOST_URL": "https://cdn.example.com/x",
                "STATIC_OPTIMIZER_HOST_URL_IN_DEBUG": True,
            },
            {},
        ),
        ({}, {"SCRIPT_NAME": "/below"}),
        ({"STATIC_OPTIMIZER_ROOT_FILES": ["old.js"]}, {}),
    ],
)
def test_wherever_it_comes_from(show: Show, config: Any, environ: Any) -> None:
    panel = show(built("old.js"), environ=environ, **config)
    ((_, row),) = panel.files.items()
    assert row[:3] == ["static:old.js", "fingerprinted", "max-age=31536000, immutable"]
    assert panel.findings == {}


def test_what_the_audit_says(show: Show) -> None:
    """It is what ``flask static audit`` says of these files, and of no others."""
    body = built("app.css") + '<script src="/static/old.js"></script><img src="/static/no.png">'
    findings = show(body).findings
    said = {text.partition(":")[0] + ":" + place for text, place in findings.items()}
    assert said == {
        "error:static:app.css: gone.png",
        "error:/: /static/no.png",
        "warning:/: /static/old.js",
    }
    elsewhere = "{% set _ = url_for('static', filename='app.css') %}"
    assert "gone.png" not in str(show(elsewhere + '<img src="/static/no.png">').findings)


MODULES = '<script type="module" src="/static/main.js"></script>'


def test_what_an_import_map_would_save(show: Show) -> None:
    panel = show(MODULES)
    assert any("would spare 1 request" in text and "main.js" in text for text in panel.sentences)
    assert any("ES modules are asked for" in text for text in panel.findings)


def test_what_the_import_map_saves(show: Show) -> None:
    body = "{{ static_importmap() }}" + built("main.js")
    panel = show(body, STATIC_OPTIMIZER_IMPORTMAP=True)
    assert any("gives 3 scripts URLs" in text for text in panel.sentences)
    assert "ES modules" not in str(panel.findings)


def test_a_page_without_the_map_that_all_have(show: Show) -> None:
    panel = show(built("main.js"), STATIC_OPTIMIZER_IMPORTMAP=True)
    assert any("has modules and no import map" in text for text in panel.sentences)


def test_what_preload_saves(show: Show) -> None:
    body = built("app.css") + built("old.js")
    (would,) = show(body).sentences
    assert would.startswith("STATIC_OPTIMIZER_PRELOAD = ['style', 'script', 'font'] would have 2")
    (does,) = show(body, STATIC_OPTIMIZER_PRELOAD=["style"]).sentences
    assert does == "The Link header asks for 1 file (app.css) before the page is read."


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_names_are_text(show: Show, tmp_path: Path) -> None:
    """A name of a file, and a URL, are nobody's HTML and nobody's template."""
    (tmp_path / "static" / NASTY).write_text("p {}")

    def unescaping(app: Flask) -> None:
        app.jinja_env.autoescape = False

        @app.context_processor
        def names() -> dict[str, str]:
            return {"nasty": NASTY}

    body = "<link href=\"{{ url_for('static', filename=nasty) }}\">"
    body += "<a href='/static/<b>no</b>.css?<script>alert(2)</script>'>"
    panel = show(body, before=unescaping)
    assert [row[0] for row in panel.files.values()] == [
        f"static:{NASTY}",
        "static:<b>no</b>.css",
    ]
    assert panel.tags.isdisjoint({"img", "b", "script"})
    assert "{{ 7*7 }}" in unescape(panel.html)


def test_a_compressed_page(show: Show) -> None:
    def compressing(app: Flask) -> None:
        # Before the toolbar's function, as it was registered after it.
        @app.before_request
        def later() -> None:
            from flask import after_this_request

            @after_this_request
            def compress(response: Response) -> Response:
                if request.path == "/":
                    response.set_data(gzip.compress(response.get_data()))
                    response.headers["Content-Encoding"] = "gzip"
                return response

    assert list(show('<a href="/static/old.js">', before=compressing).files) == ["/static/old.js"]


def test_the_counters_and_the_endpoints(show: Show) -> None:
    html = show("").html
    assert "<td>session reads avoided</td><td>0</td>" in html
    assert "<td>static</td><td>isolated</td>" in html


def test_a_file_that_can_not_be_read(show: Show, tmp_path: Path) -> None:
    """The page is shown, and the panel says why."""
    (tmp_path / "static" / "loop.css").symlink_to("loop.css")
    panel = show('<link href="/static/loop.css">')
    assert panel.files["/static/loop.css"][1].startswith(("missing", "unreadable"))


def test_without_the_extension() -> None:
    app = Flask("panel")
    app.config.update(SECRET_KEY="x", DEBUG_TB_PANELS=[PANEL])
    app.debug = True
    app.add_url_rule("/", view_func=lambda: "<html><body>page</body></html>")
    DebugToolbarExtension(app)
    assert "not installed" in app.test_client().get("/").text


def test_nothing_is_loaded_outside_debug_mode() -> None:
    """Neither the panel nor the audit, though the configuration names the panel."""
    code = f"""
import sys
from flask import Flask
from flask_debugtoolbar import DebugToolbarExtension
from flask_static_optimizer import StaticOptimizer
app = Flask("app")
app.config.update(SECRET_KEY="x", DEBUG_TB_PANELS=[{PANEL!r}])
app.add_url_rule("/", view_func=lambda: "<html><body></body></html>")
StaticOptimizer(app)
DebugToolbarExtension(app)
environ = app.test_request_context("/").request.environ
b"".join(app.wsgi_app(environ, lambda *_: None))
loaded = [name for name in sys.modules if "debug_panel" in name or "cli.audit" in name]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True)
