"""The catalogue while files change under it, and whatever lies in a static folder."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask, url_for

from flask_static_optimizer.assets.files import Identity
from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def put(path: Path, data: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(data)
    os.replace(new, path)


BODIES = {
    "one.css": [b".a { margin: 0 }\n" * 60, b".b { margin: 0 }\n" * 60],
    "two.css": [b".a { margin: 0 }\n" * 60, b".b { margin: 0 }\n" * 60],
    "replaced.svg": [b"<svg id='1'/>" * 40, b"<svg id='2'/>" * 41],
    "rewritten.svg": [b"<svg id='3'/>" * 40, b"<svg id='4'/>" * 41, b""],
}
REFERRING = b"@import 'one.css'; p { q: url(replaced.svg) url(rewritten.svg) }" + b" r { }" * 60


def change(folder: Path, stop: threading.Event, *, in_place: bool) -> None:
    """Swap two files, replace one and rewrite one, until told to stop."""
    rewrite = Path.write_bytes if in_place else put
    for turn in itertools.count():
        if stop.wait(0.001):
            return
        os.replace(folder / "one.css", folder / "aside")
        os.replace(folder / "two.css", folder / "one.css")
        os.replace(folder / "aside", folder / "two.css")
        put(folder / "replaced.svg", BODIES["replaced.svg"][turn % 2])
        rewrite(folder / "rewritten.svg", BODIES["rewritten.svg"][turn % 2])


ALL = {(name, body) for name, bodies in BODIES.items() for body in bodies[:2]}


class Asker(threading.Thread):
    """A thread that asks for all files in all codings, and notes each untrue answer.

    It goes on until both states of each file have been seen, for two minutes at most.

    :param seen: what was seen, by this and by others.
    """

    def __init__(self, app: Flask, seen: set[tuple[str, bytes]]) -> None:
        super().__init__()
        self.app = app
        self.wrong: list[Any] = []
        self.seen = seen
        self.statuses: set[int] = set()

    def names(self) -> Iterator[str]:
        deadline = time.monotonic() + 120
        for turn in itertools.count():
            if turn >= 15 and (self.seen >= ALL or time.monotonic() > deadline):
                return
            yield from (*BODIES, "referring.css")

    def run(self) -> None:
        etags: dict[str, str] = {}
        codings = itertools.cycle(["", "gzip", "br", "zstd"])
        client = self.app.test_client()
        for name in self.names():
            with self.app.test_request_context():
                url = url_for("static", filename=name)
            headers = {"Accept-Encoding": next(codings)}
            if name in etags:
                headers["If-None-Match"] = etags[name]
            response = client.get(url, headers=headers)
            self.statuses.add(response.status_code)
            if response.status_code == 404 and name in ("one.css", "two.css"):
                continue  # between two of the renames
            etag = response.headers.get("ETag")
            if response.status_code == 304:
                self.check(etag == headers["If-None-Match"], url, response)
                continue
            self.check(response.status_code == 200, url, response)
            if etag is not None:
                etags[name] = etag
                digest = hashlib.sha256(response.data).hexdigest()[:32]
                self.check(etag == f'"{digest}"', url, response)
            coding = response.headers.get("Content-Encoding")
            data = decompress(coding, response.data) if coding else response.data
            self.check(len(data) == 0 or len(data) > 100, url, response)
            self.seen.add((name, data))
            if "immutable" in response.headers["Cache-Control"]:
                self.check(url.endswith(fingerprint(data)), url, response)
            if name == "referring.css":
                for other, version in re.findall(rb"(\w+\.\w+)\?v=(\w+)", data):
                    known = [fingerprint(body) for body in BODIES[other.decode()]]
                    self.check(version.decode() in known, url, response)
            else:
                self.check(data in BODIES[name], url, response)

    def check(self, holds: bool, url: str, response: Any) -> None:
        if not holds:
            self.wrong.append((url, response.status, dict(response.headers), response.data[:40]))


@pytest.mark.parametrize("delta", [False, True])
@pytest.mark.parametrize("trusting", [False, True])
def test_no_answer_is_untrue_while_files_change(
    make_app: MakeApp,
    static_folder: Path,
    delta: bool,
    trusting: bool,
    request: pytest.FixtureRequest,
) -> None:
    for name, bodies in BODIES.items():
        (static_folder / name).write_bytes(bodies[name == "two.css"])
    (static_folder / "referring.css").write_bytes(REFERRING)
    app = make_app(STATIC_OPTIMIZER_DELTA=delta)
    stop = threading.Event()
    if trusting:  # two states differ in size or inode then, and that is believed at once
        request.getfixturevalue("settled")
    options = {"in_place": not trusting}
    changing = threading.Thread(target=change, args=(static_folder, stop), kwargs=options)
    seen: set[tuple[str, bytes]] = set()
    askers = [Asker(app, seen) for _ in range(8)]
    changing.start()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    stop.set()
    changing.join()
    assert [wrong for asker in askers for wrong in asker.wrong] == []
    assert {name for name, _ in ALL - seen} == set()
    assert set.union(*(asker.statuses for asker in askers)) <= {200, 304, 404}


def test_a_change_within_a_clock_tick_is_seen(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changes within a tick of the file system's clock is read again.

    Same size, same inode and, on a file system that knows seconds only, the same time.
    """
    exact = Identity.of

    def coarse(stat: os.stat_result) -> Identity:
        found = exact(stat)
        return found._replace(
            modified=found.modified // 10**9 * 10**9, changed=found.changed // 10**9 * 10**9
        )

    monkeypatch.setattr(Identity, "of", coarse)
    monkeypatch.setattr(Identity, "is_of", lambda state, stat: coarse(stat) == state)
    app = make_app()
    client = app.test_client()
    path = static_folder / "ticking.txt"
    for turn in range(50):
        data = bytes([97 + turn % 20]) * 99
        path.write_bytes(data)
        with app.test_request_context():
            url = url_for("static", filename="ticking.txt")
        response = client.get(url)
        assert (url.rpartition("=")[2], response.data) == (fingerprint(data), data)
        assert response.headers["ETag"].startswith(f'"{fingerprint(data)}')


