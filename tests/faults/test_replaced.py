"""The static folder is replaced while requests are served: no answer mixes two versions."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, url_for
from werkzeug.test import TestResponse

from flask_static_optimizer.assets.asset import SMALL
from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]

VERSIONS = 4
NAMES = ["app.css", "app.js", "sub/page.css", "large.bin"]
READERS = 6
REQUESTS = 250


def content(version: int) -> dict[str, bytes]:
    line = b"/* version %d */\n" % version
    return {
        "app.css": b"b { color: red }" + line * 60,
        "app.js": line * 90,
        "sub/page.css": b"a { background: url(../app.js) }\n" + line * 40,
        "large.bin": bytes([version]) * (SMALL + 1),
    }


def deploy(folder: Path, version: int) -> None:
    for name, data in content(version).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@contextmanager
def going_on(action: Callable[[int], None]) -> Iterator[Counter[str]]:
    """Do something again and again meanwhile; how often."""
    done, stop = Counter[str](), threading.Event()

    def run() -> None:
        while not stop.wait(0.002):
            action(done["deploys"])
            done["deploys"] += 1

    thread = threading.Thread(target=run)
    # Else the readers would keep it waiting between two renames, where there is no folder.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 20)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


def version_of(name: str, data: bytes) -> int | None:
    """Which version's file this is, if it is one whole."""
    for version in range(VERSIONS):
        if data == content(version)[name]:
            return version
        if name == "sub/page.css" and data.endswith(b"/* version %d */\n" % version * 40):
            return version  # with a fingerprint in its url()
    return None


def check(name: str, url: str, response: TestResponse) -> str:
    """What came, if it is as it should be."""
    said = response.headers["Cache-Control"]
    if response.status_code == 404:
        assert said == "no-store"
        return "404"
    assert response.status_code == 200
    coding = response.headers.get("Content-Encoding")
    data = decompress(coding, response.data) if coding else response.data
    assert version_of(name, data) is not None, (url, len(data))
    if "immutable" in said:
        assert url.endswith(hashlib.sha256(data).hexdigest()[:16])
    if "ETag" in response.headers:  # one that is being written has none
        sent = hashlib.sha256(response.data).hexdigest()[:32]
        assert response.headers["ETag"] == f'"{sent}"'
    else:
        assert said == "no-store"
    return "immutable" if "immutable" in said else "whole"


def ask_all(app: Flask) -> Counter[str]:
    urls: list[tuple[str, str]] = []
    with app.test_request_context():
        for name in NAMES:
            named = url_for("static", filename=name)
            urls += [(name, named), (name, named.partition("?")[0])]

    def read(number: int) -> Counter[str]:
        seen = Counter[str]()
        client = app.test_client()
        for count in range(REQUESTS):
            name, url = urls[(count + number) % len(urls)]
            accepted = ("br", "gzip", "identity")[count % 3]
            seen[check(name, url, client.get(url, headers={"Accept-Encoding": accepted}))] += 1
        return seen

    with ThreadPoolExecutor(READERS) as threads:
        return sum(threads.map(read, range(READERS)), Counter[str]())


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    app = make_app()
    assert app.static_folder
    shutil.rmtree(app.static_folder)
    return app


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no link that can be replaced")
def test_a_link_that_leads_to_the_next_release(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As deploy tools do it: at no moment is there no folder, so there is no 404 either."""
    static = tmp_path / "static"
    for version in range(VERSIONS):
        deploy(tmp_path / f"release-{version}", version)
    static.symlink_to("release-0")

    def replace(count: int) -> None:
        new = tmp_path / "new"
        new.symlink_to(f"release-{count % VERSIONS}")
        os.replace(new, static)

    with going_on(replace) as done:
        seen = ask_all(app)
    print(f"\n{done['deploys']} deploys, answers: {dict(seen)}")
    assert done["deploys"] > 50
    assert seen["404"] == 0
    assert seen["whole"] > 0
    assert caplog.text == ""


def test_a_folder_that_is_moved_away(app: Flask, tmp_path: Path) -> None:
    """Between two renames there is no folder: those answers are 404, and nobody keeps them."""
    static, old = tmp_path / "static", tmp_path / "old"
    deploy(static, 0)

    def replace(count: int) -> None:
        deploy(tmp_path / "next", count % VERSIONS)
        static.rename(old)
        (tmp_path / "next").rename(static)
        shutil.rmtree(old)

    with going_on(replace) as done:
        seen = ask_all(app)
    print(f"\n{done['deploys']} deploys, answers: {dict(seen)}")
    assert done["deploys"] > 20
    assert seen["whole"] > seen["404"]
    assert app.test_client().get("/static/app.css").status_code == 200
