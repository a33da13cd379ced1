"""Validators from the bytes, and the conditional and range requests answered on them."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    make_response,
    request,
    send_file,
    stream_with_context,
)
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from conftest import CSS
from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


ETAG = f'"{hashlib.sha256(CSS).hexdigest()[:32]}"'


def sending(folder: Path) -> Callable[[Flask], None]:
    """Give an app a static view of its own that sends a file."""

    def setup(app: Flask) -> None:
        @app.get("/sent")
        @cacheable_static
        def sent() -> Response:
            return send_file(folder / "app.css")

    return setup


def test_the_etag_is_of_the_bytes(make_app: MakeApp, static_folder: Path) -> None:
    """The ETag depends on the bytes alone, not on host, path or time.

    Werkzeug's has the file's path and time in it, others have the time zone.
    """
    first = make_app().test_client().get("/static/app.css")
    (static_folder / "sub").mkdir()
    (static_folder / "sub" / "copy.css").write_bytes(CSS)
    os.utime(static_folder / "sub" / "copy.css", (1, 1))
    other = make_app().test_client().get("/static/sub/copy.css", base_url="https://other.example")
    assert first.headers["ETag"] == other.headers["ETag"] == ETAG


def test_the_etag_changes_within_one_tick(make_app: MakeApp, static_folder: Path) -> None:
    """The ETag changes with the bytes, even within one tick of the clock."""
    client = make_app().test_client()
    file = static_folder / "app.css"
    for number in range(20):
        content = b"version %06d" % number
        file.write_bytes(content)
        os.utime(file, (1_700_000_000, 1_700_000_000))
        response = client.get("/static/app.css")
        assert response.data == content
        assert response.get_etag()[0] == hashlib.sha256(content).hexdigest()[:32]


@pytest.mark.usefixtures("settled")
def test_a_settled_file_of_a_view_is_read_once(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_static_optimizer.assets import hashes

    reads = []
    real = hashes.read
    monkeypatch.setattr(hashes, "read", lambda *args: reads.append(1) or real(*args))
    client = make_app(before=sending(static_folder)).test_client()
    etags = {client.get("/sent").headers["ETag"] for _ in range(3)}
    assert etags == {ETAG}
    assert reads == [1]
    (static_folder / "app.css").write_bytes(b"new")
    assert client.get("/sent").headers["ETag"] != ETAG


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
        ({"Range": "lines=0-3"}, 200),
        ({"Range": "bytes=x-y"}, 200),
        ({"Range": "bytes=3-1"}, 200),
    ],
)
@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_and_ranges(
    make_app: MakeApp, headers: dict[str, str], status: int, method: str
) -> None:
    response = make_app().test_client().open("/static/app.css", method=method, headers=headers)
    if method == "HEAD" and status in (206, 416):  # RFC 9110 §14.2: Range is for GET
        status = 200
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


def test_a_stream_has_no_etag(make_app: MakeApp) -> None:
    """A stream has no ETag and keeps the policy."""

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


def test_a_body_changed_later(make_app: MakeApp) -> None:
    """A body that a hook changes gets a validator of its own."""

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


def test_a_stream_put_over_a_file(make_app: MakeApp) -> None:
    """A stream that a hook puts over a file loses or changes the validator."""

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


def test_x_sendfile_has_the_etag(make_app: MakeApp) -> None:
    """A response with X-Sendfile keeps that field and has the file's ETag."""
    client = make_app(USE_X_SENDFILE=True).test_client()
    response = client.get("/static/app.css", headers={"Range": "bytes=0-3"})
    assert response.status_code == 200
    assert response.headers["X-Sendfile"].endswith("app.css")
    assert response.headers["ETag"] == ETAG


def test_the_file_wrapper_gets_the_file(make_app: MakeApp, static_folder: Path) -> None:
    """The server's file wrapper gets a view's file where nobody changed it."""
    handed = []

    class ServerWrapper(FileWrapper):
        def __init__(self, file: Any, size: int = 8192) -> None:
            handed.append(getattr(file, "name", None))
            super().__init__(file, size)

    app = make_app(before=sending(static_folder))

    def send(**headers: str) -> bytes:
        environ = create_environ("/sent", headers=headers)
        environ["wsgi.file_wrapper"] = ServerWrapper
        body, _, _ = run_wsgi_app(app, environ, buffered=True)
        return b"".join(body)

    assert send() == CSS
    assert handed == [str(static_folder / "app.css")]
    assert send(Range="bytes=0-3") == CSS[:4]
    assert send(**{"If-None-Match": ETAG}) == b""
    assert handed[1:] == [None]  # a part of a file is not to be sent by its descriptor


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
    """The freshness of a file comes from the first that speaks of it."""

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

    def test_a_negative_age_is_none(self, make_app: MakeApp) -> None:
        assert self.age(make_app(SEND_FILE_MAX_AGE_DEFAULT=-1)) == "no-cache"

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