@pytest.mark.usefixtures("settled")
def test_two_settled_files_change_places(make_app: MakeApp, static_folder: Path) -> None:
    """Both keep their size and their time; only which is which has changed."""
    for name, data in (("one.txt", b"1" * 999), ("two.txt", b"2" * 999)):
        (static_folder / name).write_bytes(data)
        os.utime(static_folder / name, (10**9, 10**9))
    app = make_app()
    client = app.test_client()
    for turn in range(4):
        for name, other in (("one.txt", "1"), ("two.txt", "2")):
            expected = {"1": b"12", "2": b"21"}[other][turn % 2 : turn % 2 + 1] * 999
            with app.test_request_context():
                url = url_for("static", filename=name)
            response = client.get(url)
            assert response.data == expected
            assert url.endswith(fingerprint(expected))
            assert response.headers["ETag"] == f'"{hashlib.sha256(expected).hexdigest()[:32]}"'
        os.replace(static_folder / "one.txt", static_folder / "aside")
        os.replace(static_folder / "two.txt", static_folder / "one.txt")
        os.replace(static_folder / "aside", static_folder / "two.txt")


@pytest.mark.usefixtures("settled")
def test_new_bytes_under_an_old_date_are_seen(make_app: MakeApp, static_folder: Path) -> None:
    """New bytes are seen that ``cp -p``, ``rsync -t`` or ``tar`` put there, of the same size."""
    path = static_folder / "app.css"
    client = make_app().test_client()
    for data in (b"1" * 500, b"2" * 500, b"3" * 500):
        path.write_bytes(data)
        os.utime(path, (10**9, 10**9))
        response = client.get("/static/app.css", headers={"Accept-Encoding": "br"})
        assert brotli.decompress(response.data) == data


