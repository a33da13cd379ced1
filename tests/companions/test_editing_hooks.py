"""Hooks that read and edit what static views return, as plain Flask lets them."""

from __future__ import annotations

import gc
import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_compress.flask_compress
import pytest
from flask import Blueprint, Flask, Response, after_this_request, request
from flask_compress import Compress
from flask_htmlmin import HTMLMIN
from flask_minify import Minify
from werkzeug.test import Client, TestResponse

from flask_static_optimizer.http.codings import decompress

# Hooks that replace a file's body leave it open, and so does Flask-Compress 1.25.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Install = Callable[[Flask], Any]
Make = Callable[..., Flask]

FILES = {
    "app.css": b"body  {  color:  red;  }\n" * 40,
    "app.js": b"function  add( a, b )  { return  a + b; }\n" * 20,
    "page.html": b"<html>\n  <body>\n    <p>  x  </p>\n  </body></html>\n" * 20,
    "dot.png": b"\x89PNG\r\n\x1a\n\x00\xff" * 40,
    "large.txt": b"a line of a large file\n" * 60_000,
}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect files that were left open here, where the warnings about them are expected."""
    yield
    gc.collect()


@pytest.fixture
def static_folder(static_folder: Path) -> Path:
    for name, data in FILES.items():
        (static_folder / name).write_bytes(data)
    return static_folder


def decoded(response: TestResponse) -> bytes:
    coding = response.headers.get("Content-Encoding")
    return decompress(coding, response.data) if coding else response.data


def get(app: Flask, url: str, accept: str = "br, gzip", **fields: str) -> TestResponse:
    headers = {"Accept-Encoding": accept, **{k.replace("_", "-"): v for k, v in fields.items()}}
    return Client(app).get(url, headers=headers, buffered=True)


def fingerprinted(app: Flask, name: str, endpoint: str = "static") -> str:
    with app.test_request_context():
        return app.url_for(endpoint, filename=name)


# -- Hooks that edit --------------------------------------------------------------------------


def minify(app: Flask) -> None:
    Minify(app, go=False)


def htmlmin(app: Flask) -> None:
    app.config["MINIFY_HTML"] = True
    HTMLMIN(app)


def after(function: Callable[[Response], Response]) -> Install:
    def install(app: Flask) -> None:
        app.after_request(function)

    install.__name__ = function.__name__
    return install


@after
def injecting(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.direct_passthrough = False
        text = response.get_data(as_text=True)
        response.set_data(text.replace("</body>", "<script></script></body>"))
    return response


@after
def appending(response: Response) -> Response:
    response.direct_passthrough = False
    response.data += b"\n/* more */"
    return response


@after
def setting(response: Response) -> Response:
    response.set_data("replaced")
    return response


@after
def streaming(response: Response) -> Response:
    def longer(body: Any) -> Iterator[bytes]:
        yield from body
        yield b"\n/* more */"

    response.headers.pop("Content-Length", None)
    response.call_on_close(response.response.close)  # type: ignore[union-attr]
    response.response = longer(response.response)
    return response


class Other(Response):
    pass


@after
def other_class(response: Response) -> Response:
    response.direct_passthrough = False
    return Other(response.get_data() + b"more", mimetype=response.mimetype)


@after
def adding_to_freshness(response: Response) -> Response:
    """Edit, and add a directive to those that are there."""
    response.cache_control.public = True
    response.set_data(b"replaced")
    return response


EDITED: list[tuple[Install, list[str]]] = [
    (minify, ["app.css", "app.js", "page.html"]),
    (htmlmin, ["page.html"]),
    (injecting, ["page.html"]),
    (appending, list(FILES)),
    (setting, list(FILES)),
    (streaming, list(FILES)),
    (other_class, list(FILES)),
    (adding_to_freshness, list(FILES)),
]

edits = pytest.mark.parametrize(
    ("install", "names"), EDITED, ids=[install.__name__ for install, _ in EDITED]
)


@edits
def test_edited_bodies_are_as_in_flask(
    make_app: Make, order: str, install: Install, names: list[str]
) -> None:
    """What a hook makes of a file is what it makes of it in plain Flask."""
    app, plain = make_app(**{order: install}), make_app(before=install, optimize=False)
    for name in FILES:
        expected = get(plain, f"/static/{name}")
        assert (name in names) == (expected.data != FILES[name])
        for url in (f"/static/{name}", fingerprinted(app, name)):
            response = get(app, url)
            assert (response.status, decoded(response)) == (expected.status, expected.data)


@edits
def test_edited_bytes_are_asked_for_again(
    make_app: Make, order: str, install: Install, names: list[str], settled: None
) -> None:
    """Edited bytes are never immutable, and have a strong ETag of their own, if any."""
    app = make_app(**{order: install})
    for name in names:
        plain_etag = f'"{hashlib.sha256(FILES[name]).hexdigest()[:32]}"'
        for url in (f"/static/{name}", fingerprinted(app, name)):
            response = get(app, url)
            said = response.headers.get("Cache-Control", "")
            assert "immutable" not in said
            assert "max-age" not in said
            assert install in (other_class,) or "no-cache" in said
            if install in (streaming, other_class):  # its bytes are not known, it says no field
                assert "ETag" not in response.headers
                continue
            etag = response.headers["ETag"]
            assert etag == f'"{hashlib.sha256(response.data).hexdigest()[:32]}"' != plain_etag
            assert get(app, url, If_None_Match=etag).status_code == 304
            assert get(app, url, If_None_Match=plain_etag).status_code == 200


@edits
def test_other_files_stay_immutable(
    make_app: Make, order: str, install: Install, names: list[str], settled: None
) -> None:
    """What a hook leaves alone is coded and immutable all the same."""
    app = make_app(**{order: install})
    for name in FILES.keys() - names:
        for coding in ("br", "zstd", "gzip"):
            response = get(app, fingerprinted(app, name), coding)
            assert "immutable" in response.headers["Cache-Control"]
            assert decoded(response) == FILES[name]
            is_text = name != "dot.png"
            assert response.headers.get("Content-Encoding") == (coding if is_text else None)


# -- Hooks that only read, or fail ------------------------------------------------------------


@after
def reading(response: Response) -> Response:
    response.direct_passthrough = False
    response.get_data()
    return response


@after
def putting_back(response: Response) -> Response:
    response.direct_passthrough = False
    response.set_data(response.get_data())
    return response


@after
def making_conditional(response: Response) -> Response:
    return response.make_conditional(request)


@after
def looking(response: Response) -> Response:
    assert response.is_streamed
    assert response.direct_passthrough
    assert response.content_length == len(FILES[request.path.rpartition("/")[2]])
    return response


@pytest.mark.parametrize("install", [reading, putting_back, making_conditional, looking])
@pytest.mark.parametrize("memory", [32 * 2**20, 0])
def test_untouched_bytes_are_coded(
    make_app: Make, order: str, install: Install, memory: int, settled: None
) -> None:
    """A hook that only looks costs neither the coding nor the age, for small files and large."""
    app = make_app(**{order: install}, STATIC_OPTIMIZER_MEMORY=memory)
    for name in FILES.keys() - {"dot.png"}:
        for coding in ("br", "zstd"):
            response = get(app, fingerprinted(app, name), coding)
            assert response.headers["Content-Encoding"] == coding
            assert "immutable" in response.headers["Cache-Control"]
            assert decoded(response) == FILES[name]
            known = get(app, fingerprinted(app, name), coding,
                        If_None_Match=response.headers["ETag"])  # fmt: skip
            assert known.status_code == 304
            part = get(app, fingerprinted(app, name), coding, Range="bytes=3-8")
            assert (part.status_code, part.data) == (206, response.data[3:9])


@after
def adding_as_it_is(response: Response) -> Response:
    response.data += b"more"
    return response


@after
def writing_to_stream(response: Response) -> Response:
    response.stream.write(b"more")
    return response


@after
def failing(response: Response) -> Response:
    raise RuntimeError("a broken hook")


@pytest.mark.parametrize("install", [adding_as_it_is, writing_to_stream, failing])
@pytest.mark.parametrize("memory", [32 * 2**20, 0])
@pytest.mark.parametrize("optimize", [True, False])
def test_what_fails_in_flask_fails(
    make_app: Make, order: str, install: Install, memory: int, optimize: bool
) -> None:
    """A file can't be changed implicitly, whether its bytes are in memory or not."""
    app = make_app(
        **{order: install}, optimize=optimize, STATIC_OPTIMIZER_MEMORY=memory, TESTING=False
    )
    for name in FILES:
        assert get(app, f"/static/{name}").status_code == 500


