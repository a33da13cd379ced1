"""Validators from the bytes, and the conditional and range requests answered on them."""

from __future__ import annotations

import gc
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, send_file, stream_with_context
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from conftest import CSS
from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]

ETAG = f'"{hashlib.sha256(CSS).hexdigest()[:32]}"'


def test_the_etag_is_of_the_bytes_on_every_host_path_and_time(
    make_app: MakeApp, static_folder: Path
) -> None:
    first = make_app().test_client().get("/static/app.css")
    (static_folder / "sub").mkdir()
    (static_folder / "sub" / "copy.css").write_bytes(CSS)
    os.utime(static_folder / "sub" / "copy.css", (1, 1))
    other = make_app().test_client().get("/static/sub/copy.css", base_url="https://other.example")
    assert first.headers["ETag"] == other.headers["ETag"] == ETAG


def test_the_etag_changes_with_the_bytes_even_within_one_tick(
    make_app: MakeApp, static_folder: Path
) -> None:
    client = make_app().test_client()
    file = static_folder / "app.css"
    for number in range(20):
        content = b"version %06d" % number
        file.write_bytes(content)
        os.utime(file, (1_700_000_000, 1_700_000_000))
        response = client.get("/static/app.css")
        assert response.data == content
        assert response.get_etag()[0] == hashlib.sha256(content).hexdigest()[:32]


