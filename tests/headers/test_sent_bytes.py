"""The bytes of a file that leave when hooks have run: in a coding, in part, or none at all."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request, session, url_for
from werkzeug.test import create_environ, run_wsgi_app

from flask_static_optimizer.assets.fingerprints import sha256
from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]

#: A file that is sent from disk, while its coded bytes are in memory.
LARGE = "".join(f"var a{random.Random(n).random()} = 1;\n" for n in range(60_000)).encode()

CODINGS = ["zstd", "br", "gzip"]


def secure(app: Flask) -> None:
    """Add fields that say nothing of caching, as Talisman does."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers.add("Content-Security-Policy", "default-src 'self'")
        return response


def vary(app: Flask) -> None:
    @app.after_request
    def add(response: Response) -> Response:
        response.vary.add("Origin")
        return response


def write(app: Flask) -> None:
    @app.before_request
    def count() -> None:
        session["count"] = session.get("count", 0) + 1


def replace_by_the_same(app: Flask) -> None:
    @app.after_request
    def read(response: Response) -> Response:
        response.direct_passthrough = False
        response.set_data(response.get_data())
        return response


HOOKS = [secure, vary, write, replace_by_the_same]


@pytest.fixture(params=[b"a { color: red }\n" * 90, LARGE], ids=["small", "large"])
def data(request: pytest.FixtureRequest, static_folder: Path) -> bytes:
    (static_folder / "some.js").write_bytes(request.param)
    return request.param


def ask(app: Flask, method: str = "GET", **headers: str) -> Any:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().open("/static/some.js", method=method, headers=fields)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("add", HOOKS)
@pytest.mark.parametrize("coding", CODINGS)
def test_the_coded_bytes_leave(make_app: MakeApp, data: bytes, add: Any, coding: str) -> None:
    """Hooks that leave the bytes alone do not stop the coded ones."""
    app = make_app(before=add)
    for _ in range(2):
        response = ask(app, Accept_Encoding=coding)
        assert response.headers["Content-Encoding"] == coding
        assert response.content_length == len(response.data)
        assert decompress(coding, response.data) == data
    etag = response.headers["ETag"]
    again = ask(app, Accept_Encoding=coding, If_None_Match=etag)
    assert (again.status_code, again.headers["ETag"], again.data) == (304, etag, b"")
    part = ask(app, Accept_Encoding=coding, Range="bytes=10-19", If_Range=etag)
    assert (part.status_code, part.data) == (206, response.data[10:20])
    head = ask(app, "HEAD", Accept_Encoding=coding)
    assert (head.content_length, head.data) == (len(response.data), b"")
    wrong = ask(app, Accept_Encoding=coding, If_Match='"other"')
    assert (wrong.status_code, wrong.headers["Cache-Control"]) == (412, "no-store")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("add", HOOKS)
def test_the_plain_bytes_leave(make_app: MakeApp, data: bytes, add: Any) -> None:
    """Without a coding the bytes, their parts and 304s are those of the file."""
    app = make_app(before=add)
    response = ask(app)
    assert response.data == data
    assert ask(app, If_None_Match=response.headers["ETag"]).status_code == 304
    assert ask(app, Range="bytes=5-9").data == data[5:10]
    parts = ask(app, Range="bytes=0-1,7-8")
    assert parts.status_code == 206
    assert parts.mimetype == "multipart/byteranges"
    assert ask(app, Range=f"bytes={len(data)}-").status_code == 416


@pytest.mark.usefixtures("settled")
def test_fields_of_hooks_stay(make_app: MakeApp, data: bytes) -> None:
    """What a hook adds leaves with each answer, a 304 too."""

    def both(app: Flask) -> None:
        secure(app)
        vary(app)

    app = make_app(before=both)
    response = ask(app, Accept_Encoding="br")
    for each in (response, ask(app, Accept_Encoding="br", If_None_Match=response.headers["ETag"])):
        assert each.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert each.headers["Content-Security-Policy"] == "default-src 'self'"
        assert {"accept-encoding", "origin"} <= each.vary.as_set()


@pytest.mark.usefixtures("settled")
def test_hooks_see_what_flask_shows(make_app: MakeApp, data: bytes) -> None:
    """A hook sees the plain bytes, in direct passthrough, and no coding to compress for."""
    seen: list[Any] = []

    def look(app: Flask) -> None:
        @app.after_request
        def note(response: Response) -> Response:
            seen.append(
                (
                    response.status_code,
                    response.headers.get("Content-Encoding"),
                    response.content_length,
                    response.direct_passthrough,
                )
            )
            return response

    app = make_app(before=look)
    plain = make_app(optimize=False, before=look)
    for coding in ("br", "identity"):
        ask(app, Accept_Encoding=coding)
        ask(plain, Accept_Encoding=coding)
        assert seen.pop() == seen.pop() == (200, None, len(data), True)


