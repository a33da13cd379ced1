"""Files that static views of the app's own send, beside plain Flask and beside a static folder."""

from __future__ import annotations

import base64
import gc
import gzip
import hashlib
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import (
    Flask,
    Response,
    abort,
    make_response,
    render_template_string,
    request,
    send_file,
    send_from_directory,
    session,
    url_for,
)
from werkzeug.wsgi import FileWrapper

from conftest import CSS
from flask_static_optimizer import cacheable_static
from flask_static_optimizer.assets import asset as assets
from flask_static_optimizer.assets import hashes
from flask_static_optimizer.assets.files import FileChangingError
from flask_static_optimizer.assets.fingerprints import fingerprint
from flask_static_optimizer.headers import etags

pytestmark = pytest.mark.usefixtures("settled")

MakeApp = Callable[..., Flask]

ETAG = f'"{hashlib.sha256(CSS).hexdigest()[:32]}"'
FINGERPRINT = fingerprint(hashlib.sha256(CSS).hexdigest())
CODED = {"Accept-Encoding": "gzip"}
FOLDER = {"folder": "static"}


def sending(
    respond: Callable[[Response], Any] = lambda response: None, **options: Any
) -> Callable[[Flask], None]:
    """Give an app a view that sends the files of its static folder, and may change its response."""

    def setup(app: Flask) -> None:
        @app.get("/assets/<path:path>", endpoint="assets")
        def view(path: str) -> Response:
            if path.startswith("private/"):
                abort(403)
            response = send_from_directory(app.static_folder or "", path, **options)
            respond(response)
            return response

    return setup


@pytest.fixture
def both(make_app: MakeApp) -> Callable[..., tuple[Flask, Flask]]:
    """Make the same app with a static view, and in plain Flask."""

    def make(
        before: Callable[[Flask], None], policy: Any = None, **config: Any
    ) -> tuple[Flask, Flask]:
        rules = {"assets": policy or {}}
        ours = make_app(before=before, STATIC_OPTIMIZER_RULES=rules, **config)
        return ours, make_app(before=before, optimize=False)

    return make


def test_its_file_is_answered_like_that_of_a_folder(make_app: MakeApp) -> None:
    app = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}})
    client = app.test_client()
    for headers in (
        {},
        CODED,
        {"Range": "bytes=3-8"},
        {"If-None-Match": ETAG},
        {"Range": "bytes=99999-"},
        {"If-Match": '"other"'},
        CODED | {"Range": "bytes=3-8"},
        CODED | {"Range": "bytes=3-8", "If-Range": ETAG},
    ):
        for method in ("GET", "HEAD"):
            for _ in range(2):  # what is found out first, and what is known then
                view = client.open("/assets/app.css", method=method, headers=headers)
                folder = client.open("/static/app.css", method=method, headers=headers)
                assert (view.status, view.data) == (folder.status, folder.data)
                said = dict(view.headers)
                said.pop("Content-Disposition", None)
                assert said == dict(folder.headers)


@pytest.mark.parametrize("name", ["app.css", "app.js", "private/report.pdf", "none.css"])
@pytest.mark.parametrize("headers", [{}, CODED, {"Range": "bytes=2-5"}])
def test_the_bytes_are_those_of_plain_flask(
    both: Callable[..., tuple[Flask, Flask]], name: str, headers: dict[str, str]
) -> None:
    ours, plain = (app.test_client() for app in both(sending()))
    for _ in range(2):
        got, expected = (client.get(f"/assets/{name}", headers=headers) for client in (ours, plain))
        data = got.data
        if got.headers.get("Content-Encoding"):
            data = gzip.decompress(data)
        if "Range" not in headers or name != "app.css":
            assert data == expected.data
        assert got.status == expected.status
        for field in ("Content-Type", "Content-Disposition"):
            assert got.headers.get(field) == expected.headers.get(field)


