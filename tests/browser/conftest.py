"""A real Chromium, and a real site that counts what it is asked for."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
from flask import Flask, render_template_string
from werkzeug.serving import WSGIRequestHandler, make_server

from browser.chromium import Chromium, started
from conftest import free_port
from flask_static_optimizer import StaticOptimizer

MODULES = [f"part{number}" for number in range(12)]
PICTURES = [f"picture{number}.svg" for number in range(8)]

PAGE = """<!doctype html>
<html><head><title>waiting</title>
<link rel="icon" href="{{ url_for('static', filename='icon.svg') }}">
<link rel="stylesheet" href="{{ url_for('static', filename='css/main.css') }}">
<link rel="stylesheet" href="{{ url_for('static', filename='css/page.css') }}">
{{ static_importmap() if mapped else '' }}
<script type="module" src="{{ url_for('static', filename='js/entry.js') }}"></script>
</head><body>
{% for name in pictures %}<img src="{{ url_for('static', filename='img/' + name) }}">{% endfor %}
<p id="painted">painted</p>
</body></html>"""


def font() -> bytes:
    """Make a real web font with one glyph, a square for the letter p."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "p"])
    builder.setupCharacterMap({ord("p"): "p"})
    builder.setupGlyf({".notdef": square, "p": square})
    builder.setupHorizontalMetrics({".notdef": (800, 0), "p": (800, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.font.flavor = "woff2"
    builder.font.recalcTimestamp = False
    made = io.BytesIO()
    builder.save(made)
    return made.getvalue()


def picture(width: int, colour: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="10">'
        f'<rect width="100%" height="100%" fill="{colour}"/></svg>'
    )


class Site:
    """A page of 28 assets in a folder, and a server that notes each request for it."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder = folder
        self.config = {"STATIC_OPTIMIZER_CACHE_DIR": str(folder / "kept"), **config}
        self.optimized = self.mapped = True
        self.page = PAGE
        self.port = free_port()
        self.asked: list[dict[str, Any]] = []
        self._lock = Lock()
        self._server: Any = None

    @property
    def url(self) -> str:
        # A secure context, as dictionaries need one.
        return f"http://localhost:{self.port}/"

    def write(self, name: str, text: str | bytes) -> None:
        """Put a file into place as deploy tools do."""
        path = self.folder / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.replace(new, path)

    def fill(self) -> None:
        self.write("icon.svg", picture(16, "black"))
        self.write("css/main.css", '@import "base.css";\n#painted { color: rgb(1, 2, 3) }\n')
        self.write(
            "css/base.css",
            "@font-face { font-family: Tiny; src: url(../fonts/tiny.woff2?#iefix) }\n"
            "body { margin: 0; font-family: Tiny }\n",
        )
        self.write("fonts/tiny.woff2", font())
        self.write(
            "css/page.css",
            "#painted { background: url(../img/back.svg); border-image: url(../img/edge.svg) 1 }\n",
        )
        self.write("img/back.svg", picture(11, "red"))
        self.write("img/edge.svg", picture(12, "green"))
        for number, name in enumerate(PICTURES):
            self.write(f"img/{name}", picture(20 + number, "blue"))
        imports = "".join(f'import {{ version as {m} }} from "./{m}.js";\n' for m in MODULES)
        self.write(
            "js/entry.js",
            f"{imports}window.versions = [{', '.join(MODULES)}];\ndocument.title = 'ready';\n",
        )
        for number in range(len(MODULES)):
            self.write_module(number, version=1)

    def write_module(self, number: int, version: int) -> None:
        # The first two import each other; the others import the first.
        other = MODULES[1] if number == 0 else MODULES[0]
        self.write(
            f"js/{MODULES[number]}.js",
            f'import * as other from "./{other}.js";\nexport const version = {version};\n',
        )

    def start(self, page: str | None = None) -> None:
        app = Flask("site", root_path=str(self.folder))
        app.config.update(SECRET_KEY="test")
        if self.optimized:
            app.config.update({"STATIC_OPTIMIZER_IMPORTMAP": self.mapped, **self.config})
            StaticOptimizer(app)

        @app.get("/")
        def show() -> str:
            return render_template_string(
                page or self.page,
                pictures=PICTURES,
                optimized=self.optimized,
                mapped=self.optimized and self.mapped,
            )

        handler = type("Silent", (WSGIRequestHandler,), {"log": lambda *_: None})
        counting = self._counting(app)
        for turn in range(50):
            try:
                self._server = make_server(
                    "localhost", self.port, counting, threaded=True, request_handler=handler
                )
                break
            except SystemExit:  # Werkzeug's, where something else has the port for a moment
                if turn == 49:
                    raise
                time.sleep(0.2)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:  # else the test was skipped before it started it
            server.shutdown()
            server.server_close()

    def _counting(self, app: Flask) -> Callable[..., Any]:
        def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            entry = {
                "path": environ["PATH_INFO"],
                "dictionary": environ.get("HTTP_AVAILABLE_DICTIONARY"),
                "accepted": environ.get("HTTP_ACCEPT_ENCODING", ""),
            }

            def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                entry.update(status=int(status[:3]), headers=dict(headers))
                with self._lock:
                    self.asked.append(entry)
                return start_response(status, headers, *rest)

            return app(environ, noting)

        return counting

    def assets(self, expected: int) -> list[dict[str, Any]]:
        """Return the requests since the last time, but for the page itself.

        The browser may be slow to ask for icons and for pictures of stylesheets.

        :param expected: is waited for; a little, too, for more than that.
        """
        deadline = time.monotonic() + 30
        while self._answered() < expected and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        with self._lock:
            asked, self.asked = self.asked, []
        return [entry for entry in asked if entry["path"] != "/"]

    def _answered(self) -> int:
        with self._lock:
            return sum(entry["path"] != "/" for entry in self.asked)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    found.fill()
    yield found
    found.stop()


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    pytest.importorskip("selenium")
    with ExitStack() as stack:
        try:
            found = stack.enter_context(started(tmp_path / "profile"))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield found