@pytest.mark.usefixtures("settled")
def test_a_manifest_may_come_after_what_it_lists(make_app: MakeApp, static_folder: Path) -> None:
    """Bundlers write it last. From then on the bytes behind such a URL may not change any more."""
    source = b"a { b: url(dot.png) }"
    (static_folder / "main-4Egfh8ja.css").write_bytes(source)
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "app.css").write_bytes(b"@import 'main-4Egfh8ja.css'; c { }")
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    client = app.test_client()
    before = client.get("/static/main-4Egfh8ja.css")
    assert fingerprint(b"1") in before.text
    assert before.headers["Cache-Control"] == "max-age=3600"
    assert "main-4Egfh8ja.css?v=" in client.get("/static/app.css").text
    manifest = '{"main.css": {"file": "main-4Egfh8ja.css"}}'
    (static_folder / "manifest.json").write_text(manifest)
    for picture in (b"1", b"2"):
        (static_folder / "dot.png").write_bytes(picture)
        listed = client.get("/static/main-4Egfh8ja.css")
        assert listed.data == source
        assert "immutable" in listed.headers["Cache-Control"]
    assert "'main-4Egfh8ja.css'" in client.get("/static/app.css").text
    (static_folder / "manifest.json").unlink()
    assert fingerprint(b"2") in client.get("/static/main-4Egfh8ja.css").text


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a": {"file": "a-12345678.js", "css": null}}'])
def test_no_manifest_makes_an_error(make_app: MakeApp, static_folder: Path, text: str) -> None:
    (static_folder / "manifest.json").write_text(text)
    client = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"]).test_client()
    assert client.get("/static/app.css").status_code == 200


@pytest.mark.usefixtures("settled")
def test_a_stylesheet_is_parsed_once(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A stylesheet is parsed once, whatever it refers to."""
    (static_folder / ".hidden.png").write_bytes(b"1")
    css = b"a { b: url(private/) url(.hidden.png) url(gone.png) url(/etc/passwd) url(%00) }"
    (static_folder / "odd.css").write_bytes(css)
    app = make_app()
    client = app.test_client()
    assert client.get("/static/odd.css").data == css
    (mount,) = app.extensions["static_optimizer"].catalogue.mounts
    remembered = mount.known["odd.css"]
    assert client.get("/static/odd.css").data == css
    assert mount.known["odd.css"] is remembered
    assert caplog.text.count(".hidden.png") == 1


@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.parametrize("name", ["x.", "x..", "x%2epng", ".x", "a.0123456789abcdef", "é.js"])
def test_every_name_has_a_url_that_leads_to_it(
    make_app: MakeApp, static_folder: Path, name: str, mode: str
) -> None:
    (static_folder / name).write_bytes(b"bytes")
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, STATIC_OPTIMIZER_DOTFILES=True)
    with app.test_request_context():
        url = url_for("static", filename=name)
    response = app.test_client().get(url)
    assert (response.status_code, response.data) == (200, b"bytes")


@pytest.mark.parametrize("mode", ["query", "path"])
def test_every_reference_leads_to_its_file(
    make_app: MakeApp, static_folder: Path, mode: str
) -> None:
    (static_folder / "a b#?%é.png").write_bytes(b"1")
    (static_folder / "x.png").write_bytes(b"2")
    references = ["a%20b%23%3F%25%C3%A9.png", "x%2Epng", "%78.png", "./x.png", "/static/x.png"]
    css = "".join(f"a{{b:url('{url}')}}" for url in references)
    (static_folder / "names.css").write_text(css)
    client = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode).test_client()
    found = re.findall(r"url\('([^']*)'\)", client.get("/static/names.css").text)
    bodies = [client.get(f"/static/{url.removeprefix('/static/')}").data for url in found]
    assert bodies == [b"1", b"2", b"2", b"2", b"2"]
    assert sum(fingerprint(b"2") in url for url in found) == (4 if mode == "query" else 3)


def test_lines_stay_where_a_source_map_says(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "dot.png").write_bytes(b"1")
    lines = ["a{b:url(dot.png)}", "", "c{d:url(dot.png)}", "/*# sourceMappingURL=app.css.map */"]
    (static_folder / "app.css").write_bytes("\r\n".join(lines).encode())
    (static_folder / "app.css.map").write_text("{}")
    response = make_app().test_client().get("/static/app.css")
    assert response.text.split("\r\n") == [
        line.replace("dot.png", f"dot.png?v={fingerprint(b'1')}") for line in lines
    ]