def test_the_view_runs_each_time(both: Callable[..., tuple[Flask, Flask]]) -> None:
    """Whatever stands in a view decides about each request, and a file is no reason to skip it."""
    runs, allowed = [], [True]

    def setup(app: Flask) -> None:
        @app.get("/assets/<name>", endpoint="assets")
        def view(name: str) -> Response:
            runs.append(name)
            return send_from_directory(app.static_folder or "", name) if allowed[0] else abort(410)

    client = both(setup)[0].test_client()
    assert [client.get("/assets/app.css").status_code for _ in range(3)] == [200, 200, 200]
    allowed[0] = False
    assert client.get("/assets/app.css", headers={"If-None-Match": ETAG}).status_code == 410
    assert len(runs) == 4


def test_a_known_file_is_not_read(
    both: Callable[..., tuple[Flask, Flask]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = both(sending())[0].test_client()
    first = client.get("/assets/app.css", headers=CODED)
    client.get("/assets/app.css")

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("the file is read again")

    monkeypatch.setattr(hashes, "read", never)
    monkeypatch.setattr(assets, "read", never)
    monkeypatch.setattr("flask_static_optimizer.headers.etags._read", never)
    monkeypatch.setattr(FileWrapper, "__next__", never)
    monkeypatch.setattr("flask_static_optimizer.store.index.Index.find", never)
    for headers, status in (
        (CODED, 200),
        ({}, 200),
        ({"If-None-Match": ETAG}, 304),
        (CODED | {"If-None-Match": first.headers["ETag"]}, 304),
        ({"Range": "bytes=0-3"}, 206),
    ):
        assert client.get("/assets/app.css", headers=headers).status_code == status


def test_a_new_version(make_app: MakeApp, static_folder: Path) -> None:
    app = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}})
    client = app.test_client()
    for number in range(4):
        data = b"/* %d */" % number * 100
        (static_folder / "new.css").write_bytes(data)
        os.replace(static_folder / "new.css", static_folder / "app.css")
        for headers in ({}, CODED):
            response = client.get("/assets/app.css", headers=headers)
            coded = "Content-Encoding" in response.headers
            assert (gzip.decompress(response.data) if coded else response.data) == data


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"max_age": 5}, "public, max-age=5"),
        ({"max_age": 0}, "max-age=0"),
        ({}, "max-age=3600"),
    ],
)
def test_its_own_age_stays(
    both: Callable[..., tuple[Flask, Flask]], options: dict[str, Any], expected: str
) -> None:
    client = both(sending(**options))[0].test_client()
    for _ in range(2):
        response = client.get("/assets/app.css", headers=CODED)
        assert response.headers["Content-Encoding"] == "gzip"
        said = response.headers["Cache-Control"]
        assert said == expected or (options == {"max_age": 0} and "max-age=0" in said)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("app.js", "no-cache"), ("a.html", "no-cache"), ("app.css", "max-age=3600")],
)
def test_its_age_is_by_kind(
    make_app: MakeApp, static_folder: Path, name: str, expected: str
) -> None:
    """As in a static folder, what breaks a page when it is old is asked for each time."""
    (static_folder / "a.html").write_text("<p>" * 99)
    app = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}})
    assert app.test_client().get(f"/assets/{name}").headers["Cache-Control"] == expected
    given = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {"max_age": 7}})
    assert given.test_client().get(f"/assets/{name}").headers["Cache-Control"] == "max-age=7"


def tagged(response: Response) -> None:
    response.set_etag("of-the-view")


def dated(response: Response) -> None:
    response.last_modified = 1_000_000_000  # type: ignore[assignment]


def coded(response: Response) -> None:
    response.headers["Content-Encoding"] = "x-own"


def private(response: Response) -> None:
    response.cache_control.private = True


def varying(response: Response) -> None:
    response.vary.add("Accept-Language")


def varying_by_cookie(response: Response) -> None:
    response.vary.add("Cookie")


def adding(response: Response) -> None:
    response.headers["X-Own"] = "yes"
    response.headers.add("Link", "</a>; rel=x")
    response.headers.add("Link", "</b>; rel=y")


