"""Flask-Compress: each content coding has its own strong validator, and ranges stay whole."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask, send_file
from flask_compress import Compress
from werkzeug.test import TestResponse

from conftest import CSS, RedisServer
from flask_static_optimizer import cacheable_static

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Build = Callable[..., Flask]

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.decompress,
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
CODINGS = list(DECODERS)
EVERYWHERE = {"COMPRESS_ALGORITHM": CODINGS, "COMPRESS_ALGORITHM_STREAMING": CODINGS}

#: Flask's file view (streamed by Flask-Compress), a text, a file and a memory file by a view.
URLS = ["/static/app.css", "/chart", "/file", "/memory"]

urls = pytest.mark.parametrize("url", URLS)
codings = pytest.mark.parametrize("coding", CODINGS)


def compression(app: Flask) -> None:
    Compress(app)

    @app.get("/chart")
    @cacheable_static(max_age=60)
    def chart() -> str:
        return CSS.decode()

    @app.get("/file")
    @cacheable_static(max_age=60)
    def file() -> Any:
        return send_file(Path(app.root_path, "static", "app.css"))

    @app.get("/memory")
    @cacheable_static(max_age=60)
    def memory() -> Any:
        return send_file(io.BytesIO(CSS), mimetype="text/css")

    @app.get("/stream")
    @cacheable_static(max_age=60)
    def stream() -> Iterator[bytes]:
        yield CSS


def get(browser: Any, url: str, coding: str | None = None, **headers: str) -> TestResponse:
    if coding:
        headers["Accept-Encoding"] = coding
    response = browser.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    assert "Accept-Encoding" in response.vary
    assert "Set-Cookie" not in response.headers
    return response


def decoded(response: TestResponse) -> bytes:
    return DECODERS[response.headers["Content-Encoding"]](response.data)


@urls
@codings
def test_each_coding_is_revalidated(build: Build, url: str, coding: str) -> None:
    """Each coding has a strong validator of its own, and is revalidated by it."""
    browser = build(compression, **EVERYWHERE).test_client()
    response = get(browser, url, coding)
    assert response.headers["Content-Encoding"] == coding
    assert decoded(response) == CSS
    etag = response.headers["ETag"]
    assert not etag.startswith("W/")

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        not_modified = get(browser, url, coding, If_None_Match=known)
        assert (not_modified.status_code, not_modified.data) == (304, b"")
        assert not_modified.headers["ETag"] == etag
        assert not_modified.headers["Cache-Control"] == response.headers["Cache-Control"]
        assert "Content-Length" not in not_modified.headers


@pytest.mark.parametrize("coding", ["zstd", "br", "deflate"])
def test_files_under_default_configuration(build: Build, coding: str) -> None:
    """Files are compressed and revalidated with Flask-Compress's defaults."""
    browser = build(compression).test_client()
    accepted = f"gzip;q=0.1, {coding}"
    response = get(browser, "/static/app.css", accepted)
    assert decoded(response) == CSS
    known = {"If_None_Match": response.headers["ETag"]}
    assert get(browser, "/static/app.css", accepted, **known).status_code == 304


@urls
def test_no_two_codings_share_a_validator(build: Build, url: str) -> None:
    browser = build(compression, **EVERYWHERE).test_client()
    seen = {coding: get(browser, url, coding).headers["ETag"] for coding in [None, *CODINGS]}
    assert len(set(seen.values())) == len(seen)
    for coding, etag in seen.items():
        for other, others_etag in seen.items():
            status = get(browser, url, coding, If_None_Match=others_etag).status_code
            assert status == (304 if coding == other else 200), (etag, others_etag)


@urls
@pytest.mark.parametrize("accepted", [None, "identity", "compress", "zstd;q=0.5, identity"])
def test_no_coding_gets_the_plain_bytes(build: Build, url: str, accepted: str | None) -> None:
    """A client that accepts no coding gets the plain bytes and their validator."""
    response = get(build(compression).test_client(), url, accepted)
    assert response.data == CSS
    assert "Content-Encoding" not in response.headers
    assert response.headers["ETag"].count(":") == 0


@urls
def test_a_head_says_what_a_get_would(build: Build, url: str) -> None:
    browser = build(compression).test_client()
    for coding in (None, "br"):
        headers = {"Accept-Encoding": coding} if coding else {}
        head = browser.head(url, headers=headers)
        assert head.data == b""
        assert head.headers["ETag"] == get(browser, url, coding).headers["ETag"]


@urls
@pytest.mark.usefixtures("settled")
def test_no_range_of_compressed_bytes(build: Build, url: str) -> None:
    """No range is cut from bytes that are compressed anew each time."""
    browser = build(compression).test_client()
    part = get(browser, url, Range="bytes=5-904")
    assert (part.status_code, part.data) == (206, CSS[5:905])
    assert part.headers["ETag"] == get(browser, url).headers["ETag"]

    answer, whole = get(browser, url, "br", Range="bytes=5-904"), get(browser, url, "br")
    if url.startswith("/static/") or url == "/file":  # a variant of ours, whose bytes stay
        assert (answer.status_code, answer.data) == (206, whole.data[5:905])
        assert answer.headers["ETag"] == whole.headers["ETag"]
    else:
        assert answer.status_code == 200
        assert decoded(answer) == CSS


