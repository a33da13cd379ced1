"""Static folders served from the catalogue: URLs, bytes, headers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import json
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import pytest
from flask import Blueprint, Flask, render_template_string, url_for

from conftest import CSS, closed_to_us
from flask_static_optimizer import ConfigurationError
from flask_static_optimizer.assets import delta
from flask_static_optimizer.assets.asset import SMALL

MakeApp = Callable[..., Flask]


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


YEAR = "max-age=31536000, immutable"


def url_of(app: Flask, name: str, endpoint: str = "static", **values: Any) -> str:
    with app.test_request_context(**values.pop("context", {})):
        return url_for(endpoint, filename=name, **values)


def fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


@pytest.fixture(params=["query", "path"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_fingerprinted_url(make_app: MakeApp, mode: str) -> None:
    """A fingerprinted URL names the bytes, and its response is good for a year."""
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    url = url_of(app, "app.css")
    version = fingerprint(CSS)
    assert (
        url
        == {
            "query": f"/static/app.css?v={version}",
            "path": f"/static/app.{version}.css",
        }[mode]
    )
    response = app.test_client().get(url)
    assert response.data == CSS
    assert response.headers["Cache-Control"] == YEAR


def test_another_fingerprint_is_revalidated(
    make_app: MakeApp, static_folder: Path, mode: str
) -> None:
    """A URL with another fingerprint gets the current bytes, with ``no-cache``.

    Law 5: an old node that is asked for a new URL, or the reverse.
    """
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    old = url_of(app, "app.css")
    (static_folder / "app.css").write_bytes(b"new { }")
    new = url_of(app, "app.css")
    assert old != new
    for _ in range(2):
        current, outdated = client.get(new), client.get(old)
        assert current.headers["Cache-Control"] == YEAR
        assert outdated.headers["Cache-Control"] == "no-cache"
        assert current.data == outdated.data == b"new { }"
        assert current.headers["ETag"] == outdated.headers["ETag"]


def test_what_only_looks_like_a_fingerprint(make_app: MakeApp, static_folder: Path) -> None:
    """A name that only looks like one with a fingerprint is an ordinary name.

    ``report.202401011200.csv`` looks like a name with a hash.
    """
    (static_folder / "app.0123456789abcdef.css").write_bytes(b"its own")
    client = make_app(STATIC_OPTIMIZER_FINGERPRINT="path").test_client()
    response = client.get("/static/app.0123456789abcdef.css")
    assert (response.data, response.headers["Cache-Control"]) == (b"its own", "max-age=3600")
    query = make_app().test_client()
    for url in ("/static/app.css?v=3", "/static/app.css?v=", "/static/app.css?w=0123456789abcdef"):
        assert query.get(url).headers["Cache-Control"] == "max-age=3600"
    assert query.get("/static/app.fedcba9876543210.css").status_code == 404


def test_no_fingerprints(make_app: MakeApp) -> None:
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=False)
    assert url_of(app, "app.css") == "/static/app.css"
    got = app.test_client().get(f"/static/app.css?v={fingerprint(CSS)}")
    assert got.headers["Cache-Control"] == "max-age=3600"


def test_urls_of_every_kind(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    folder = static_folder.parent / "admin"
    folder.mkdir()
    (folder / "a b#é?.css").write_bytes(CSS)

    def add(app: Flask) -> None:
        blueprint = Blueprint("admin", "app", static_folder=str(folder), url_prefix="/admin")
        outer = Blueprint("outer", "app", url_prefix="/outer")
        outer.register_blueprint(blueprint)
        app.register_blueprint(outer)

    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, after=add)
    url = url_of(app, "a b#é?.css", "outer.admin.static")
    assert url.startswith("/outer/admin/admin/" + quote("a b#é?."))
    assert app.test_client().get(url).headers["Cache-Control"] == YEAR
    root = {"context": {"base_url": "http://host/root"}}
    assert url_of(app, "app.css", **root).startswith("/root/static/app.")
    external = url_of(app, "app.css", _external=True, **root)
    assert external.startswith("http://host/root/static/app.")
    anchored = url_of(app, "app.css", _anchor="x")
    assert anchored.endswith("#x")
    assert fingerprint(CSS) in anchored


def test_a_static_host(make_app: MakeApp) -> None:
    flask = {"static_host": "cdn.test", "host_matching": True, "static_folder": "static"}
    app = make_app(flask=flask)
    url = url_of(app, "app.css", context={"base_url": "http://cdn.test"})
    assert fingerprint(CSS) in url
    got = app.test_client().get(url, base_url="http://cdn.test")
    assert got.headers["Cache-Control"] == YEAR


@pytest.mark.parametrize(
    "config",
    [
        {"STATIC_OPTIMIZER_RULES": {"static": {"session": "protected"}}},
        {"STATIC_OPTIMIZER_RULES": {"static": False}},
        {"STATIC_OPTIMIZER_RULES": {"static:*.css": {"session": "protected"}}},
        {"STATIC_OPTIMIZER_SESSION": "protected"},
    ],
)
def test_protected_files_have_no_fingerprint(make_app: MakeApp, config: dict[str, Any]) -> None:
    """A file that is not for everybody gets no fingerprint into its URL."""
    app = make_app(**config)
    assert url_of(app, "app.css") == "/static/app.css"
    got = app.test_client().get(f"/static/app.css?v={fingerprint(CSS)}")
    assert "immutable" not in got.headers.get("Cache-Control", "")


@pytest.mark.parametrize("value", [{"session": "protected"}, False])
def test_a_guarded_file_has_no_second_name(
    make_app: MakeApp, static_folder: Path, value: Any
) -> None:
    """A guard that goes by the file's name must not be passed under another."""
    data = (static_folder / "private" / "report.pdf").read_bytes()
    app = make_app(
        STATIC_OPTIMIZER_FINGERPRINT="path",
        STATIC_OPTIMIZER_RULES={"static:private/report.pdf": value},
    )
    for version in (fingerprint(data), "0123456789abcdef"):
        response = app.test_client().get(f"/static/private/report.{version}.pdf")
        assert response.status_code == 404
        assert response.data != data