def downloading(response: Response) -> None:
    response.headers["Content-Disposition"] = "attachment; filename=other.css"


@pytest.mark.parametrize(
    ("respond", "fields", "is_coded"),
    [
        (tagged, {"ETag": '"of-the-view"'}, False),
        (dated, {"Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT"}, False),
        (coded, {"Content-Encoding": "x-own"}, False),
        (private, {"Cache-Control": "private"}, True),
        (varying, {"Vary": "Accept-Language"}, True),
        (varying_by_cookie, {"Vary": "Cookie", "Cache-Control": "private"}, False),
        (adding, {"X-Own": "yes", "Link": "</a>; rel=x,</b>; rel=y"}, True),
        (downloading, {"Content-Disposition": "attachment; filename=other.css"}, True),
    ],
)
def test_what_a_view_says_stays(
    both: Callable[..., tuple[Flask, Flask]],
    respond: Callable[[Response], None],
    fields: dict[str, str],
    is_coded: bool,
) -> None:
    client = both(sending(respond))[0].test_client()
    for _ in range(2):
        response = client.get("/assets/app.css", headers=CODED)
        for name, value in fields.items():
            assert value in ",".join(response.headers.getlist(name))
        assert ("gzip" in response.headers.get("Content-Encoding", "")) == is_coded
        assert (gzip.decompress(response.data) if is_coded else response.data) == CSS
    assert (
        client.get(
            "/assets/app.css", headers={"If-None-Match": response.headers["ETag"]} | CODED
        ).status_code
        == 304
    )


def test_two_types_of_one_file(make_app: MakeApp, static_folder: Path) -> None:
    """The type that a view gives decides about codings, and each response has its own."""
    (static_folder / "upload").write_bytes(CSS)

    def setup(app: Flask) -> None:
        @app.get("/as/<kind>", endpoint="assets")
        def view(kind: str) -> Response:
            return send_file(static_folder / "upload", mimetype=request.args["type"])

    app = make_app(before=setup, STATIC_OPTIMIZER_RULES={"assets": {}})
    client = app.test_client()
    for _ in range(2):
        for kind, coding in (("text/plain", "gzip"), ("image/png", None)):
            response = client.get(f"/as/x?type={kind}", headers=CODED)
            assert response.mimetype == kind
            assert response.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize("after", [False, True])
def test_a_hook_sees_the_plain_file(both: Callable[..., tuple[Flask, Flask]], after: bool) -> None:
    """Its change goes out, with an ETag of its own; without one the coded bytes do."""

    def setup(app: Flask) -> None:
        sending()(app)

        @app.after_request
        def edit(response: Response) -> Response:
            assert response.headers.get("Content-Encoding") is None
            if after and response.mimetype == "text/css":
                response.direct_passthrough = False
                response.set_data(response.get_data() + b"/* edited */")
            return response

    client = both(setup)[0].test_client()
    for _ in range(2):
        response = client.get("/assets/app.css", headers=CODED)
        if after:
            assert response.data == CSS + b"/* edited */"
            assert response.headers["ETag"] != ETAG
            assert "Last-Modified" not in response.headers
        else:
            assert gzip.decompress(response.data) == CSS


def test_the_session_stays_out(both: Callable[..., tuple[Flask, Flask]]) -> None:
    def setup(app: Flask) -> None:
        sending()(app)
        app.before_request(lambda: session.update(seen=True))

    ours, plain = both(setup)
    assert "Set-Cookie" in plain.test_client().get("/assets/app.css").headers
    for _ in range(2):
        assert "Set-Cookie" not in ours.test_client().get("/assets/app.css").headers


def test_a_protected_view(both: Callable[..., tuple[Flask, Flask]]) -> None:
    client = both(sending(), policy={"session": "protected"})[0].test_client()
    for _ in range(2):
        response = client.get("/assets/app.css", headers=CODED)
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert gzip.decompress(response.data) == CSS


