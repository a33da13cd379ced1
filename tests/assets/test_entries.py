"""'static_entry()': the tags of a bundler's entry, and what is said where there is none."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string

from flask_static_optimizer.assets.entries import EntryError

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

MANIFEST = "dist/.vite/manifest.json"

#: What Vite 7 wrote for two entries, which share a chunk, and a module that one loads later.
VITE = {
    "_shared-CM-nJFME.js": {
        "file": "assets/shared-CM-nJFME.js",
        "name": "shared",
        "css": ["assets/shared-KouNkrDe.css"],
    },
    "_shared-KouNkrDe.css": {"file": "assets/shared-KouNkrDe.css", "src": "_shared-KouNkrDe.css"},
    "src/admin.js": {
        "file": "assets/admin-DkRfJK-d.js",
        "name": "admin",
        "src": "src/admin.js",
        "isEntry": True,
        "imports": ["_shared-CM-nJFME.js"],
    },
    "src/late.js": {
        "file": "assets/late-BQT8h38E.js",
        "name": "late",
        "src": "src/late.js",
        "isDynamicEntry": True,
        "css": ["assets/late-CidLYbpy.css"],
    },
    "src/logo.png": {"file": "assets/logo-Cw6hc6g8.png", "src": "src/logo.png"},
    "src/main.js": {
        "file": "assets/main-MDLpWUds.js",
        "name": "main",
        "src": "src/main.js",
        "isEntry": True,
        "imports": ["_shared-CM-nJFME.js"],
        "dynamicImports": ["src/late.js"],
        "css": ["assets/main-B78mKYK0.css"],
        "assets": ["assets/logo-Cw6hc6g8.png"],
    },
    "src/print.css": {"file": "assets/print-B7PI925R.css", "src": "src/print.css", "isEntry": True},
}


def write(folder: Path, manifest: dict[str, Any], name: str = MANIFEST) -> None:
    """Write a manifest, and all files that it lists."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(manifest))
    root = place.parent.parent if place.parent.name == ".vite" else place.parent
    for chunk in manifest.values():
        listed = chunk if isinstance(chunk, dict) else {"file": chunk}
        for file in (listed["file"], *listed.get("css", [])):
            if "/static/" not in file and "://" not in file:
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(f"/* {file} */")


def tags(app: Flask, call: str = "static_entry('src/main.js', integrity=False)") -> list[str]:
    with app.test_request_context():
        return render_template_string(f"{{{{ {call} }}}}").splitlines()


def test_a_vite_entry(make_app: MakeApp, static_folder: Path) -> None:
    """Stylesheets as in Vite's own pages, what is imported, then the module; nothing twice."""
    write(static_folder, VITE)
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    assets = "/static/dist/assets"
    shared = [
        f'<link rel="stylesheet" href="{assets}/shared-KouNkrDe.css">',
        f'<link rel="modulepreload" href="{assets}/shared-CM-nJFME.js">',
    ]
    main = [
        f'<link rel="stylesheet" href="{assets}/main-B78mKYK0.css">',
        f'<script type="module" src="{assets}/main-MDLpWUds.js"></script>',
    ]
    admin = f'<script type="module" src="{assets}/admin-DkRfJK-d.js"></script>'
    assert tags(app) == [shared[0], main[0], shared[1], main[1]]
    both = tags(app, "static_entry('src/main.js', 'src/admin.js', integrity=False)")
    assert both == [shared[0], main[0], shared[1], main[1], admin]
    client = app.test_client()
    for url in re.findall(r'(?:href|src)="([^"]*)"', "".join(both)):
        assert client.get(url).headers["Cache-Control"] == "max-age=31536000, immutable", url
    style = tags(app, "static_entry('src/print.css', integrity=False)")
    assert style == [f'<link rel="stylesheet" href="{assets}/print-B7PI925R.css">']