def test_a_rule_covers_the_fingerprinted_name(make_app: MakeApp) -> None:
    """A rule for a file holds for its fingerprinted name, too."""
    app = make_app(
        STATIC_OPTIMIZER_FINGERPRINT="path",
        STATIC_OPTIMIZER_RULES={"static:app.css": {"vary": ["Accept-Language"]}},
    )
    assert "Accept-Language" in app.test_client().get(url_of(app, "app.css")).vary


def test_urls_that_stay_as_they_are(make_app: MakeApp) -> None:
    """The URL of a missing file, or one with a version in it, stays as it is."""
    app = make_app()
    assert url_of(app, "none.css") == "/static/none.css"
    assert url_of(app, "app.css", v=7).startswith("/static/app.css?v=7&v=")


def test_a_bundlers_names(make_app: MakeApp, static_folder: Path) -> None:
    """A name that a bundler gave is left alone, and believed only with proof."""
    hashed = f"app.{hashlib.md5(CSS).hexdigest()[:12]}.css"
    for name, data in (
        (hashed, CSS),
        ("main-4Egfh8ja.js", b"export {}"),
        ("chunk-1Abcdef8.js", b"export {}"),
        ("manifest.json", b'{"main.js": {"file": "main-4Egfh8ja.js"}}'),
    ):
        (static_folder / name).write_bytes(data)
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    client = app.test_client()
    for name in (hashed, "main-4Egfh8ja.js"):
        assert url_of(app, name) == f"/static/{name}"
        assert client.get(f"/static/{name}").headers["Cache-Control"] == YEAR
    assert client.get("/static/chunk-1Abcdef8.js").headers["Cache-Control"] == "no-cache"
    (static_folder / hashed).write_bytes(b"other { }")
    assert client.get(f"/static/{hashed}").headers["Cache-Control"] == "max-age=3600"