def test_a_view_that_sends_something_else_now(make_app: MakeApp) -> None:
    """A page at the path of a file is stored again, as if there had been no file."""
    page, runs = [False], []

    def setup(app: Flask) -> None:
        @app.get("/either")
        @cacheable_static
        def either() -> Any:
            runs.append(1)
            return "a page" if page[0] else send_from_directory(app.static_folder or "", "app.css")

    client = make_app(before=setup).test_client()
    assert [client.get("/either").data for _ in range(3)] == [CSS] * 3
    page[0] = True
    assert [client.get("/either").data for _ in range(4)] == [b"a page"] * 4
    assert len(runs) == 5


def test_a_file_with_store_true_is_stored(make_app: MakeApp) -> None:
    runs = []

    def setup(app: Flask) -> None:
        @app.get("/stored")
        @cacheable_static(store=True)
        def stored() -> Response:
            runs.append(1)
            return send_from_directory(app.static_folder or "", "app.css")

    client = make_app(before=setup).test_client()
    assert [client.get("/stored").data for _ in range(3)] == [CSS] * 3
    assert len(runs) == 1


def test_what_cant_be_stored_is_answered_as_a_file(make_app: MakeApp) -> None:
    """A response to a request with credentials is not stored: the view runs, and reads nothing."""
    runs: list[str] = []

    def note(_: Response) -> None:
        runs.append(request.path)

    def setup(app: Flask) -> None:
        sending(note)(app)
        app.add_url_rule("/shared/<path:path>", "shared", app.view_functions["assets"])

    stored, shared = {"store": True}, {"store": True, "public": True}
    rules = {"assets": stored, "shared": shared}
    client = make_app(before=setup, STATIC_OPTIMIZER_RULES=rules).test_client()
    headers = CODED | {"Authorization": "Basic YTpi"}
    answers = [client.get("/assets/app.css", headers=headers) for _ in range(3)]
    assert runs == ["/assets/app.css"] * 3
    for answer in answers:
        assert gzip.decompress(answer.data) == CSS
        assert answer.headers["Cache-Control"] == "private, max-age=3600"
        assert "Cache-Status" not in answer.headers
    etag = answers[0].headers["ETag"]
    again = client.get("/assets/app.css", headers=headers | {"If-None-Match": etag})
    assert again.status_code == 304
    runs.clear()
    assert [client.get("/assets/app.css").data for _ in range(3)] == [CSS] * 3
    assert [client.get("/shared/app.css", headers=headers).data for _ in range(3)] == [CSS] * 3
    assert runs == ["/assets/app.css", "/shared/app.css"]


def test_a_large_file_comes_from_the_open_one(make_app: MakeApp, static_folder: Path) -> None:
    data = os.urandom(3 * 2**20)
    (static_folder / "large.bin").write_bytes(data)
    app = make_app(
        before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}}, STATIC_OPTIMIZER_MEMORY=2**20
    )
    client = app.test_client()
    for _ in range(3):
        assert client.get("/assets/large.bin").data == data
        part = client.get("/assets/large.bin", headers={"Range": "bytes=1000-2000000"})
        assert (part.status_code, part.data) == (206, data[1000:2000001])


def test_no_file_stays_open(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "large.bin").write_bytes(os.urandom(2 * 2**20))
    client = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}}).test_client()
    ways = [{}, CODED, {"If-None-Match": "*"}, {"Range": "bytes=0-1"}, {"Range": "bytes=9999999-"}]
    for name in ("app.css", "large.bin"):
        for headers in ways:
            for method in ("GET", "HEAD"):
                client.open(f"/assets/{name}", method=method, headers=headers)
    place = "/proc/self/fd"
    opened = [os.path.realpath(f"{place}/{number}") for number in os.listdir(place)]
    assert [path for path in opened if str(static_folder) in path] == []