def test_nonce_and_integrity(make_app: MakeApp, static_folder: Path) -> None:
    write(static_folder, VITE)
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    found = tags(app, """static_entry('src/main.js', nonce='a"b')""")
    assert len(found) == 4
    for tag in found:
        (url,) = re.findall(r'(?:href|src)="([^"]*)"', tag)
        data = app.test_client().get(url).data
        digest = base64.b64encode(hashlib.sha384(data).digest()).decode()
        assert f' integrity="sha384-{digest}" nonce="a&#34;b">' in tag


def test_a_name_without_a_hash(make_app: MakeApp, static_folder: Path) -> None:
    """A file that the bundler has not renamed gets a fingerprint, as by ``url_for``."""
    write(static_folder, {"src/a.js": {"file": "a.js", "isEntry": True, "css": ["a.css"]}})
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=[MANIFEST], STATIC_OPTIMIZER_FINGERPRINT="path")
    style, script = tags(app, "static_entry('src/a.js', integrity=False)")
    assert re.search(r'href="/static/dist/a\.[0-9a-f]{16}\.css"', style)
    assert re.search(r'src="/static/dist/a\.[0-9a-f]{16}\.js"', script)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("public", ["", "/static/dist/"])
def test_a_flat_manifest(
    make_app: MakeApp, static_folder: Path, public: str, wrapped: bool
) -> None:
    """webpack's scripts are classic ones, and an entry's stylesheet has its name."""
    files = {"main.js": "main.8a2f9c11.js", "main.css": "main.77c0ffee.css"}
    write(static_folder, files, "dist/manifest.json")
    said = {key: public + file for key, file in files.items()}
    (static_folder / "dist/manifest.json").write_text(
        json.dumps({"paths": said} if wrapped else said)
    )
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["dist/manifest.json"])
    assert tags(app, "static_entry('main.js', integrity=False)") == [
        '<link rel="stylesheet" href="/static/dist/main.77c0ffee.css">',
        '<script defer src="/static/dist/main.8a2f9c11.js"></script>',
    ]


def test_a_file_on_a_host_of_the_bundler(make_app: MakeApp, static_folder: Path) -> None:
    write(static_folder, {"main.js": "https://cdn.example/main.8a2f9c11.js"}, "manifest.json")
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    assert tags(app, "static_entry('main.js')") == [
        '<script defer src="https://cdn.example/main.8a2f9c11.js"></script>'
    ]


def test_integrity_on_another_host(make_app: MakeApp, static_folder: Path) -> None:
    """A browser checks it in CORS mode only, and would else refuse the file."""
    write(static_folder, VITE)
    app = make_app(
        STATIC_OPTIMIZER_MANIFESTS=[MANIFEST],
        flask={"host_matching": True, "static_host": "cdn.example"},
    )
    for tag in tags(app, "static_entry('src/main.js')"):
        assert "//cdn.example/static/dist/" in tag
        assert re.search(r'integrity="[^"]*" crossorigin>', tag)