@pytest.mark.parametrize("failing", ["view returns nothing", "hook", "guard"])
def test_an_error_called_200_gets_no_policy(make_app: MakeApp, failing: str) -> None:
    """An error that a handler answers with 200 gets no policy."""

    def setup(app: Flask) -> None:
        @app.get("/thing")
        @cacheable_static(max_age=60)
        def thing() -> Any:
            return None if failing == "view returns nothing" else "thing"

        @app.before_request
        def guard() -> None:
            if failing == "guard":
                raise PermissionError

        @app.after_request
        def hook(response: Response) -> Response:
            if failing == "hook" and response.data == b"thing":
                raise RuntimeError
            return response

        @app.errorhandler(Exception)
        def explain(error: Exception) -> Any:
            return {"error": str(error)}, {"Cache-Control": "public, max-age=31536000"}

    app = make_app(before=setup)
    app.testing = False
    response = app.test_client().get("/thing")
    assert response.status_code == 200
    assert "error" in response.json
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_a_response_that_the_view_keeps(make_app: MakeApp) -> None:
    """A response that the view keeps and returns again stays as it was."""
    kept = Response("<svg/>", mimetype="image/svg+xml")

    def setup(app: Flask) -> None:
        app.get("/kept")(cacheable_static(max_age=60)(lambda: kept))

    client = make_app(before=setup).test_client()
    etag = client.get("/kept").headers["ETag"]
    assert client.get("/kept", headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/kept", headers={"Range": "bytes=0-1"}).data == b"<s"
    again = client.get("/kept")
    assert (again.status_code, again.data) == (200, b"<svg/>")
    assert list(kept.headers.keys()) == ["Content-Type", "Content-Length"]


def test_a_stream_around_a_file(make_app: MakeApp, tmp_path: Path) -> None:
    """A stream around a file has the validator of the bytes that it gives."""
    packed = tmp_path / "static" / "big.gz"
    with gzip.open(packed, "wb") as file:
        file.write(CSS)

    def setup(app: Flask) -> None:
        @app.get("/unpacked")
        @cacheable_static
        def unpacked() -> Response:
            return send_file(gzip.open(packed), "text/css")

        @app.get("/member")
        @cacheable_static
        def member() -> Response:
            return send_file(archive.extractfile("app.css"), "text/css")  # type: ignore[arg-type]

        @app.get("/read-only")
        @cacheable_static
        def read_only() -> Response:
            class Reader:
                def __init__(self) -> None:
                    self.read = io.BytesIO(CSS).read

            return send_file(Reader(), "text/css")  # type: ignore[arg-type]

    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "static" / "app.css", "app.css")
    archive = tarfile.open(tmp_path / "a.tar")  # noqa: SIM115
    client = make_app(before=setup).test_client()
    assert client.get("/static/big.gz").headers["ETag"] != ETAG
    assert client.get("/unpacked").headers["ETag"] == ETAG
    member = client.get("/member")
    assert (member.data, member.headers["ETag"]) == (CSS, ETAG)
    once = client.get("/read-only")
    assert once.data == CSS
    assert "ETag" not in once.headers
    archive.close()


@pytest.mark.parametrize("name", ["X-Accel-Redirect", "X-Sendfile"])
def test_an_empty_body_for_a_front_server(make_app: MakeApp, name: str) -> None:
    """An empty body for a front server has no validator of its own."""

    def setup(app: Flask) -> None:
        @app.get("/offloaded")
        @cacheable_static
        def offloaded() -> Any:
            return "", {name: "/internal/file"}

    client = make_app(before=setup).test_client()
    response = client.get("/offloaded", headers={"Range": "bytes=0-0"})
    assert response.status_code == 200
    assert "ETag" not in response.headers
    assert response.headers[name] == "/internal/file"


@pytest.mark.parametrize(
    "answer", [("part", 206, {"Content-Range": "bytes 0-3/9"}), ("", 304), ("", 204)]
)
def test_no_validator_without_a_whole_body(make_app: MakeApp, answer: Any) -> None:
    """A body that is not a whole one gets no validator."""

    def setup(app: Flask) -> None:
        app.get("/part")(cacheable_static(lambda: answer))

    assert "ETag" not in make_app(before=setup).test_client().get("/part").headers


def test_a_body_left_out_for_head(make_app: MakeApp) -> None:
    """A body that a view leaves out for HEAD gets no validator."""

    def setup(app: Flask) -> None:
        @app.get("/thing")
        @cacheable_static
        def thing() -> str:
            return "" if request.method == "HEAD" else "thing"

    assert "ETag" not in make_app(before=setup).test_client().head("/thing").headers


def test_a_reproducible_builds_date(make_app: MakeApp, static_folder: Path) -> None:
    """The date of a reproducible build makes no false 304."""
    client = make_app().test_client()
    since = {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}
    for seconds in (0, 1):
        os.utime(static_folder / "app.css", (seconds, seconds))
        response = client.get("/static/app.css", headers=since)
        assert response.status_code == 200
        assert "Last-Modified" not in response.headers


def test_call_on_close_runs_once(make_app: MakeApp) -> None:
    """A function that a view gave to ``call_on_close`` runs once."""
    closed = []

    def setup(app: Flask) -> None:
        @app.get("/thing")
        @cacheable_static(store=False)
        def thing() -> Response:
            response = make_response("thing")
            response.call_on_close(lambda: closed.append(1))
            return response

    client = make_app(before=setup).test_client()
    for headers in ({}, {"If-Match": '"x"'}, {"Range": "bytes=99-"}, {"If-None-Match": "*"}):
        closed.clear()
        client.get("/thing", headers=headers)
        assert closed == [1], headers


def test_an_empty_if_match_is_no_condition(make_app: MakeApp) -> None:
    headers = {"If-Match": "", "If-None-Match": ETAG}
    assert make_app().test_client().get("/static/app.css", headers=headers).status_code == 304


def test_what_a_view_says_of_its_file_stays(make_app: MakeApp, static_folder: Path) -> None:
    def setup(app: Flask) -> None:
        @app.get("/said/<path:words>")
        @cacheable_static(max_age=60)
        def said(words: str) -> Response:
            response = send_file(static_folder / "app.css")
            response.headers["Cache-Control"] = words
            return response

    client = make_app(before=setup).test_client()
    for words in ("no-cache, must-revalidate", "s-maxage=60"):
        assert client.get(f"/said/{words}").headers["Cache-Control"] == words
