"""A page from one host and its static files from another, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from browser.chromium import Chromium, started
from conftest import free_port

if TYPE_CHECKING:
    from browser.conftest import Site

pytestmark = pytest.mark.usefixtures("settled")

PAGE = """<!doctype html>
<html><head><title>waiting</title>
<link rel="icon" href="data:,">
{% set css = 'css/page.css' %}
<link rel="stylesheet" href="{{ url_for('static', filename='css/main.css') }}">
<link rel="stylesheet" href="{{ url_for('static', filename=css) }}" crossorigin
 integrity="{{ static_integrity(css) }}">
SCRIPTS
</head><body>
{% for name in pictures %}<img src="{{ url_for('static', filename='img/' + name) }}">{% endfor %}
<p id="painted">painted</p>
</body></html>"""

MODULES = """{{ static_importmap() }}
<script type="module" src="{{ url_for('static', filename='js/entry.js') }}"></script>
<script type="module">
import { version } from "/static/js/part3.js";
window.inlineVersion = version;
</script>"""

CLASSIC = """{% set script = 'js/classic.js' %}
<script src="{{ url_for('static', filename=script) }}" crossorigin
 integrity="{{ static_integrity(script) }}"></script>"""

#: What a CDN passes on of a request and of its answer.
ASKED = ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_ORIGIN", "HTTP_RANGE")
PREFIX = "/site"


class Watched(Chromium):
    """A Chromium that keeps what it says in its console."""

    capabilities: ClassVar[dict[str, Any]] = {"goog:loggingPrefs": {"browser": "ALL"}}

    def said(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Watched]:
    pytest.importorskip("selenium")
    with ExitStack() as stack:
        try:
            found = stack.enter_context(started(tmp_path / "profile", Watched))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield found


def pulling(port: int) -> Callable[..., Any]:
    """Make a CDN without a cache: it asks the site for each file, without the prefix."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"].removeprefix(PREFIX)
        headers = {
            key.removeprefix("HTTP_").replace("_", "-"): environ[key]
            for key in ASKED
            if key in environ
        }
        connection = HTTPConnection("localhost", port, timeout=30)
        try:
            connection.request("GET", f"{path}?{environ['QUERY_STRING']}", headers=headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        hidden = {"connection", "date", "server"}
        fields = [pair for pair in response.getheaders() if pair[0].lower() not in hidden]
        start_response(f"{response.status} {response.reason}", fields)
        return [body]

    return answer


@pytest.fixture
def cdn(site: Site) -> Iterator[str]:
    port = free_port()
    handler = type("Silent", (WSGIRequestHandler,), {"log": lambda *_: None})
    server = make_server(
        "127.0.0.1", port, pulling(site.port), threaded=True, request_handler=handler
    )
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    url = f"http://127.0.0.1:{port}{PREFIX}"
    site.write("js/classic.js", "document.title = 'ready';\n")
    site.config["STATIC_OPTIMIZER_HOST_URL"] = url
    yield url
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("kind", "scripts", "count"), [("module", MODULES, 13), ("script", CLASSIC, 1)]
)
def test_everything_comes_from_the_other_host(
    chromium: Watched, site: Site, cdn: str, kind: str, scripts: str, count: int
) -> None:
    """Fonts, modules by the import map, and what has ``integrity``, without a word of complaint."""
    site.config["STATIC_OPTIMIZER_PRELOAD"] = ["style", "font", "image", kind]
    site.start(PAGE.replace("SCRIPTS", scripts))
    chromium.visit(site.url)
    if kind == "module":
        assert chromium.run("return window.versions") == [1] * 12
        assert chromium.run("return window.inlineVersion") == 1
    colour = "return getComputedStyle(document.getElementById('painted')).color"
    assert chromium.run(colour) == "rgb(1, 2, 3)"
    assert chromium.run("return [...document.fonts].map(font => font.status)") == ["loaded"]
    resources = "performance.getEntriesByType('resource')"
    # Without what main.css asks for: a stylesheet of another host keeps that to itself.
    chromium.until(f"return {resources}.length >= {12 + count}")
    loaded = chromium.run(f"return {resources}.map(each => each.name)")
    assert [url for url in loaded if not url.startswith(f"{cdn}/static/")] == []
    assert len([url for url in loaded if "/js/" in url]) == count
    assert [url for url in loaded if "?v=" not in url] == []
    assert sorted(loaded) == sorted(set(loaded)), "a link and its tag fetch alike"
    assert chromium.said() == []
    assert len(site.assets(14 + count)) == 14 + count
    assert chromium.said() == []


def test_the_field_is_what_lets_it(chromium: Watched, site: Site, cdn: str) -> None:
    """Without ``Access-Control-Allow-Origin`` the browser refuses, so the test above can fail."""
    site.config["STATIC_OPTIMIZER_HEADERS"] = {"Access-Control-Allow-Origin": None}
    site.start(PAGE.replace("SCRIPTS", MODULES + CLASSIC))
    chromium.driver.get(site.url)
    chromium.until("return document.readyState === 'complete'")
    said = "\n".join(chromium.said())
    for name in ("tiny.woff2", "entry.js", "classic.js", "page.css"):
        assert name in said