def test_the_folder_of_a_blueprint(make_app: MakeApp, static_folder: Path, tmp_path: Path) -> None:
    write(static_folder, {"a.js": {"file": "a-12345678.js", "isEntry": True}})
    write(tmp_path / "shop", {"a.js": {"file": "a-87654321.js", "isEntry": True},
                              "b.js": {"file": "b-87654321.js", "isEntry": True}})  # fmt: skip

    def add(app: Flask) -> None:
        shop = Blueprint("shop", "app", static_folder=str(tmp_path / "shop"), url_prefix="/shop")
        app.register_blueprint(shop)

    app = make_app(after=add, STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    assert "/static/dist/a-12345678.js" in tags(app, "static_entry('a.js')")[0]
    assert "/shop/shop/dist/b-87654321.js" in tags(app, "static_entry('b.js')")[0]
    theirs = tags(app, "static_entry('a.js', endpoint='shop.static')")
    assert "/shop/shop/dist/a-87654321.js" in theirs[0]
    with pytest.raises(EntryError, match=r"those that it does: 'static', 'shop\.static'"):
        tags(app, "static_entry('a.js', endpoint='shp.static')")


@pytest.mark.parametrize(
    ("manifests", "entry", "words"),
    [
        ([MANIFEST], "src/mian.js", ["static_entry('src/mian.js')", repr(MANIFEST), "'static'",
                                     "did you mean 'src/main.js'?", "src/admin.js"]),
        ([MANIFEST], "src/logo.png", ["'assets/logo-Cw6hc6g8.png'", "no script"]),
        ([], "src/main.js", ["STATIC_OPTIMIZER_MANIFESTS is empty", repr(MANIFEST)]),
        (["gone.json"], "src/main.js", ["'gone.json'", "is not there", "static'",
                                        "STATIC_OPTIMIZER_VITE_SERVER"]),
        (["broken.json"], "src/main.js", ["'broken.json' of 'static' can't be read",
                                          "build it again"]),
        (["list.json"], "src/main.js", ["list.json holds no JSON object"]),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_there(
    make_app: MakeApp, static_folder: Path, manifests: list[str], entry: str, words: list[str]
) -> None:
    """The error names the manifest, the entries that there are, and what to do."""
    write(static_folder, VITE)
    (static_folder / "broken.json").write_text("{")
    (static_folder / "list.json").write_text("[]")
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=manifests)
    with pytest.raises(EntryError) as error:
        tags(app, f"static_entry({entry!r})")
    for word in words:
        assert word in str(error.value)
    assert "_shared" not in str(error.value)


def test_a_new_build_is_seen(make_app: MakeApp, static_folder: Path) -> None:
    write(static_folder, {"a.js": {"file": "a-12345678.js", "isEntry": True}})
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    assert "a-12345678.js" in tags(app, "static_entry('a.js')")[0]
    write(static_folder, {"a.js": {"file": "a-1234567890.js", "isEntry": True}})
    assert "a-1234567890.js" in tags(app, "static_entry('a.js')")[0]


@pytest.mark.parametrize("server", ["http://localhost:5173", "http://localhost:5173/static/dist/"])
def test_the_development_server(make_app: MakeApp, server: str) -> None:
    """All comes from there, no build is needed, and nothing of it is said where it is not set."""
    app = make_app(STATIC_OPTIMIZER_VITE_SERVER=server, STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    base = server.rstrip("/")
    assert tags(app, "static_entry('src/main.js', '/src/a b.css', nonce='n')") == [
        f'<script type="module" src="{base}/@vite/client" nonce="n"></script>',
        f'<script type="module" src="{base}/src/main.js" nonce="n"></script>',
        f'<link rel="stylesheet" href="{base}/src/a%20b.css" nonce="n">',
    ]


@pytest.mark.parametrize("debug", [True, False])
def test_a_development_server_in_production(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    app = make_app(STATIC_OPTIMIZER_VITE_SERVER="http://localhost:5173")
    app.debug = debug
    for _ in range(2):
        app.test_client().get("/")
    assert caplog.text.count("STATIC_OPTIMIZER_VITE_SERVER is 'http://localhost:5173'") == (
        0 if debug else 1
    )


def missing(folder: Path) -> None:
    for path in (folder / "dist" / "assets").glob("*-*.*"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / MANIFEST).write_text("{"), "can't be read"),
        (lambda folder: (folder / MANIFEST).write_text("[]"), "holds no JSON object"),
        (lambda folder: (folder / MANIFEST).unlink(), "is in no static folder"),
        (missing, "lists files that are not there: 'assets/admin-DkRfJK-d.js', "),
        (None, ""),
    ],
)
def test_the_log_says_at_the_start_what_is_wrong(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], Any] | None,
    words: str,
) -> None:
    """Once, at the first request, whatever that is for."""
    write(static_folder, VITE)
    if spoil:
        spoil(static_folder)
    app = make_app(STATIC_OPTIMIZER_MANIFESTS=[MANIFEST])
    for _ in range(2):
        app.test_client().get("/")
    assert len(caplog.messages) == (1 if words else 0)
    assert words in caplog.text
    assert MANIFEST in caplog.text or not words