def test_a_settled_file_is_read_once(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_static_optimizer import digests

    monkeypatch.setattr(digests, "SETTLED", -1e9)
    reads = []
    real = digests._read
    monkeypatch.setattr(digests, "_read", lambda *args: reads.append(1) or real(*args))
    client = make_app().test_client()
    etags = {client.get("/static/app.css").headers["ETag"] for _ in range(3)}
    assert etags == {ETAG}
    assert reads == [1]
    (static_folder / "app.css").write_bytes(b"new")
    assert client.get("/static/app.css").headers["ETag"] != ETAG


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f"W/{ETAG}"}, 304),
        ({"If-None-Match": f'"a", {ETAG}, "b"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": '"unfinished'}, 200),
        ({"If-None-Match": "\u00e9,,;;="}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": ETAG}, 200),
        ({"Range": "bytes=0-3"}, 206),
        ({"Range": "bytes=-4"}, 206),
        ({"Range": "bytes=0-3", "If-Range": ETAG}, 206),
        ({"Range": "bytes=0-3", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-3", "If-None-Match": ETAG}, 304),
        ({"Range": "bytes=99999-"}, 416),
        ({"Range": "bytes=0-1,4-5"}, 200),
        ({"Range": "lines=0-3"}, 200),
        ({"Range": "bytes=x-y"}, 200),
        ({"Range": "bytes=3-1"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_and_ranges(
    make_app: MakeApp, headers: dict[str, str], status: int, method: str
) -> None:
    response = make_app().test_client().open("/static/app.css", method=method, headers=headers)
    assert response.status_code == status
    if status in (200, 206, 304):
        assert response.headers["ETag"] == ETAG
        assert response.headers["Cache-Control"] == "max-age=3600"
    else:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.data == b""
        assert response.content_length == 0
    if status == 200 and method == "GET":
        assert response.data == CSS
    if status == 206:
        assert response.content_length == 4
    if status == 416:
        assert response.headers["Content-Range"] == f"bytes */{len(CSS)}"


def test_send_file_in_a_decorated_view(make_app: MakeApp, static_folder: Path) -> None:
    def add(app: Flask) -> None:
        @app.get("/by-path")
        @cacheable_static(max_age=60)
        def by_path() -> Response:
            return send_file(static_folder / "app.css")

        @app.get("/by-file")
        @cacheable_static(max_age=60)
        def by_file() -> Response:
            return send_file((static_folder / "app.css").open("rb"), "text/css")

        @app.get("/from-memory")
        @cacheable_static(max_age=60)
        def from_memory() -> Response:
            return send_file(io.BytesIO(CSS), "text/css")

        @app.get("/with-its-age")
        @cacheable_static(max_age=60)
        def with_its_age() -> Response:
            return send_file(static_folder / "app.css", max_age=5)

    client = make_app(before=add).test_client()
    for path in ("/by-path", "/by-file", "/from-memory"):
        response = client.get(path)
        assert response.data == CSS
        assert response.headers["ETag"] == ETAG
        assert response.headers["Cache-Control"] == "max-age=60"
        assert "Expires" not in response.headers
        assert client.get(path, headers={"If-None-Match": ETAG}).status_code == 304
    assert client.get("/by-path", headers={"Range": "bytes=0-3"}).data == CSS[:4]
    assert client.get("/from-memory", headers={"Range": "bytes=0-3"}).data == CSS[:4]
    assert client.get("/with-its-age").headers["Cache-Control"] == "public, max-age=5"


def test_a_stream_has_no_etag_and_keeps_the_policy(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        @app.get("/stream")
        @cacheable_static(max_age=60)
        def stream() -> Any:
            def chunks() -> Iterator[str]:
                yield from ("a", "b")

            return stream_with_context(chunks())

    client = make_app(before=add).test_client()
    response = client.get("/stream", headers={"Range": "bytes=0-0", "If-None-Match": '"x"'})
    assert response.status_code == 200
    assert response.data == b"ab"
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "max-age=60"


def test_a_body_changed_later_gets_a_validator_of_its_own(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        @app.get("/logo")
        @cacheable_static
        def logo() -> str:
            return "logo"

        @app.after_request
        def inject(response: Response) -> Response:
            if response.is_sequence:
                response.set_data(response.get_data() + b"!")
            return response

    response = make_app(before=add).test_client().get("/logo")
    assert response.get_etag()[0] == hashlib.sha256(b"logo!").hexdigest()[:32]


def test_a_stream_put_over_a_file_loses_or_changes_the_validator(make_app: MakeApp) -> None:
    def coding(name: str | None) -> Callable[[Flask], None]:
        def add(app: Flask) -> None:
            @app.after_request
            def recode(response: Response) -> Response:
                chunks = list(response.iter_encoded())
                response.close()
                response.direct_passthrough = False
                response.response = (chunk.swapcase() for chunk in chunks)
                if name:
                    response.headers["Content-Encoding"] = name
                return response

        return add

    coded = make_app(before=coding("swap")).test_client().get("/static/app.css")
    assert coded.headers["ETag"] == f'{ETAG[:-1]}-swap"'
    other = make_app(before=coding(None)).test_client().get("/static/app.css")
    assert "ETag" not in other.headers


def test_x_sendfile_keeps_its_header_and_has_the_etag(make_app: MakeApp) -> None:
    client = make_app(USE_X_SENDFILE=True).test_client()
    response = client.get("/static/app.css", headers={"Range": "bytes=0-3"})
    assert response.status_code == 200
    assert response.headers["X-Sendfile"].endswith("app.css")
    assert response.headers["ETag"] == ETAG


def test_the_servers_file_wrapper_gets_untouched_files(make_app: MakeApp) -> None:
    handed = []

    class ServerWrapper(FileWrapper):
        def __init__(self, file: Any, size: int = 8192) -> None:
            handed.append(file.name)
            super().__init__(file, size)

    app = make_app()

    def send(**headers: str) -> bytes:
        environ = create_environ("/static/app.css", headers=headers)
        environ["wsgi.file_wrapper"] = ServerWrapper
        body, _, _ = run_wsgi_app(app, environ, buffered=True)
        return b"".join(body)

    assert send() == CSS
    assert len(handed) == 1
    assert send(Range="bytes=0-3") == CSS[:4]
    assert send(**{"If-None-Match": ETAG}) == b""
    assert len(handed) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_no_file_stays_open(make_app: MakeApp) -> None:
    app = make_app()
    before = len(os.listdir("/proc/self/fd"))
    gc.disable()
    try:
        for headers in (
            {},
            {"If-None-Match": ETAG},
            {"If-Match": '"other"'},
            {"Range": "bytes=0-3"},
            {"Range": "bytes=99999-"},
        ):
            for method in ("GET", "HEAD"):
                environ = create_environ("/static/app.css", method=method, headers=headers)
                run_wsgi_app(app, environ, buffered=True)
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        gc.enable()


class TestFreshness:
    """Where the freshness of a file comes from, the first that speaks."""

    def age(self, app: Flask, path: str = "/static/app.css") -> str:
        return app.test_client().get(path).headers["Cache-Control"]

    def test_an_hour_by_default_and_no_cache_in_debug(self, make_app: MakeApp) -> None:
        assert self.age(make_app()) == "max-age=3600"
        app = make_app()
        app.debug = True
        assert self.age(app) == "no-cache"

    @pytest.mark.parametrize("given", [600, timedelta(minutes=10)])
    def test_flasks_own_setting(self, make_app: MakeApp, given: Any) -> None:
        assert self.age(make_app(SEND_FILE_MAX_AGE_DEFAULT=given)) == "max-age=600"
        assert self.age(make_app(SEND_FILE_MAX_AGE_DEFAULT=0)) == "no-cache"

    def test_our_setting_before_flasks(self, make_app: MakeApp) -> None:
        app = make_app(SEND_FILE_MAX_AGE_DEFAULT=600, STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE=60)
        assert self.age(app) == "max-age=60"

    def test_an_overridden_method_before_both(self, static_folder: Path) -> None:
        from flask_static_optimizer import StaticOptimizer

        class Mine(Flask):
            def get_send_file_max_age(self, filename: str | None) -> int | None:
                return 7 if filename == "app.css" else None

        app = Mine("app", root_path=str(static_folder.parent))
        app.config["STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE"] = 60
        StaticOptimizer(app)
        client = app.test_client()
        assert client.get("/static/app.css", buffered=True).cache_control.max_age == 7
        assert client.get("/static/app.js", buffered=True).cache_control.max_age == 60

    def test_a_blueprints_overridden_method(self, make_app: MakeApp, static_folder: Path) -> None:
        class Mine(Blueprint):
            def get_send_file_max_age(self, filename: str | None) -> int | None:
                return 8

        def add(app: Flask) -> None:
            app.register_blueprint(
                Mine("mine", __name__, static_folder=str(static_folder), url_prefix="/mine")
            )

        app = make_app(before=add)
        response = app.test_client().get("/mine/static/app.css")
        assert response.cache_control.max_age == 8

    def test_a_rule_before_all(self, make_app: MakeApp) -> None:
        app = make_app(
            SEND_FILE_MAX_AGE_DEFAULT=600,
            STATIC_OPTIMIZER_RULES={
                "static:*.css": {"max_age": 5, "immutable": True},
                "static": {"stale_if_error": 60},
            },
        )
        assert self.age(app) == "max-age=5, immutable"
        assert self.age(app, "/static/app.js") == "max-age=600, stale-if-error=60"