def test_a_replaced_manifest_is_read_again(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A manifest that a deploy replaces is read again."""
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    client = app.test_client()
    for name in ("main-4Egfh8ja.js", "main-9kQw3xTz.js"):
        (static_folder / name).write_text(f"// {name}")
    for new, old in (("4Egfh8ja", "9kQw3xTz"), ("9kQw3xTz", "4Egfh8ja")):
        manifest = json.dumps({"main.js": {"file": f"main-{new}.js"}})
        (static_folder / "manifest.json").write_text(manifest)
        assert url_of(app, f"main-{new}.js") == f"/static/main-{new}.js"
        assert client.get(f"/static/main-{new}.js").headers["Cache-Control"] == YEAR
        assert url_of(app, f"main-{old}.js") != f"/static/main-{old}.js"
        assert client.get(f"/static/main-{old}.js").headers["Cache-Control"] == "max-age=3600"
    (static_folder / "manifest.json").unlink()
    assert client.get("/static/main-9kQw3xTz.js").headers["Cache-Control"] == "max-age=3600"
    assert not caplog.text
    (static_folder / "manifest.json").write_text("[")
    for _ in range(2):
        client.get("/static/main-9kQw3xTz.js")
    assert caplog.text.count("'manifest.json' of 'static' can't be read") == 1


def test_an_image_changes_its_stylesheets_url(
    make_app: MakeApp, static_folder: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A changed image changes the URL of the stylesheet that refers to it."""
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "a.css").write_bytes(b"@import 'b.css'; p{q:url(gone.png)}")
    (static_folder / "b.css").write_bytes(b"a{b:url(dot.png) url(/static/dot.png)}")
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    before = [url_of(app, name) for name in ("a.css", "b.css")]
    text = client.get(before[1]).text
    assert text.count(fingerprint(b"1")) == 2
    (static_folder / "dot.png").write_bytes(b"2")
    after = [url_of(app, name) for name in ("a.css", "b.css")]
    assert not set(before) & set(after)
    assert client.get(after[1]).text.count(fingerprint(b"2")) == 2
    assert "gone.png" in caplog.text
    assert caplog.text.count("gone.png") <= 2  # one record, which names it twice
    (static_folder / "gone.png").write_bytes(b"3")
    assert fingerprint(b"3") in client.get(url_of(app, "a.css")).text


def test_stylesheets_that_import_each_other(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "a.css").write_bytes(b"@import 'b.css'; a{}")
    (static_folder / "b.css").write_bytes(b"@import 'a.css'; @import 'b.css'; b{}")
    app = make_app()
    client = app.test_client()
    assert "b.css?v=0000000000000000" in client.get("/static/a.css").text
    for name in ("a.css", "b.css"):
        assert client.get(url_of(app, name)).headers["Cache-Control"] == YEAR
    assert client.get("/static/b.css?v=0000000000000000").headers["Cache-Control"] == "no-cache"