class Careful(Response):
    """A response class of an app that adds fields to all responses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers["X-Content-Type-Options"] = "nosniff"


@pytest.mark.usefixtures("settled")
def test_the_fields_of_a_response_class_leave(make_app: MakeApp, data: bytes) -> None:
    """What the app's response class adds is there at each status and coding."""

    def use(app: Flask) -> None:
        app.response_class = Careful

    app = make_app(before=use)
    etag = ask(app).headers["ETag"]
    for headers, status in [
        ({}, "200"),
        ({"Accept-Encoding": "br"}, "200"),
        ({"If-None-Match": etag}, "304"),
        ({"Range": "bytes=0-9"}, "206"),
    ]:
        # The response of a test client is one of the app's class, too.
        environ = create_environ("/static/some.js", headers=headers)
        _, said, fields = run_wsgi_app(app, environ, buffered=True)
        assert said.startswith(status)
        assert fields.getlist("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.usefixtures("settled")
def test_a_hook_holds_bytes_of_a_file_that_is_replaced(
    make_app: MakeApp, static_folder: Path
) -> None:
    """The bytes in a hook's hands are sent, though the file is another one meanwhile."""
    path = static_folder / "some.js"
    path.write_bytes(LARGE)

    def deploy(app: Flask) -> None:
        @app.after_request
        def read(response: Response) -> Response:
            replace_by = static_folder / "next.js"
            replace_by.write_bytes(LARGE[::-1])
            response.direct_passthrough = False
            response.set_data(response.get_data())
            replace_by.rename(path)
            return response

    response = ask(make_app(before=deploy))
    assert (response.status_code, response.data) == (200, LARGE)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("edits", "suffix", "says"),
    [
        (True, "", "no-cache"),
        (False, "", "max-age=31536000, immutable"),
        (False, ":gzip", "max-age=31536000, immutable"),
        (False, ":mine", "no-cache"),
    ],
)
def test_a_304_that_a_hook_makes(make_app: MakeApp, edits: bool, suffix: str, says: str) -> None:
    """It speaks of the bytes that its ``ETag`` names, which are the URL's own or others."""

    def add(app: Flask) -> None:
        @app.after_request
        def conditional(response: Response) -> Response:
            response.direct_passthrough = False
            if edits:
                response.data += b" /* more */"
                response.add_etag(overwrite=True)
            elif suffix:
                response.set_etag((response.get_etag()[0] or "") + suffix)
            return response.make_conditional(request)

    app = make_app(before=add)
    with app.test_request_context():
        url = url_for("static", filename="app.css")
    client = app.test_client()
    etag = client.get(url).headers["ETag"]
    for _ in range(2):
        unmodified = client.get(url, headers={"If-None-Match": etag})
        assert unmodified.status_code == 304
        assert unmodified.headers["Cache-Control"] == says


@pytest.mark.parametrize("size", [1000, 2**20, 3 * 2**20])
@pytest.mark.parametrize("memory", [0, 32 * 2**20])
@pytest.mark.usefixtures("settled")
def test_a_hook_reads_the_file_and_goes_back(
    make_app: MakeApp, static_folder: Path, memory: int, size: int
) -> None:
    """As in Flask: the body is a file, whichever way a hook reads it."""
    data = os.urandom(size)
    (static_folder / "film.bin").write_bytes(data)

    def read_all(body: Any) -> bytes:
        return b"".join(body)

    def read_twice(body: Any) -> bytes:
        read_all(body)
        body.seek(0)
        return read_all(body)

    def read_the_first(body: Any) -> bytes:
        return bytes(next(iter(body)))

    for reads in (read_all, read_twice, read_the_first):

        def hooked(app: Flask, reads: Any = reads) -> None:
            @app.after_request
            def look(response: Response) -> Response:
                response.headers["X-Seen"] = sha256(reads(response.response))[:8]
                response.response.seek(0)  # type: ignore[union-attr]
                return response

        client = make_app(before=hooked, STATIC_OPTIMIZER_MEMORY=memory).test_client()
        for _ in range(3):
            with client.get("/static/film.bin") as response:
                assert response.data == data
                if reads is not read_the_first:
                    assert response.headers["X-Seen"] == sha256(data)[:8]
            with client.get("/static/film.bin", headers={"Range": "bytes=5-9"}) as part:
                assert part.data == data[5:10]