@pytest.mark.parametrize("optimize", [True, False])
def test_hooks_see_a_file_as_in_flask(make_app: Make, order: str, optimize: bool) -> None:
    app = make_app(**{order: looking}, optimize=optimize)
    for name in FILES:
        assert get(app, f"/static/{name}").status_code == 200


@pytest.mark.parametrize("way", ["after_request", "after_this_request"])
def test_missing_files_keep_their_fields(make_app: Make, order: str, way: str) -> None:
    """What hooks say of the page for a missing file stays, but it must not be kept."""

    def install(app: Flask) -> None:
        if way == "after_request":
            app.after_request(validated)
        else:
            app.before_request(lambda: after_this_request(validated) and None)

    def validated(response: Response) -> Response:
        response.set_etag("of-the-app")
        response.headers["Last-Modified"] = "Wed, 01 Jan 2020 00:00:00 GMT"
        return response

    app, plain = make_app(**{order: install}), make_app(before=install, optimize=False)
    expected, response = get(plain, "/static/none.css"), get(app, "/static/none.css")
    fields = dict(response.headers)
    assert fields.pop("Cache-Control") == "no-store"
    assert (response.status, fields) == (expected.status, dict(expected.headers))


# -- Hooks that compress ----------------------------------------------------------------------


@pytest.fixture
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List what Flask-Compress compresses, by the name of its function."""
    calls: list[str] = []
    for owner, name in (
        (flask_compress.flask_compress, "_compress_data"),
        (flask_compress.flask_compress, "_compress_chunks"),
        (Compress, "compress"),  # before 1.18
    ):
        original = getattr(owner, name, None)
        if original is not None:
            monkeypatch.setattr(owner, name, _counted(original, name, calls))
    return calls


def _counted(original: Callable[..., Any], name: str, calls: list[str]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        calls.append(name)
        return original(*args)

    return counted


TEXTS = sorted(FILES.keys() - {"dot.png"})


def test_nothing_is_compressed_twice(
    make_app: Make, order: str, compressions: list[str], settled: None
) -> None:
    """Flask-Compress leaves alone what lies there compressed."""
    app = make_app(**{order: Compress})
    for name in TEXTS:
        for coding in ("br", "zstd", "gzip", "br, gzip, zstd"):
            response = get(app, fingerprinted(app, name), coding)
            assert response.headers["Content-Encoding"] in coding
            assert "immutable" in response.headers["Cache-Control"]
            assert decoded(response) == FILES[name]
    assert compressions == []


def test_control_each_response_is_compressed(make_app: Make, compressions: list[str]) -> None:
    """Control: without the extension Flask-Compress compresses each response."""
    app = make_app(before=Compress, optimize=False)
    for _ in range(3):
        assert decoded(get(app, "/static/app.css", "br")) == FILES["app.css"]
    assert len(compressions) == 3


def test_compressed_by_others_is_not_edited(
    make_app: Make, order: str, compressions: list[str], settled: None
) -> None:
    """What Flask-Compress codes is still the file, so its URL stays immutable."""

    def shop(app: Flask) -> None:
        """Add a folder whose responses Flask-Compress leaves as streams."""
        bp = Blueprint("shop", "shop", root_path=app.root_path, static_folder="static")
        app.register_blueprint(bp, url_prefix="/shop")
        Compress(app)

    app = make_app(**{order: shop}, STATIC_OPTIMIZER_ENCODINGS=[])
    for name, endpoint in itertools.product(["app.css", "app.js"], ["static", "shop.static"]):
        url = fingerprinted(app, name, endpoint)
        response = get(app, url, "br")
        assert response.headers["Content-Encoding"] == "br"
        assert "immutable" in response.headers["Cache-Control"]
        assert decoded(response) == FILES[name]
        etag = response.headers["ETag"]
        assert etag != get(app, url, "identity").headers["ETag"]
        assert get(app, url, "br", If_None_Match=etag).status_code == 304
    assert compressions
