"""The responses of Flask's own static views, field by field."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, request, url_for
from werkzeug.http import http_date
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from conftest import CSS
from flask_static_optimizer.assets.asset import SMALL

MakeApp = Callable[..., Flask]


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def with_hook(app: Flask) -> None:
    app.after_request(lambda response: response)


#: Where the app has a hook, what a request asks for is answered after it.
HOOKS = pytest.mark.parametrize("hook", [None, with_hook], ids=["alone", "hook"])


@HOOKS
@pytest.mark.parametrize("coding", ["", "br"])
@pytest.mark.parametrize("cdn", [None, "max-age=60"])
@pytest.mark.usefixtures("settled")
def test_a_304_has_no_body_fields(
    make_app: MakeApp, hook: Any, coding: str, cdn: str | None
) -> None:
    """A 304 has the fields that a cache needs, and none that describe a body."""
    app = make_app(after=hook, STATIC_OPTIMIZER_CDN_CACHE_CONTROL=cdn)
    client = app.test_client()
    headers = {"Accept-Encoding": coding}
    whole = client.get("/static/app.css", headers=headers)
    modified = whole.headers["Last-Modified"]
    for condition in ({"If-None-Match": whole.headers["ETag"]}, {"If-Modified-Since": modified}):
        for ask in (client.get, client.head):
            answer = ask("/static/app.css", headers={**headers, **condition})
            assert (answer.status_code, answer.data) == (304, b"")
            said = {"ETag", "Cache-Control", "Vary", *(["CDN-Cache-Control"] if cdn else [])}
            assert said <= set(answer.headers.keys()) <= said | {"Accept-Ranges"}
            assert all(answer.headers[name] == whole.headers[name] for name in said)


@HOOKS
def test_other_methods_are_told_which_there_are(make_app: MakeApp, hook: Any) -> None:
    client = make_app(after=hook).test_client()
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        for name in ("app.css", "none.css"):
            answer = client.open(f"/static/{name}", method=method)
            assert answer.status_code == 405
            assert set(answer.allow) == {"GET", "HEAD", "OPTIONS"}
            assert "max-age" not in answer.headers.get("Cache-Control", "")
    answer = client.options("/static/app.css")
    assert (answer.status_code, set(answer.allow)) == (200, {"GET", "HEAD", "OPTIONS"})


@HOOKS
@pytest.mark.parametrize("coding", ["", "br"])
@pytest.mark.parametrize("name", ["app.css", "empty.css", "large.bin"])
def test_a_head_says_what_a_get_says(
    make_app: MakeApp, static_folder: Path, hook: Any, coding: str, name: str
) -> None:
    (static_folder / "empty.css").write_bytes(b"")
    (static_folder / "large.bin").write_bytes(bytes(2 * SMALL))
    app = make_app(after=hook)
    with app.test_request_context():
        url = url_for("static", filename=name)
    headers = {"Accept-Encoding": coding, "Range": "bytes=0-3"}
    head = app.test_client().head(url, headers=headers)  # a Range is for GET only (§14.2)
    del headers["Range"]
    got = app.test_client().get(url, headers=headers)
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(got.headers)
    assert got.content_length == len(got.data)


@HOOKS
def test_412_and_416_describe_nothing(make_app: MakeApp, static_folder: Path, hook: Any) -> None:
    """A 412 or 416 describes no representation."""
    (static_folder / "empty.css").write_bytes(b"")
    app = make_app(after=hook, STATIC_OPTIMIZER_DELTA=True)
    with app.test_request_context():
        url, empty = (url_for("static", filename=name) for name in ("app.css", "empty.css"))
    for path, status, headers in (
        (url, 412, {"If-Match": '"x"'}),
        (url, 412, {"If-Match": '"x"', "Range": "bytes=0-1"}),
        (url, 416, {"Range": f"bytes={len(CSS)}-"}),
        (url, 416, {"Range": "bytes=-0"}),
        (empty, 416, {"Range": "bytes=0-"}),
    ):
        answer = app.test_client().get(path, headers={**headers, "Accept-Encoding": "br"})
        assert (answer.status_code, answer.data) == (status, b""), (path, headers)
        assert answer.headers["Cache-Control"] == "no-store"
        of_a_body = {"ETag", "Last-Modified", "Content-Encoding", "Use-As-Dictionary"}
        assert not of_a_body & set(answer.headers.keys())
        assert ("Content-Range" in answer.headers) == (status == 416)


def test_a_range_is_of_what_the_client_began_with(make_app: MakeApp) -> None:
    """A date does not say which bytes those were."""
    client = make_app().test_client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
        date = client.get("/static/app.css").headers["Last-Modified"]
        for coding in ("", "br"):
            headers = {"Accept-Encoding": coding, "Range": "bytes=5-", "If-Range": date}
            assert client.get("/static/app.css", headers=headers).status_code == 200
        whole = client.get("/static/app.js").headers["Last-Modified"]  # too small for codings
        headers = {"Accept-Encoding": "br", "Range": "bytes=5-", "If-Range": whole}
        assert client.get("/static/app.js", headers=headers).status_code == 200


@HOOKS
@pytest.mark.parametrize("express", [False, True])
@pytest.mark.usefixtures("settled")
def test_conditions_are_of_the_current_choice(make_app: MakeApp, hook: Any, express: bool) -> None:
    """A condition is compared with the representation that would be chosen now."""
    client = make_app(after=hook, STATIC_OPTIMIZER_EXPRESS=express).test_client()

    def ask(**conditions: str) -> Response:
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        return client.get("/static/app.css", headers={"Accept-Encoding": "br", **headers})

    plain = client.get("/static/app.css").headers["ETag"]
    coded = ask().headers["ETag"]
    assert plain != coded
    begun = {"Range": "bytes=5-", "If_Range": plain}
    part = ask(**begun)
    assert (part.status_code, part.headers["ETag"], part.data) == (206, plain, CSS[5:])
    assert ask(**begun, If_None_Match=coded).status_code == 304
    whole = ask(**begun, If_None_Match=plain)
    assert (whole.status_code, whole.headers["ETag"]) == (200, coded)


def test_too_many_ranges_get_the_whole(make_app: MakeApp) -> None:
    """Too many ranges are answered with the whole."""
    client = make_app().test_client()
    for count, status in ((16, 206), (17, 200)):
        asked = ",".join(f"{start}-{start}" for start in range(0, 2 * count, 2))
        answer = client.get("/static/app.css", headers={"Range": f"bytes={asked}"})
        assert answer.status_code == status
        assert answer.content_length == len(answer.data)
    answer = client.get("/static/app.css", headers={"Range": "bytes=" + "0-," * 16})
    assert answer.data == CSS  # joined: no more than the whole is ever sent


def test_a_guard_answers_first(make_app: MakeApp) -> None:
    """A guard answers first, and its answer is not kept."""

    def guard(app: Flask) -> None:
        @app.before_request
        def refuse() -> Response | None:
            if request.args.get("as") == "page":
                return Response("maintenance")
            return abort(403) if "as" in request.args else None

    app = make_app(after=guard)
    with app.test_request_context():
        url = url_for("static", filename="app.css")
    client = app.test_client()
    etag = client.get(url).headers["ETag"]
    for who, status in (("page", 200), ("nobody", 403)):
        headers = {"If-None-Match": etag, "Range": "bytes=0-3"}
        answer = client.get(f"{url}&as={who}", headers=headers)
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


def test_a_redirect_to_a_forged_host(make_app: MakeApp) -> None:
    """A redirect to a host that a client made up is not kept."""
    app = make_app()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    environ = {"PATH_INFO": "/static//app.css", "HTTP_X_FORWARDED_HOST": "evil.test"}
    answer = app.test_client().get("/", environ_overrides=environ)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (308, "no-store")
    assert "evil.test" in answer.headers["Location"]


@pytest.mark.parametrize("mode", ["query", "path"])
def test_below_a_dispatcher(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "with.css").write_bytes(b"a { b: url(dot.png) }")

    def add(app: Flask) -> None:
        app.add_url_rule("/url", "url", lambda: url_for("static", filename="with.css"))

    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, after=add)
    client = Client(DispatcherMiddleware(make_app(optimize=False), {"/below/here": app}))
    url = client.get("/below/here/url").text
    assert url.startswith("/below/here/static/with.")
    answer = client.get(url)
    assert "immutable" in answer.headers["Cache-Control"]
    reference = answer.text.partition("url(")[2].partition(")")[0]
    picture = client.get(f"/below/here/static/{reference}")
    assert (picture.data, "immutable" in picture.headers["Cache-Control"]) == (b"1", True)
    assert client.get("/static/with.css", buffered=True).text == "a { b: url(dot.png) }"


@pytest.mark.parametrize("mode", ["query", "path"])
def test_a_folder_at_the_root(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "with.css").write_bytes(b"a { b: url(/dot.png) }")
    flask = {"static_url_path": "", "static_folder": "static"}
    app = make_app(flask=flask, STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    with app.test_request_context():
        url = url_for("static", filename="with.css")
    answer = client.get(url)
    assert "immutable" in answer.headers["Cache-Control"]
    assert hashlib.sha256(b"1").hexdigest()[:16] in answer.text
    assert client.get("/look").text == "0"
    assert client.get("/no/such/page").headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("ago", "said"), [(0, True), (0.5, True), (5, False), (-5, False), (-4e9, False), (5e8, False)]
)
def test_a_date_of_packing_is_not_sent(
    make_app: MakeApp, static_folder: Path, ago: float, said: bool
) -> None:
    """The date of an archive or a reproducible build is not sent.

    The next one may have the same date and other bytes: a false 304.
    """
    path = static_folder / "app.css"
    path.write_bytes(CSS)
    modified = path.stat().st_mtime - ago
    os.utime(path, (modified, modified))
    client = make_app().test_client()
    assert ("Last-Modified" in client.get("/static/app.css").headers) is said
    headers = {"If-Modified-Since": http_date(modified)}
    answer = client.get("/static/app.css", headers=headers)
    assert answer.status_code == (304 if said else 200)


def test_links_to_folders_elsewhere_lead_nowhere(make_app: MakeApp, static_folder: Path) -> None:
    outside = static_folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (static_folder / "link").symlink_to(outside)
    (static_folder / "loop").symlink_to(static_folder / "loop")
    (static_folder / "inside").symlink_to(static_folder / "private")
    client = make_app().test_client()
    for name in (
        "link/secret.txt",
        "inside/../link/secret.txt",
        "loop",
        "loop/x",
        "link",
        "APP.CSS",
    ):
        answer = client.get(f"/static/{name}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store"), name
    assert client.get("/static/inside/report.pdf").status_code == 200
    assert client.get(f"/static/{'a' * 5000}").status_code == 404


@pytest.mark.parametrize("size", [3000, 2 * SMALL])
def test_a_file_that_is_really_being_written(
    make_app: MakeApp, static_folder: Path, size: int
) -> None:
    """Each answer is whole and true, says nothing of its bytes, or ends short."""
    path = static_folder / "log.txt"
    path.write_bytes(b"0" * size)
    stop = threading.Event()

    def write() -> None:
        for turn in range(10**6):
            with path.open("r+b", buffering=0) as file:
                for _ in range(4):
                    file.write(b"%d" % (turn % 10) * (size // 4))
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    app = make_app()
    client = app.test_client()
    try:
        for _ in range(60):
            try:
                answer = client.get("/static/log.txt")
            except OSError:  # as a server sees it; it closes the connection
                continue
            assert answer.status_code == 200
            if "ETag" in answer.headers:
                digest = hashlib.sha256(answer.data).hexdigest()[:32]
                assert answer.headers["ETag"] == f'"{digest}"'
            else:
                assert answer.headers["Cache-Control"] == "no-store"
    finally:
        stop.set()
        writer.join()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("optimize", [True, False], ids=["ours", "plain Flask"])
@pytest.mark.parametrize("propagates", [False, True], ids=["handled", "propagated"])
def test_after_a_hook_that_raised_the_clients_fields_are_seen(
    make_app: MakeApp, optimize: bool, propagates: bool
) -> None:
    """While a hook may compress a file it sees no ``Accept-Encoding``; who runs then, does."""
    seen: list[tuple[str, str | None]] = []
    hides: list[bool] = []

    def note(where: str) -> None:
        seen.append((where, request.headers.get("Accept-Encoding")))

    def hooks(app: Flask) -> None:
        @app.after_request
        def fail(response: Response) -> Response:
            if response.status_code == 200:
                hidden = request.headers.get("Accept-Encoding") is None
                hides.append(hidden)
                response.close()  # Flask would leave the file open
                raise ValueError("a fault of the hook")
            note("after_request")
            return response

        @app.errorhandler(Exception)
        def handle(error: Exception) -> tuple[str, int]:
            note("errorhandler")
            return "failed", 500

        @app.teardown_request
        def tear_down(_: BaseException | None) -> None:
            note("teardown")

    app = make_app(before=hooks, optimize=optimize, PROPAGATE_EXCEPTIONS=propagates)
    url = "/static/app.css"
    context = pytest.raises(ValueError, match="a fault") if propagates else nullcontext()
    with context:
        assert app.test_client().get(url, headers={"Accept-Encoding": "br"}).text == "failed"
    assert hides == [optimize]
    places = ["teardown"] if propagates else ["errorhandler", "after_request", "teardown"]
    assert seen == [(place, "br") for place in places]
