"""The same requests to nginx, as 'flask static nginx' sets it up, and to the app."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, url_for

from cli.nginx.servers import Answer, AppServer, send
from conftest import free_port
from flask_static_optimizer import StaticOptimizer, cacheable_static

ODD = [
    'quote".css',
    "dollar$host.css",
    "line\nbreak.css",
    "semi;colon}.css",
    "back\\slash.css",
    "tab\there.txt",
    "space here.txt",
    "caf\u00e9.txt",
    "~tilde.txt",
    "@at.txt",
    "per%41cent.txt",
    "hash#tag.txt",
    "question?.txt",
    "'single'.txt",
    "default",
]

#: What is compared of a response, besides its status and its bytes.
COMPARED = (
    "Access-Control-Allow-Origin",
    "Cache-Control",
    "Cdn-Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Expires",
    "Last-Modified",
    "Set-Cookie",
    "Vary",
    "Www-Authenticate",
    "X-Content-Type-Options",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "site" / "static"
    (folder / "private").mkdir(parents=True)
    (folder / "img").mkdir()
    (folder / ".well-known").mkdir()
    (folder / "dist").mkdir()
    css = "body { background: url(img/a.svg) }\n" + "p { color: red }\n" * 60
    (folder / "app.css").write_text(css)
    (folder / "plain.js").write_text("export default 42\n" * 50)
    (folder / "img" / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>" * 20)
    (folder / "img" / "b.svgz").write_bytes(gzip.compress(b"<svg/>", mtime=0))
    (folder / "img" / "photo.png").write_bytes(os.urandom(300_000))
    (folder / "empty.txt").write_text("")
    (folder / "one.txt").write_text("1")
    (folder / "Twin.txt").write_text("big")
    (folder / "twin.txt").write_text("small")
    (folder / "old.txt").write_text("of a reproducible build")
    os.utime(folder / "old.txt", (1, 1))
    (folder / ".env").write_text("SECRET=1")
    (folder / ".well-known" / "security.txt").write_text("Contact: a@example.org")
    (folder / "private" / "report.pdf").write_bytes(b"%PDF- guarded")
    (folder / "unshared.txt").write_text("left alone")
    (folder / "walled.txt").write_text("behind a guard of its own")
    (folder / "aged.woff2").write_bytes(os.urandom(900))
    body = b"console.log(1)\n" * 40
    (folder / "dist" / f"main.{sha256(body).hexdigest()[:12]}.js").write_bytes(body)
    (folder / "dist" / "chunk-Ab3dEf9h.js").write_bytes(body)
    (folder / "dist" / "manifest.json").write_text(json.dumps({"chunk.js": "chunk-Ab3dEf9h.js"}))
    (tmp_path / "outside.txt").write_text("outside")
    (folder / "leads-out.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "leads-in.txt").symlink_to(folder / "one.txt")
    for name in ODD:
        (folder / name).write_text(f"{name!r} {'x' * 400}")
    other = tmp_path / "site" / "other"
    other.mkdir()
    (other / "b.css").write_text("@import 'c.css';")
    (other / "c.css").write_text("q{}" * 200)
    return folder


@pytest.fixture
def make(folder: Path) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        app = Flask("site", root_path=str(folder.parent))
        app.config.update(
            {
                "SECRET_KEY": "test",
                "STATIC_OPTIMIZER_CACHE_DIR": str(folder.parent / "kept"),
                "STATIC_OPTIMIZER_MANIFESTS": ["dist/manifest.json"],
                "STATIC_OPTIMIZER_ROOT_FILES": [
                    "one.txt",
                    "later.txt",
                    {"/site.css": "app.css", "/private.pdf": "private/report.pdf"},
                    {"/.well-known/security.txt": ".well-known/security.txt"},
                    {"/taken.txt": "one.txt"},
                ],
                "STATIC_OPTIMIZER_RULES": {
                    "static:private/*": {"session": "protected"},
                    "static:unshared.txt": False,
                    "static:*.woff2": {"max_age": 86400, "stale_while_revalidate": 60},
                    "static:img/photo.png": {"headers": {"X-Content-Type-Options": None}},
                    "static:*.txt": {"headers": {"Content-Disposition": "attachment"}},
                },
                **config,
            }
        )
        blueprint = Blueprint(
            "other", "site", root_path=app.root_path, static_folder="other", url_prefix="/other"
        )
        app.register_blueprint(blueprint)

        @app.before_request
        def guard() -> Any:
            from flask import request

            return ("no", 403) if request.path.endswith("walled.txt") else None

        @app.get("/charts/<int:number>.svg")
        @cacheable_static(max_age=60)
        def chart(number: int) -> Any:
            return Response(f"<svg>{number}</svg>" * 30, mimetype="image/svg+xml")

        app.add_url_rule("/taken.txt", "taken", lambda: "of the app")
        StaticOptimizer(app)
        return app

    return make


def paths(app: Flask) -> Iterator[str]:
    """Make URLs of files: as they are, fingerprinted, and with what does not belong there."""
    state = app.extensions["static_optimizer"]
    for mount in state.catalogue.mounts:
        for name in mount.names():
            with app.test_request_context():
                yield url_for(mount.endpoint, filename=name, static_optimizer_plain=True)
                yield url_for(mount.endpoint, filename=name)
    with app.test_request_context():
        css = url_for("static", filename="app.css")
    yield css.replace("app.css", "plain.js")  # another file's fingerprint
    version = css.partition("?v=")[2] or "0123456789abcdef"
    yield from (
        "/static/app.css?v=0000000000000000",
        "/static/app.css?v=0000",
        "/static/app.css?",
        "/static/app.css?v=",
        f"/static/app.css?V={version}",
        f"/static/app.css?v={version.upper()}",
        f"/static/app.css?v={version}&v=0000000000000000",
        f"/static/app.css?x=1&v={version}",
        f"/static/app.css?v={version}&utm=1",
        f"/static/app.css?v={version}?v=1.2.3",
        f"/static/app.css?v=1.2.3&v={version}",
        f"/static/app.css?v={version}.1",
        f"/static/app.css?v=%{ord(version[0]):02x}{version[1:]}",
        "/static/app.css?utm_source=letter",
        "/static/app.0000000000000000.css",
        "/static/APP.css",
        "/static/%61pp.css",
        "/static/./app.css",
        "/static/img/../app.css",
        "/static/img/%2e%2e/app.css",
        "/static//app.css",
        "//static/app.css",
        "/static/app.css/",
        "/static/missing.css",
        "/static/.env",
        "/static/img",
        "/static/leads-out.txt",
        "/static/app.css%0a",
        "/static/one.txt%20",
        "/static/..%2fsite.py",
        "/other/static/c.css?v=1",
        "/objects/none",
        "/one.txt",
        "/one.txt?v=0000000000000000",
        "/One.txt",
        "//one.txt",
        "/later.txt",
        "/site.css",
        f"/site.css?v={version}",
        "/site.css?x=1",
        "/private.pdf",
        "/taken.txt",
        "/.well-known/security.txt",
    )


VARIATIONS: list[dict[str, str]] = [
    {},
    *(
        {"Accept-Encoding": value}
        for value in (
            "gzip, deflate, br, zstd",
            "gzip",
            "br",
            "zstd",
            "GZIP , x",
            "x-gzip",
            "gzip;q=0, br",
            "br;q=0.1, gzip",
            "*",
            "identity",
            "identity;q=0",
            "",
            "notgzip",
            "gzip " * 120,
        )
    ),
    {"Cookie": "session=eyJhIjoxfQ.none.none"},
    {"Authorization": "Bearer x"},
    {"Range": "bytes=0-"},
    {"Range": "bytes=0-4"},
    {"Range": "bytes=0-9999999"},
    {"Range": "bytes=2-4"},
    {"Range": "bytes=-3"},
    {"Range": "bytes=-0"},
    {"Range": "bytes=-999999999"},
    {"Range": "bytes=5-2"},
    {"Range": "bytes=99999999-"},
    {"Range": "bytes=0-1,3-4"},
    {"Range": "lines=1-2"},
    {"Range": "bytes=0-4", "Accept-Encoding": "br"},
    {"Range": "bytes=0-4", "If-Range": '"00000000000000000000000000000000"'},
    {"Range": "bytes=0-4", "If-Range": "<etag>"},
    {"Range": "bytes=0-4", "If-Range": "<etag>", "Accept-Encoding": "gzip"},
    {"Range": "bytes=0-4", "If-Range": "<modified>"},
    {"If-None-Match": "<etag>"},
    {"If-None-Match": "W/<etag>"},
    {"If-None-Match": '"x", <etag>'},
    {"If-None-Match": "<etag>", "Accept-Encoding": "gzip"},
    {"If-None-Match": '"00000000000000000000000000000000"'},
    {"If-None-Match": "*"},
    {"If-None-Match": '"x"', "If-Modified-Since": "<modified>"},
    {"If-Modified-Since": "<modified>"},
    {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    {"If-Match": "<etag>"},
    {"If-Match": '"x"'},
    {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
]


def compare(app: Flask, server: AppServer, port: int, step: int) -> tuple[int, int]:
    """Send requests to both; how many, and how many of them nginx answered alone.

    :param step: of how many variations one is sent.
    """
    count = own = 0
    wrong = []
    for path in dict.fromkeys(paths(app)):
        plain = send(server.port, path)
        known = {
            "<etag>": plain.headers.get("Etag", '"none"'),
            "<modified>": plain.headers.get("Last-Modified", "Mon, 01 Jan 2001 00:00:00 GMT"),
        }
        for variation in VARIATIONS[::step]:
            headers = {}
            for name, value in variation.items():
                for placeholder, real in known.items():
                    value = value.replace(placeholder, real)
                headers[name] = value
            for method in ("GET", "HEAD", "POST") if not variation else ("GET", "HEAD"):
                ours = send(server.port, path, headers, method)
                before = len(server.asked)
                theirs = send(port, path, headers, method)
                count += 1
                own += len(server.asked) == before
                if _told(ours) != _told(theirs):
                    wrong.append((method, path, headers, _told(ours)[:2], _told(theirs)[:2]))
    assert not wrong, "\n".join(map(str, wrong[:20]))
    return count, own


def _told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    told = {name: answer.headers[name] for name in COMPARED if name in answer.headers}
    body = answer.body
    if told.get("Content-Type", "").startswith("multipart/"):
        boundary = told["Content-Type"].partition("boundary=")[2]
        told["Content-Type"] = "multipart/byteranges"
        body = body.replace(boundary.encode(), b"")
    return answer.status, told, body


@pytest.mark.parametrize(
    ("config", "step"),
    [
        ({}, 1),
        (
            {
                "STATIC_OPTIMIZER_FINGERPRINT": "path",
                "STATIC_OPTIMIZER_HEADERS": {
                    "Access-Control-Allow-Origin": "*",
                    "X-Content-Type-Options": "nosniff",
                },
            },
            4,
        ),
        ({"STATIC_OPTIMIZER_FINGERPRINT": False}, 5),
        ({"STATIC_OPTIMIZER_DELTA": True, "STATIC_OPTIMIZER_ENCODINGS": ["br", "zstd"]}, 3),
        (
            {
                "STATIC_OPTIMIZER_PUBLIC": True,
                "STATIC_OPTIMIZER_CDN_CACHE_CONTROL": "max-age=5",
                "STATIC_OPTIMIZER_DOTFILES": True,
                "STATIC_OPTIMIZER_SYMLINKS": True,
                "APPLICATION_ROOT": "/",
            },
            7,
        ),
    ],
    ids=["query", "path", "plain", "delta", "public"],
)
def test_nginx_answers_as_the_app_does(
    make: Callable[..., Flask],
    serve: Any,
    run_nginx: Any,
    config_of: Any,
    tmp_path: Path,
    settled: None,
    capsys: pytest.CaptureFixture[str],
    config: dict[str, Any],
    step: int,
) -> None:
    app = make(**config)
    server, port = serve(app), free_port()
    run_nginx(
        config_of(
            app,
            f"--root={tmp_path}/copy",
            f"--upstream=127.0.0.1:{server.port}",
            f"--listen=127.0.0.1:{port}",
        ),
        port,
    )
    count, by_nginx = compare(app, server, port, step)
    with capsys.disabled():
        print(f"\nnginx parity: {count} requests compared, {by_nginx} answered by nginx alone")
    assert count > 5000 / step
    assert by_nginx > 200
    asked = len(server.asked)
    for path in ("/one.txt", "/site.css", "/.well-known/security.txt"):
        assert send(port, path).status == 200
    assert len(server.asked) == asked, "nginx has the files at the root"
