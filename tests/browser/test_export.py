"""The demo's page looks the same with the files of an export as with those of the app."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from conftest import free_port, wait_for_port
from flask_static_optimizer.demo.app import create_app
from flask_static_optimizer.demo.stores import file_store

if TYPE_CHECKING:
    from browser.chromium import Chromium

#: The page lists what its files weighed on the wire, which is another thing on each server.
HIDDEN = "<style>.table-responsive { display: none }</style></head>"

LOADED = (
    "return document.readyState === 'complete' && document.fonts.status === 'loaded'"
    " && [...document.images].every(image => image.complete && image.naturalWidth)"
)
FILES = (
    "return performance.getEntriesByType('resource')"
    ".map(entry => [new URL(entry.name).pathname, entry.responseStatus])"
)

#: Counts the pixels in which two pictures differ by more than fonts do each time.
DIFFERING = """
const done = arguments[2];
Promise.all([arguments[0], arguments[1]].map(async (picture) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  return canvas.getImageData(0, 0, image.width, image.height);
})).then(([one, other]) => {
  if (one.width !== other.width || one.height !== other.height) return done(-1);
  let count = 0;
  for (let i = 0; i < one.data.length; i += 4)
    count += [0, 1, 2].some((c) => Math.abs(one.data[i + c] - other.data[i + c]) > 24);
  done(count);
});
"""


@contextmanager
def app_server(app: Flask, page: str) -> Iterator[str]:
    """Serve an app, and a page with what its home page shows."""

    def with_page(environ: dict[str, Any], start_response: Any) -> Any:
        shown = Response(page, mimetype="text/html")
        return (shown if environ["PATH_INFO"] == "/index.html" else app)(environ, start_response)

    handler = type("Silent", (WSGIRequestHandler,), {"log": lambda *_: None})
    server = make_server(
        "127.0.0.1", free_port(), with_page, threaded=True, request_handler=handler
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/index.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve a folder with Python's plain file server."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", str(folder), str(port)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/index.html"
    finally:
        process.terminate()
        process.wait(60)


def seen(chromium: Chromium, url: str) -> tuple[str, list[Any]]:
    """Return a picture of a page, and the paths and statuses of its files."""
    chromium.driver.get(url)
    chromium.until(LOADED)
    shot = chromium.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return shot["data"], sorted(chromium.run(FILES))


def differing(chromium: Chromium, one: str, other: str) -> Any:
    chromium.driver.get("about:blank")
    return chromium.driver.execute_async_script(DIFFERING, one, other)


@pytest.mark.parametrize("mode", ["query", "path"])
def test_the_demo_from_a_file_server(
    chromium: Chromium, tmp_path: Path, mode: str, settled: None
) -> None:
    """Stylesheets, scripts, fonts and pictures are found there, and nothing else is asked for."""
    target = tmp_path / "exported"
    chromium.emulate(width=1120)
    with ExitStack() as stack:
        store = stack.enter_context(file_store())
        config = {
            **store.config,
            "STATIC_OPTIMIZER_FINGERPRINT": mode,
            # Themes that the page does not use.
            "STATIC_OPTIMIZER_RULES": {"bootstrap.static:css/bootswatch/*": False},
        }
        app = create_app(config, optimize=True)
        result = app.test_cli_runner().invoke(args=["static", "export", str(target)])
        assert result.exit_code == 0, result.output
        client = app.test_client()
        client.post("/login")
        page = client.get("/").text.replace("</head>", HIDDEN)
        assert "Hello, Ada." in page
        (target / "index.html").write_text(page, "utf-8")
        picture, files = seen(chromium, stack.enter_context(app_server(app, page)))
        exported, found = seen(chromium, stack.enter_context(file_server(target)))
        assert found == files
        assert len(files) > 10
        assert {status for _, status in found} == {200}
        assert differing(chromium, picture, exported) == 0
        # The comparison sees a stylesheet that is not there.
        for stylesheet in target.glob("bootstrap/static/css/bootstrap.min*.css"):
            stylesheet.unlink()
        chromium.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        bare, _ = seen(chromium, stack.enter_context(file_server(target)))
        assert differing(chromium, picture, bare) > 100