def test_a_file_just_written(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is remembered of a file that may change without a sign."""
    monkeypatch.setattr("flask_static_optimizer.assets.files.SETTLED", 1e9)
    read, reads = etags._read, []
    monkeypatch.setattr(etags, "_read", lambda *args: reads.append(1) or read(*args))
    client = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}}).test_client()
    state = (static_folder / "app.css").stat()
    for number in range(3):
        data = CSS[:-1] + b"%d" % number
        (static_folder / "app.css").write_bytes(data)
        os.utime(static_folder / "app.css", ns=(state.st_atime_ns, state.st_mtime_ns))
        response = client.get("/assets/app.css")
        assert response.data == data
        assert response.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    assert len(reads) == 3


def test_what_clients_think_up_takes_no_memory(make_app: MakeApp, static_folder: Path) -> None:
    """One file under any path, as an app of one page sends it, is remembered a few times only."""

    def setup(app: Flask) -> None:
        @app.get("/app/<path:path>", endpoint="assets")
        def view(path: str) -> Response:
            return send_from_directory(static_folder, "app.css")

    app = make_app(before=setup, STATIC_OPTIMIZER_RULES={"assets": FOLDER})
    client = app.test_client()
    state = app.extensions["static_optimizer"]

    def size() -> int:
        gc.collect()
        return len(pickle.dumps([key for kept in known() for key in kept])) + sum(
            len(path) for _, path in state.open_store()._left_out
        )

    def known() -> list[dict[Any, Any]]:
        return [asset.derived.representations for asset in state.memory._held]

    client.get("/app/x")
    before = size()
    for number in range(200):
        path, headers = (
            f"/app/{number}-{'x' * 3000}?v={number:016x}",
            {"Accept-Encoding": "x" * 3000},
        )
        assert client.get(path).data == CSS
        assert client.get(f"/app/x?{number}", headers=headers).data == CSS
    assert size() < before + 20_000
    assert all(len(kept) <= 64 for kept in known())


@pytest.mark.parametrize("when", ["opened", "read"])
def test_a_file_that_goes_while_it_is_looked_at(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The view has it open, so its bytes go out."""

    def delete(response: Response) -> None:
        (static_folder / "app.css").unlink()

    def changing(*_: Any) -> Any:
        raise FileChangingError("it is being replaced")

    if when == "read":
        monkeypatch.setattr(assets.Asset, "read", changing)
    before = sending(delete) if when == "opened" else sending()
    app = make_app(before=before, STATIC_OPTIMIZER_RULES={"assets": {}})
    response = app.test_client().get("/assets/app.css", headers=CODED)
    assert (response.status_code, response.data) == (200, CSS)
    assert response.headers["ETag"] == ETAG


def urls(app: Flask, *names: str) -> list[str]:
    with app.test_request_context():
        return [url_for("assets", path=name) for name in names]


class TestFolder:
    """A policy that names the folder of a view's files."""

    def test_its_urls_have_fingerprints(self, both: Callable[..., tuple[Flask, Flask]]) -> None:
        ours, plain = both(sending(max_age=9), policy=FOLDER)
        names = ("app.css", "app.js", "private/report.pdf", "none.css")
        versioned = urls(ours, *names)
        assert versioned[0] == f"/assets/app.css?v={FINGERPRINT}"
        assert versioned[2].startswith("/assets/private/report.pdf?v=")
        # An ES module is asked for by the name that imports have; what is not there has no hash.
        assert versioned[1::2] == urls(plain, *names)[1::2]
        client = ours.test_client()
        for _ in range(2):
            response = client.get(versioned[0], headers=CODED)
            assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
            assert gzip.decompress(response.data) == CSS
        assert client.get("/assets/app.css").headers["Cache-Control"] == "public, max-age=9"

    def test_path_mode_uses_the_query(self, make_app: MakeApp) -> None:
        """The view knows its files by their own names."""
        app = make_app(
            before=sending(),
            STATIC_OPTIMIZER_RULES={"assets": FOLDER},
            STATIC_OPTIMIZER_FINGERPRINT="path",
        )
        (url,) = urls(app, "app.css")
        assert url == f"/assets/app.css?v={FINGERPRINT}"
        assert "immutable" in app.test_client().get(url).headers["Cache-Control"]

    def test_only_the_bytes_of_the_fingerprint_are_immutable(
        self, make_app: MakeApp, static_folder: Path, tmp_path: Path
    ) -> None:
        """The view may send other bytes than those of the folder; then each use asks."""
        other = tmp_path / "other"
        other.mkdir()
        (other / "app.css").write_bytes(b"other" * 99)

        def setup(app: Flask) -> None:
            @app.get("/assets/<path:path>", endpoint="assets")
            def view(path: str) -> Response:
                return send_from_directory(other if "o" in request.args else static_folder, path)

        app = make_app(before=setup, STATIC_OPTIMIZER_RULES={"assets": FOLDER})
        client, (url,) = app.test_client(), urls(app, "app.css")
        assert "immutable" in client.get(url).headers["Cache-Control"]
        for path in (f"{url}&o=1", "/assets/app.css?v=0123456789abcdef"):
            assert client.get(path).headers["Cache-Control"] == "no-cache"
        (static_folder / "app.css").write_bytes(b"new" * 99)
        assert client.get(url).headers["Cache-Control"] == "no-cache"

    def test_a_hook_that_changes_the_bytes(self, make_app: MakeApp) -> None:
        def setup(app: Flask) -> None:
            sending()(app)

            @app.after_request
            def edit(response: Response) -> Response:
                if response.mimetype == "text/css":
                    response.direct_passthrough = False
                    response.set_data(b"edited")
                return response

        app = make_app(before=setup, STATIC_OPTIMIZER_RULES={"assets": FOLDER})
        (url,) = urls(app, "app.css")
        response = app.test_client().get(url)
        assert (response.data, response.headers["Cache-Control"]) == (b"edited", "no-cache")

    def test_a_view_that_says_private(self, make_app: MakeApp) -> None:
        rules = {"assets": FOLDER}
        app = make_app(before=sending(private), STATIC_OPTIMIZER_RULES=rules)
        (url,) = urls(app, "app.css")
        said = app.test_client().get(url).headers["Cache-Control"]
        assert "private" in said
        assert "immutable" not in said

    def test_a_protected_view_has_plain_urls(
        self, both: Callable[..., tuple[Flask, Flask]]
    ) -> None:
        ours, plain = both(sending(), policy=FOLDER | {"session": "protected"})
        assert urls(ours, "app.css") == urls(plain, "app.css")

    def test_without_a_folder_nothing_is_a_fingerprint(self, make_app: MakeApp) -> None:
        """An app's own version says nothing of the bytes as long as nobody says that it does."""
        app = make_app(before=sending(), STATIC_OPTIMIZER_RULES={"assets": {}})
        assert urls(app, "app.css") == ["/assets/app.css"]
        response = app.test_client().get(f"/assets/app.css?v={FINGERPRINT}")
        assert response.headers["Cache-Control"] == "max-age=3600"

    def test_pages_can_preload_and_check_them(self, make_app: MakeApp) -> None:
        app = make_app(
            before=sending(),
            STATIC_OPTIMIZER_RULES={"assets": FOLDER},
            STATIC_OPTIMIZER_PRELOAD=["style", "script"],
        )
        page = """{{ url_for("assets", path="app.css") }} {{ url_for("assets", path="none.css") }}
            {{ static_integrity("app.css", "assets") }}"""
        app.add_url_rule("/linking", "linking", lambda: render_template_string(page))
        response = app.test_client().get("/linking")
        link = f"</assets/app.css?v={FINGERPRINT}>; rel=preload; as=style"
        assert response.headers.getlist("Link") == [link]
        digest = base64.b64encode(hashlib.sha384(CSS).digest()).decode()
        assert response.text.endswith(f"sha384-{digest}")

    def test_a_build_makes_their_variants(
        self, make_app: MakeApp, static_folder: Path, tmp_path: Path
    ) -> None:
        theme = tmp_path / "theme"
        theme.mkdir()
        (theme / "site.css").write_bytes(CSS[::-1])
        (theme / "same.css").write_bytes(CSS)

        def setup(app: Flask) -> None:
            @app.get("/theme/<path:path>", endpoint="assets")
            def view(path: str) -> Response:
                return send_from_directory(theme, path)

        rules = {"assets": {"folder": str(theme)}}
        app = make_app(before=setup, STATIC_OPTIMIZER_RULES=rules)
        assert app.test_cli_runner().invoke(args=["static", "build"]).exit_code == 0
        response = app.test_client().get("/theme/site.css", headers=CODED)
        assert response.headers["Content-Encoding"] == "gzip"
        sha256 = hashlib.sha256(CSS[::-1]).hexdigest()
        kept = {path.name for path in (static_folder.parent / "kept").rglob(f"{sha256}.*")}
        assert f"{sha256}.best.gzip" in kept
        assert not [name for name in kept if "quick" in name]

    def test_the_decorator(self, make_app: MakeApp, static_folder: Path) -> None:
        def setup(app: Flask) -> None:
            @app.get("/assets/<path>")
            @cacheable_static(folder=static_folder)
            def assets(path: str) -> Response:
                return send_from_directory(static_folder, path)

        assert urls(make_app(before=setup), "app.css") == [f"/assets/app.css?v={FINGERPRINT}"]


def test_a_name_with_a_hash(make_app: MakeApp, static_folder: Path) -> None:
    """A bundler's file is immutable under its own name, and under no other."""
    name = f"app.{hashlib.md5(CSS, usedforsecurity=False).hexdigest()[:20]}.css"
    (static_folder / name).write_bytes(CSS)

    def setup(app: Flask) -> None:
        sending()(app)
        app.add_url_rule("/theme", "theme", lambda: app.send_static_file(name))

    rules = {"assets": {}, "theme": {}}
    client = make_app(before=setup, STATIC_OPTIMIZER_RULES=rules).test_client()
    for _ in range(2):
        assert "immutable" in client.get(f"/assets/{name}").headers["Cache-Control"]
        assert client.get("/theme").headers["Cache-Control"] == "max-age=3600"


def test_a_response_that_the_view_keeps(make_app: MakeApp, static_folder: Path) -> None:
    """A view may return one object twice, and an own class of responses keeps its attributes."""

    class Own(Response):
        note = "none"

    def setup(app: Flask) -> None:
        app.response_class = Own

        @app.get("/sent")
        @cacheable_static
        def sent() -> Response:
            response = send_file(static_folder / "app.css")
            response.note = "of the view"
            return make_response(response)

        @app.after_request
        def note(response: Response) -> Response:
            assert isinstance(response, Own)
            response.headers["X-Note"] = response.note
            return response

    client = make_app(before=setup).test_client()
    for _ in range(2):
        assert client.get("/sent").headers["X-Note"] == "of the view"
        assert client.get("/sent", headers=CODED).headers["Content-Encoding"] == "gzip"


def test_expires_beside_max_age_is_left_out(both: Callable[..., tuple[Flask, Flask]]) -> None:
    """A cache has to ignore it there (RFC 9111 §5.3); alone it is the view's word."""

    def expiring(response: Response) -> None:
        del response.headers["Cache-Control"]
        response.expires = time.time() + 99  # type: ignore[assignment]

    ours, plain = both(sending(max_age=9))
    assert "Expires" in plain.test_client().get("/assets/app.css").headers
    assert "Expires" not in ours.test_client().get("/assets/app.css").headers
    alone, _ = both(sending(expiring))
    for _ in range(2):
        assert "Expires" in alone.test_client().get("/assets/app.css").headers


def private_line(response: Response) -> None:
    response.headers.add("Cache-Control", "private")


def private_in_capitals(response: Response) -> None:
    response.headers["Cache-Control"] = "Private"


def no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "No-Store"


def aged_and_private(response: Response) -> None:
    response.headers["Cache-Control"] = "max-age=60"
    response.headers["Surrogate-Control"] = "max-age=60"
    response.headers.add("Cache-Control", "private")


@pytest.mark.parametrize("policy", [{}, FOLDER], ids=["", "folder"])
@pytest.mark.parametrize("respond", [private_line, private_in_capitals, no_store, aged_and_private])
def test_the_stricter_word_stays_however_it_is_written(
    make_app: MakeApp, respond: Callable[[Response], Any], policy: dict[str, Any]
) -> None:
    """In several lines or in capitals, under a URL with the fingerprint, too."""
    app = make_app(before=sending(respond), STATIC_OPTIMIZER_RULES={"assets": policy})
    for _ in range(2):
        answer = app.test_client().get(f"/assets/app.css?v={FINGERPRINT}")
        said = answer.headers["Cache-Control"]
        assert "private" in said or said == "no-store"
        assert "31536000" not in said
        assert "Surrogate-Control" not in answer.headers


@pytest.mark.parametrize("name", ["content-encoding", "Content-Encoding", "CONTENT-ENCODING"])
def test_a_coding_in_any_spelling(make_app: MakeApp, name: str) -> None:
    def respond(response: Response) -> None:
        response.headers[name] = "gzip"

    app = make_app(before=sending(respond), STATIC_OPTIMIZER_RULES={"assets": {}})
    for _ in range(2):
        assert app.test_client().get("/assets/app.css").headers["Content-Encoding"] == "gzip"


def test_header_fields_of_the_configuration(make_app: MakeApp) -> None:
    app = make_app(
        before=sending(),
        STATIC_OPTIMIZER_HEADERS={"X-Content-Type-Options": "nosniff"},
        STATIC_OPTIMIZER_RULES={"assets": {"headers": {"X-Of-Rule": "1"}}},
    )
    for _ in range(2):
        headers = app.test_client().get("/assets/app.css").headers
        assert (headers["X-Content-Type-Options"], headers["X-Of-Rule"]) == ("nosniff", "1")


def test_expires_instead_of_cache_control(make_app: MakeApp) -> None:
    """The date stays, also under a URL with the fingerprint, and no empty field is sent."""

    def respond(response: Response) -> None:
        response.headers.pop("Cache-Control", None)
        response.headers["Expires"] = "Thu, 01 Jan 1970 00:00:00 GMT"

    for policy in ({}, FOLDER):
        app = make_app(before=sending(respond), STATIC_OPTIMIZER_RULES={"assets": policy})
        for _ in range(2):
            headers = app.test_client().get(f"/assets/app.css?v={FINGERPRINT}").headers
            assert headers["Expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
            assert "Cache-Control" not in headers


def test_no_transform_stays(make_app: MakeApp) -> None:
    def respond(response: Response) -> None:
        response.cache_control.no_transform = True

    for policy in (FOLDER, {**FOLDER, "max_age": 60}):
        app = make_app(before=sending(respond), STATIC_OPTIMIZER_RULES={"assets": policy})
        headers = app.test_client().get(f"/assets/app.css?v={FINGERPRINT}").headers
        assert "no-transform" in headers["Cache-Control"]


def test_slots_of_a_response_class(make_app: MakeApp) -> None:
    class Slotted(Response):
        __slots__ = ("extra",)

    def setup(app: Flask) -> None:
        app.response_class = Slotted
        sending(lambda response: setattr(response, "extra", 5))(app)
        seen = app.config["SEEN"] = []

        @app.after_request
        def look(response: Response) -> Response:
            seen.append(getattr(response, "extra", None))
            return response

    app = make_app(before=setup, STATIC_OPTIMIZER_RULES={"assets": {}})
    for _ in range(2):
        app.test_client().get("/assets/app.css")
    assert app.config["SEEN"] == [5, 5]