@urls
def test_no_download_changes_its_coding(build: Build, url: str) -> None:
    """A download that began in one coding is not resumed in another."""
    browser = build(compression).test_client()
    compressed = get(browser, url, "br").headers["ETag"]
    assert get(browser, url, Range="bytes=5-", If_Range=compressed).data == CSS
    plain = get(browser, url).headers["ETag"]
    assert decoded(get(browser, url, "br", Range="bytes=5-", If_Range=plain)) == CSS


# Flask-Compress 1.25 never closes the file that it puts a generator in place of.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_control_parts_are_compressed(build: Build) -> None:
    """Control: without the extension a part is compressed as if it were the whole."""
    browser = build(compression, optimize=False).test_client()
    headers = {"Range": "bytes=5-904", "Accept-Encoding": "br"}
    response = browser.get("/static/app.css", headers=headers)
    assert response.status_code == 206
    assert response.headers["Content-Encoding"] == "br"


def test_a_stream_has_no_validator(build: Build) -> None:
    """A stream has no validator in any coding."""
    browser = build(compression).test_client()
    for coding in (None, "br"):
        response = get(browser, "/stream", coding)
        assert "ETag" not in response.headers
        assert response.headers["Cache-Control"] == "max-age=60"
        assert (decoded(response) if coding else response.data) == CSS


def test_a_view_that_compresses_itself(build: Build) -> None:
    """A view that compresses its body itself has a validator for each coding."""

    def one_view(app: Flask) -> None:
        compress = Compress(app)

        @app.get("/chart")
        @cacheable_static(max_age=60)
        @compress.compressed()
        def chart() -> str:
            return CSS.decode()

    browser = build(one_view, COMPRESS_REGISTER=False).test_client()
    plain, compressed = get(browser, "/chart"), get(browser, "/chart", "br")
    assert decoded(compressed) == CSS
    assert plain.headers["ETag"] != compressed.headers["ETag"]
    known = {"If_None_Match": compressed.headers["ETag"]}
    assert get(browser, "/chart", "br", **known).status_code == 304
    assert get(browser, "/chart", **known).status_code == 200


def test_cached_compressed_bodies(build: Build) -> None:
    """A body that is compressed once and cached has the same validator each time."""
    config = {"COMPRESS_CACHE_KEY": lambda request: request.url, "COMPRESS_CACHE_BACKEND": Shelf}
    browser = build(compression, **config).test_client()
    first, second = get(browser, "/chart", "br"), get(browser, "/chart", "br")
    assert first.headers["ETag"] == second.headers["ETag"]
    assert decoded(second) == CSS


class Shelf:
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        self._kept[key] = value


@urls
def test_compressed_assets_read_no_session(build: Build, redis: RedisServer, url: str) -> None:
    """A compressed asset asks the session store nothing."""
    browser = build(compression).test_client()
    browser.get("/")
    redis.client.config_resetstat()
    get(browser, url, "br")
    assert redis.commands() == {}


_ETAGS = """
import json, sys
sys.path[:0] = sys.argv[2:]
from flask import Flask
from flask_compress import Compress
from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets import files
files.SETTLED = -1e9  # what was written just now is not coded yet
app = Flask("elsewhere", root_path=sys.argv[1])
Compress(app)
StaticOptimizer(app)
headers = [{}, {"Accept-Encoding": "zstd"}, {"Accept-Encoding": "br"}]
client = app.test_client()
print(json.dumps([client.get("/static/app.css", headers=h).headers["ETag"] for h in headers]))
"""


@pytest.mark.usefixtures("settled")
def test_validators_are_the_same_elsewhere(build: Build, tmp_path: Path) -> None:
    """Validators are the same in another process and another folder."""
    copy = tmp_path / "copy"
    (copy / "static").mkdir(parents=True)
    (copy / "static" / "app.css").write_bytes(CSS)
    output = subprocess.check_output([sys.executable, "-c", _ETAGS, str(copy), *sys.path])
    browser = build(compression).test_client()
    here = [get(browser, URLS[0], coding).headers["ETag"] for coding in (None, "zstd", "br")]
    assert json.loads(output) == here
    assert len(set(here)) == 3


def test_control_each_folder_has_its_own(build: Build, tmp_path: Path) -> None:
    """Control: without the extension each folder has validators of its own."""
    copy = tmp_path / "copy" / "app.css"
    copy.parent.mkdir()
    copy.write_bytes(CSS)
    app = build(compression, optimize=False)
    browser = app.test_client()
    before = browser.get(URLS[0]).headers["ETag"]
    app.static_folder = str(copy.parent)
    assert browser.get(URLS[0]).headers["ETag"] != before