def test_a_broken_stylesheet_is_served_as_it_is(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (static_folder / "x.css").write_bytes(b"a{b:url(x y)} c{d:'\n")
    assert make_app().test_client().get("/static/x.css").data == b"a{b:url(x y)} c{d:'\n"
    assert "served as it is" in caplog.text


CODINGS = {"gzip": gzip.decompress}


@pytest.mark.usefixtures("settled")
def test_each_coding_has_its_own_validator(make_app: MakeApp) -> None:
    """Each content coding has bytes and a validator of its own."""
    client = make_app().test_client()
    etags = set()
    for accepted, coding in (
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("gzip", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("", None),
    ):
        headers = {"Accept-Encoding": accepted}
        response = client.get("/static/app.css", headers=headers)
        assert response.headers.get("Content-Encoding") == coding
        assert response.headers["Vary"] == "Accept-Encoding"
        assert len(response.data) == response.content_length
        etags.add(response.headers["ETag"])
        head = client.head("/static/app.css", headers=headers)
        assert head.headers["ETag"] == response.headers["ETag"]
        assert head.content_length == response.content_length
        headers["If-None-Match"] = response.headers["ETag"]
        again = client.get("/static/app.css", headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == response.headers["ETag"]
        assert again.headers["Vary"] == "Accept-Encoding"
        assert "Content-Type" not in again.headers
        assert "Content-Encoding" not in again.headers
    assert len(etags) == 4


@pytest.mark.usefixtures("settled")
def test_a_download_keeps_its_coding(make_app: MakeApp) -> None:
    """A download goes on in the coding that it began in."""
    client = make_app().test_client()
    whole = client.get("/static/app.css", headers={"Accept-Encoding": "br"})
    plain = client.get("/static/app.css")
    for accepted, condition, expected in (
        ("br", whole.headers["ETag"], whole.data[5:]),
        ("br", plain.headers["ETag"], CSS[5:]),
        ("br", None, whole.data[5:]),
    ):
        headers = {"Accept-Encoding": accepted, "Range": "bytes=5-"}
        if condition:
            headers["If-Range"] = condition
        response = client.get("/static/app.css", headers=headers)
        assert (response.status_code, response.data) == (206, expected)
    stale = {"Range": "bytes=5-", "If-Range": whole.headers["ETag"]}
    assert client.get("/static/app.css", headers=stale).data == CSS


@pytest.mark.usefixtures("settled")
def test_there_is_no_vary_without_variants(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "dot.png").write_bytes(bytes(5000))
    (static_folder / "noise.txt").write_bytes(os.urandom(5000))
    (static_folder / "small.css").write_bytes(b"a{}")
    client = make_app().test_client()
    for name in ("dot.png", "noise.txt", "small.css"):
        response = client.get(f"/static/{name}", headers={"Accept-Encoding": "br, gzip"})
        assert "Vary" not in response.headers, name
        assert "Content-Encoding" not in response.headers


@pytest.mark.usefixtures("settled")
def test_a_stale_sibling_is_not_sent(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A precompressed sibling is sent while it decodes to the file, and no longer."""
    sibling = gzip.compress(CSS, 1, mtime=7)
    (static_folder / "app.css.gz").write_bytes(sibling)
    headers = {"Accept-Encoding": "gzip"}
    debugging = make_app(DEBUG=True).test_client()  # nothing is built then
    assert debugging.get("/static/app.css", headers=headers).data == sibling
    assert (
        "Content-Encoding"
        not in debugging.get("/static/app.css", headers={"Accept-Encoding": "br"}).headers
    )
    (static_folder / "app.css.gz").write_bytes(gzip.compress(b"old"))
    response = make_app().test_client().get("/static/app.css", headers=headers)
    assert gzip.decompress(response.data) == CSS
    assert "app.css.gz" in caplog.text


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("sibling", ["bomb", "larger", "pipe"])
def test_a_sibling_that_would_become_much_is_not_used(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture, sibling: str
) -> None:
    """A sibling may stand for gigabytes, be as large itself, or never end."""
    path = static_folder / "app.css.br"
    if sibling == "pipe":
        os.mkfifo(path)
    elif sibling == "larger":
        with path.open("wb") as file:
            file.truncate(2**30)
    else:
        path.write_bytes(brotli.compress(bytes(200 * 2**20), quality=5))
        assert path.stat().st_size < len(CSS)
    client = make_app().test_client()
    tracemalloc.start()
    try:
        response = client.get("/static/app.css", headers={"Accept-Encoding": "br"})
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()
    assert brotli.decompress(response.data) == CSS
    assert caplog.text.count("app.css.br") == (0 if sibling == "pipe" else 1)


@pytest.mark.usefixtures("settled")
def test_a_damaged_variant_is_not_served(make_app: MakeApp, static_folder: Path) -> None:
    """A kept variant that is damaged is not served by the next process."""
    headers = {"Accept-Encoding": "br"}
    first = make_app().test_client().get("/static/app.css", headers=headers)
    kept = list((static_folder.parent / "kept").rglob("*.br"))
    assert len(kept) == 1
    kept[0].write_bytes(b"damaged")
    again = make_app().test_client().get("/static/app.css", headers=headers)
    assert again.data == first.data


def swap(folder: Path, stop: threading.Event) -> None:
    """Put one file, then the other into one place, by turns."""
    for turn in range(10**6):
        if stop.is_set():
            return
        new = folder / "new"
        new.write_bytes((b"a" if turn % 2 else b"b") * 3000)
        os.replace(new, folder / "swapped.css")


def test_swapped_files_under_load(make_app: MakeApp, static_folder: Path) -> None:
    """No response under load has the validator or the fingerprint of other bytes."""
    (static_folder / "swapped.css").write_bytes(b"a" * 3000)
    app = make_app(STATIC_OPTIMIZER_ENCODINGS=[])
    stop = threading.Event()
    writer = threading.Thread(target=swap, args=(static_folder, stop))
    writer.start()
    wrong, seen = [], set()

    def ask() -> None:
        client = app.test_client()
        deadline = time.monotonic() + 120
        for turn in itertools.count():
            if turn >= 150 and (len(seen) == 2 or time.monotonic() > deadline):
                return
            response = client.get(url_of(app, "swapped.css"))
            sha256 = hashlib.sha256(response.data).hexdigest()
            etag = response.headers.get("ETag")
            seen.add(response.data[:1])
            verified = "immutable" in response.headers["Cache-Control"]
            named = response.request.args.get("v") == sha256[:16]
            if etag not in (None, f'"{sha256[:32]}"') or (verified and not named):
                wrong.append((etag, sha256))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    stop.set()
    writer.join()
    assert wrong == []
    assert seen == {b"a", b"b"}


def test_paths_that_are_not_served(make_app: MakeApp, static_folder: Path) -> None:
    outside = static_folder.parent / "secret.txt"
    outside.write_text("secret")
    (static_folder / "link.txt").symlink_to(outside)
    (static_folder / ".env").write_text("secret")
    (static_folder / ".git").mkdir()
    (static_folder / ".git" / "config").write_text("secret")
    (static_folder / ".well-known").mkdir()
    (static_folder / ".well-known" / "security.txt").write_text("public")
    app = make_app()
    client = app.test_client()
    for path in (
        "link.txt", ".env", ".git/config", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt",
        "..%5csecret.txt", "%252e%252e/secret.txt", "..;/secret.txt", "app.css%00.png", "app.css.",
        "app.css%20", "private", "private/", "%ff%fe.css", "CON", "none.css", "a/../.env",
    ):  # fmt: skip
        response = client.get(f"/static/{path}")
        assert response.status_code == 404, path
        assert response.headers["Cache-Control"] == "no-store"
        assert response.data != b"secret"
    assert client.get("/static/.well-known/security.txt").data == b"public"
    assert client.get("/static/./private/../app.css").data == CSS
    allowed = make_app(STATIC_OPTIMIZER_DOTFILES=True, STATIC_OPTIMIZER_SYMLINKS=True)
    assert allowed.test_client().get("/static/.env").data == b"secret"
    assert allowed.test_client().get("/static/link.txt").data == b"secret"


@pytest.mark.usefixtures("settled")
def test_spellings_are_remembered_once(make_app: MakeApp) -> None:
    """A file is remembered once, however its path is spelled."""
    app = make_app()
    client = app.test_client()
    for spelling in ("app.css", "./app.css", *(f"{n}/../app.css" for n in range(20))):
        environ = {"PATH_INFO": f"/static/{spelling}"}
        response = client.get("/static/app.css", environ_overrides=environ)
        assert response.data == CSS
    (mount,) = app.extensions["static_optimizer"].catalogue.mounts
    assert list(mount.known) == ["app.css"]


@pytest.mark.parametrize("name", ["empty.css", "a b.css", "é.css", "a#b.css", "a?b.css", "a%b.css"])
def test_files_of_every_name(make_app: MakeApp, static_folder: Path, name: str, mode: str) -> None:
    data = b"" if name == "empty.css" else CSS
    (static_folder / name).write_bytes(data)
    os.utime(static_folder / name, (0, 0))
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    response = client.get(url_of(app, name))
    assert (response.status_code, response.data) == (200, data)
    assert response.headers["Cache-Control"] == YEAR
    assert "Last-Modified" not in response.headers
    etag = {"If-None-Match": response.headers["ETag"]}
    assert client.get(url_of(app, name), headers=etag).status_code == 304


def test_a_file_that_vanishes_or_can_not_be_read(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    app = make_app()
    client = app.test_client()
    assert client.get("/static/app.js").status_code == 200
    (static_folder / "app.js").unlink()
    assert client.get("/static/app.js").status_code == 404

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("flask_static_optimizer.assets.hashes.read", refuse)
    for _ in range(2):
        response = client.get("/static/app.css")
        assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert caplog.text.count("Permission denied") == 1


@pytest.mark.parametrize("closed", [".", "fonts"])
def test_a_folder_without_permission(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture, closed: str
) -> None:
    fonts = static_folder / "fonts"
    fonts.mkdir()
    (fonts / "a.woff2").write_bytes(b"font")
    css = b"a { b: url(fonts/a.woff2) }" * 20
    (static_folder / "with.css").write_bytes(css)
    app = make_app(STATIC_OPTIMIZER_IMPORTMAP=True)
    client = app.test_client()
    with closed_to_us(static_folder / closed):
        for name in ("a.woff2", "a.woff2", "b.woff2", "c/d.woff2"):
            response = client.get(f"/static/fonts/{name}")
            assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
        assert caplog.text.count("Permission denied") == 1
        assert str(static_folder / closed) in caplog.text
        assert url_of(app, "fonts/a.woff2") == "/static/fonts/a.woff2"
        if closed == "fonts":
            assert client.get("/static/with.css").data == css
        with app.test_request_context():
            modules = render_template_string("{{ static_importmap() }}")
        assert ("app." in modules) == (closed == "fonts")
        built = app.test_cli_runner().invoke(args=["static", "build"])
        assert (built.exit_code, "Permission denied" in built.output) == (1, True)


def test_a_file_in_flux_has_no_validator(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is written all the time is sent without a validator."""
    from flask_static_optimizer.assets.files import FileChangingError

    def changing(path: str) -> None:
        raise FileChangingError(path)

    monkeypatch.setattr("flask_static_optimizer.assets.hashes.read", changing)
    response = make_app().test_client().get("/static/app.css")
    assert (response.status_code, response.data) == (200, CSS)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


@pytest.mark.usefixtures("settled")
def test_a_large_file_rewritten_while_sent(make_app: MakeApp, static_folder: Path) -> None:
    """A large file that is rewritten while it is sent ends short."""
    path = static_folder / "large.bin"
    path.write_bytes(bytes(2 * SMALL))
    with make_app().test_client().get("/static/large.bin", buffered=False) as response:
        chunks = response.iter_encoded()
        next(chunks)
        path.write_bytes(b"x" * 2 * SMALL)
        with pytest.raises(OSError, match="rewritten in place"):
            list(chunks)


@pytest.mark.usefixtures("settled")
def test_a_large_file_replaced_while_sent(make_app: MakeApp, static_folder: Path) -> None:
    """A large file that is replaced while it is sent goes on with its old bytes."""
    path = static_folder / "large.bin"
    path.write_bytes(bytes(2 * SMALL))
    with make_app().test_client().get("/static/large.bin", buffered=False) as response:
        chunks = response.iter_encoded()
        start = next(chunks)
        path.with_name("new").write_bytes(b"x" * 2 * SMALL)
        os.replace(path.with_name("new"), path)
        assert start + b"".join(chunks) == bytes(2 * SMALL)


@pytest.mark.usefixtures("settled")
def test_deltas(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    old = "".join(f".r{n} {{ margin: {n * n % 9973}px }}\n" for n in range(999)).encode()
    new = old + b"p { }"
    path = static_folder / "app.css"
    path.write_bytes(old)
    config = {"STATIC_OPTIMIZER_DELTA": True, "STATIC_OPTIMIZER_FINGERPRINT": mode}
    app = make_app(**config)
    first = app.test_client().get(url_of(app, "app.css"))
    assert first.headers["Use-As-Dictionary"].startswith('match="app.')
    assert first.headers["Vary"] == "Accept-Encoding, Available-Dictionary"
    unmodified = {"If-None-Match": first.headers["ETag"]}
    again = app.test_client().get(url_of(app, "app.css"), headers=unmodified)
    assert set(again.headers.keys()) == {"ETag", "Cache-Control", "Vary"}

    path.write_bytes(new)
    app = make_app(**config)  # another process
    client = app.test_client()
    url = url_of(app, "app.css")

    def ask(dictionary: bytes, accepted: str = "br, dcz", url: str = url) -> Any:
        known = base64.b64encode(hashlib.sha256(dictionary).digest()).decode()
        headers = {"Accept-Encoding": accepted, "Available-Dictionary": f":{known}:"}
        return client.get(url, headers=headers)

    response = ask(old)
    assert response.headers["Content-Encoding"] == "dcz"
    assert delta.decode(response.data, old) == new
    assert response.headers["Cache-Control"] == YEAR
    for other in (ask(b"unknown"), ask(old, "br"), ask(old, "br, dcz;q=0"), ask(new)):
        assert other.headers["Content-Encoding"] == "br"
    plain = ask(old, url="/static/app.css")
    assert plain.headers["Content-Encoding"] == "br"
    assert "Use-As-Dictionary" not in plain.headers
    for kept in (static_folder.parent / "kept" / "versions").rglob("*"):
        if kept.is_file():
            kept.write_bytes(b"damaged")
    app = make_app(**config)
    client = app.test_client()
    assert ask(old).headers["Content-Encoding"] == "br"


@pytest.mark.usefixtures("settled")
def test_deltas_are_off_unless_asked_for(make_app: MakeApp) -> None:
    app = make_app()
    response = app.test_client().get(url_of(app, "app.css"), headers={"Accept-Encoding": "dcz, br"})
    assert response.headers["Content-Encoding"] == "br"
    assert "Use-As-Dictionary" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"


def test_template_helpers(
    make_app: MakeApp, static_folder: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, STATIC_OPTIMIZER_IMPORTMAP=True)
    data = (static_folder / "app.js").read_bytes()
    (static_folder / "a<b>&.js").write_bytes(b"x")
    with app.test_request_context():
        found = render_template_string("{{ static_importmap(nonce='a\"b') }}")
        assert found.startswith('<script type="importmap" nonce="a&#34;b">{"imports"')
        assert f'"/static/app.js": "{url_for("static", filename="app.js")}"' in found
        assert found.count("</script>") == 1
        assert render_template_string("{{ static_importmap('none/*') }}").count("app.js") == 0
        hashed = base64.b64encode(hashlib.sha384(data).digest()).decode()
        assert render_template_string("{{ static_integrity('app.js')|safe }}") == f"sha384-{hashed}"
        assert render_template_string("{{ static_integrity('none.js') }}") == ""
    assert "static_integrity('none.js'" in caplog.text


def test_a_page_may_preload_what_it_uses(make_app: MakeApp, mode: str) -> None:
    def add(app: Flask) -> None:
        @app.get("/html")
        def html() -> str:
            return url_for("static", filename="app.css") + url_for("static", filename="app.js")

    app = make_app(STATIC_OPTIMIZER_PRELOAD=["style"], STATIC_OPTIMIZER_FINGERPRINT=mode, after=add)
    link = app.test_client().get("/html").headers.getlist("Link")
    assert link == [f"<{url_of(app, 'app.css')}>; rel=preload; as=style"]
    assert "Link" not in app.test_client().get("/static/app.css").headers
    assert "Link" not in make_app(after=add).test_client().get("/html").headers


def test_build_and_clean(make_app: MakeApp, static_folder: Path) -> None:
    """``build`` makes everything, and ``clean`` removes just that."""
    app = make_app()
    runner = app.test_cli_runner()
    built = runner.invoke(args=["static", "build"])
    assert built.exit_code == 0, built.output
    assert "br: 1 smaller" in built.output
    kept = static_folder.parent / "kept"
    best = sorted(kept.rglob("*.best.*"))
    assert len(best) == 3
    response = app.test_client().get("/static/app.css", headers={"Accept-Encoding": "br"})
    assert response.data == next(p for p in best if p.suffix == ".br").read_bytes()[32:]
    mine = kept / "variants" / "mine.txt"
    mine.write_text("not yours")
    assert runner.invoke(args=["static", "build", "--quiet"]).output == ""
    assert runner.invoke(args=["static", "clean"]).output == "Removed 3 files.\n"
    assert [path for path in kept.rglob("*") if path.is_file()] == [mine]
    assert runner.invoke(args=["static", "clean"]).output == "Removed 0 files.\n"


def test_build_says_what_does_not_fit(make_app: MakeApp, static_folder: Path) -> None:
    for number in range(9):
        (static_folder / f"file{number}.css").write_bytes(CSS + b"%d" % number)
    for size, told in ((1000, True), (10**6, False)):
        app = make_app(STATIC_OPTIMIZER_CACHE_SIZE=size)
        built = app.test_cli_runner().invoke(args=["static", "build", "--quiet"])
        assert ("STATIC_OPTIMIZER_CACHE_SIZE" in built.output) is told
        kept = list((static_folder.parent / "kept").rglob("*.best.*"))
        assert (sum(path.stat().st_size for path in kept) <= 1000) is told


def test_build_of_an_app_without_a_static_folder(tmp_path: Path) -> None:
    from flask_static_optimizer import StaticOptimizer

    app = Flask("bare", root_path=str(tmp_path))
    app.config["STATIC_OPTIMIZER_CACHE_DIR"] = str(tmp_path / "kept")
    StaticOptimizer(app)
    built = app.test_cli_runner().invoke(args=["static", "build"])
    assert (built.exit_code, "0 files" in built.output) == (0, True)


@pytest.mark.parametrize(
    "text", ["no json", "[]", "{}", '{"made": ["../../secret"]}', '{"made": ["variants/../x"]}']
)
def test_clean_does_not_believe_every_manifest(
    make_app: MakeApp, static_folder: Path, text: str
) -> None:
    kept = static_folder.parent / "kept"
    kept.mkdir()
    (kept / "manifest.json").write_text(text)
    result = make_app().test_cli_runner().invoke(args=["static", "clean"])
    assert result.exit_code == 1
    assert "manifest.json" in result.output


def test_an_overridden_view(make_app: MakeApp) -> None:
    """An overridden view of static files keeps its body and its URLs."""

    def override(app: Flask) -> None:
        app.view_functions["static"] = lambda filename: f"mine: {filename}"

    app = make_app(after=override)
    assert url_of(app, "app.css") == "/static/app.css"
    assert app.test_client().get("/static/app.css").data == b"mine: app.css"


def test_get_send_file_max_age_is_the_users_word(make_app: MakeApp, static_folder: Path) -> None:
    class Own(Flask):
        def get_send_file_max_age(self, filename: str | None) -> int | None:
            return 77 if filename == "app.css" else None

    from flask_static_optimizer import StaticOptimizer

    (static_folder / "dot.png").write_bytes(b"png")
    app = Own("own", root_path=str(static_folder.parent))
    app.config["STATIC_OPTIMIZER_CACHE_DIR"] = str(static_folder.parent / "kept")
    StaticOptimizer(app)
    client = app.test_client()
    for name, said in (("app.css", "max-age=77"), ("dot.png", "max-age=3600")):
        with client.get(f"/static/{name}") as response:
            assert response.headers["Cache-Control"] == said
            response.get_data()


def test_deltas_want_fingerprints(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="STATIC_OPTIMIZER_FINGERPRINT=False"):
        make_app(STATIC_OPTIMIZER_DELTA=True, STATIC_OPTIMIZER_FINGERPRINT=False)


def test_no_long_ages_while_debugging(make_app: MakeApp) -> None:
    app = make_app(DEBUG=True)
    assert app.test_client().get(url_of(app, "app.css")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("FINGERPRINT", "hash", "'query', 'path' or False"),
        ("FINGERPRINT", True, "'query', 'path' or False"),
        ("ENCODINGS", "br", "list"),
        ("ENCODINGS", ["brotli"], "valid: br"),
        ("ENCODINGS", ["deflate"], "zstd"),
        ("MANIFESTS", ["/etc/passwd"], "relative"),
        ("MANIFESTS", ["../x.json"], "relative"),
        ("MAX_AGE", -1, "seconds"),
        ("DELTA", "yes", "True or False"),
        ("DELTA_VERSIONS", 0, "1 or more"),
        ("CACHE_DIR", "relative/path", "absolute"),
        ("CACHE_SIZE", -1, "0 or more"),
        ("CACHE_SIZE", True, "0 or more"),
        ("PRELOAD", ["styles"], "style"),
        ("PRELOAD", True, "list"),
        ("DOTFILES", "no", "True or False"),
    ],
)
def test_settings_that_can_not_be_meant(
    make_app: MakeApp, key: str, value: Any, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        make_app(**{f"STATIC_OPTIMIZER_{key}": value})
    assert f"STATIC_OPTIMIZER_{key}" in str(caught.value)
