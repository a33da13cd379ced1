"""Ten thousand requests, good and bad, on a thread pool: nothing wrong, nothing left behind."""

from __future__ import annotations

import gc
import hashlib
import io
import logging
import os
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, session
from werkzeug.test import create_environ

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.assets.asset import SMALL
from flask_static_optimizer.http.codings import decompress

MakeApp = Callable[..., Flask]

REQUESTS = 10_000
THREADS = 8
#: Bytes of memory that may be in use more after the second half than after the first.
GROWTH = 512 * 2**10

LARGE = bytes(range(256)) * (2 * SMALL // 256)

PATHS = [
    "/static/app.css", "/static/app.css", "/static/app.js", "/static/large.bin",
    "/static/private/report.pdf", "/static/./app.css", "/static/x/../app.css", "/drawn.svg",
    "/static/none.css", "/static//app.css", "/static/", "/static/..", "/static/%2e%2e/app.css",
    "/static/\0", "/static/a\r\nb", "/static/\xff\xfe.css", "/static/caf\xe9.css", "/static/.env",
    "/static/" + "a" * 5000, "/static/" + "x/" * 900, "/static/app.css/", "/", "/look", "/none",
    "/static/\ud800.css".encode("utf-8", "surrogatepass").decode("latin-1"),
    "/static/app.0123456789abcdef.css", "", "static/app.css", "//static/app.css",
]  # fmt: skip

QUERIES = ["", "", "", "v=0123456789abcdef", "v=", "v", "&&&", "v=%00", "%", "v=1&v=2", "\xff",
           "a=" * 3000, "v=" + "f" * 16, "v[]=1", "?"]  # fmt: skip

METHODS = ["GET"] * 12 + ["HEAD", "HEAD", "OPTIONS", "POST", "DELETE", "BREW", "get"]

FIELDS: list[tuple[str, list[str]]] = [
    ("HTTP_ACCEPT_ENCODING", [
        "br", "gzip", "zstd", "identity;q=0", "*;q=0", "br;q=x", ",,,", "\xff", "gzip;q=1e9",
        "a" * 4000, "dcz, br"]),
    ("HTTP_RANGE", [
        "bytes=0-3", "bytes=-1", "bytes=-0", "bytes=9-1", "bytes=99999999-", "bytes=", "x=1-2",
        "bytes=" + "0-0," * 300 + "1-1", "bytes=0-0,2-2", "bytes=\xff", "bytes=a-b",
        "bytes=1-99999999999999999999999999"]),
    ("HTTP_IF_NONE_MATCH", ["*", '"x"', 'W/"x"', '"', "x", "", '"' * 3000, "\xff", ", ,"]),
    ("HTTP_IF_MATCH", ["*", '"x"', "", "W/"]),
    ("HTTP_IF_MODIFIED_SINCE", [
        "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT", "0", "\xff",
        "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 99 Foo 2020 99:99:99 GMT"]),
    ("HTTP_IF_UNMODIFIED_SINCE", ["never", "Thu, 01 Jan 1970 00:00:00 GMT"]),
    ("HTTP_IF_RANGE", ['"x"', 'W/"x"', "Thu, 01 Jan 1970 00:00:00 GMT", "\xff", ""]),
    ("HTTP_COOKIE", ["session=x", "=", ";;;", "session=" + "x" * 4000, "\xff=\xff", "a; session="]),
    ("HTTP_AUTHORIZATION", ["Basic x", "Bearer", "\xff", ""]),
    ("HTTP_AVAILABLE_DICTIONARY", [":x:", ":" + "A" * 43 + "=:", "::", "\xff", '"']),
    ("HTTP_HOST", ["x", "", "a b", "[::1", "localhost:99999", "\xff", "a/b", "localhost:"]),
    ("HTTP_UPGRADE", ["websocket", "h2c"]),
    ("CONTENT_LENGTH", ["-1", "x", "", "99999999999999999999"]),
]  # fmt: skip

DELTAS = {"STATIC_OPTIMIZER_DELTA": True, "STATIC_OPTIMIZER_FINGERPRINT": "path"}
CONFIGS: list[dict[str, Any]] = [
    {"hook": True, **DELTAS},
    {"hook": True, **DELTAS, "STATIC_OPTIMIZER_EXPRESS": True},
]

#: What may come of it; anything else is a defect.
STATUSES = {200, 206, 304, 308, 400, 404, 405, 412, 413, 414, 416}


def environ_of(chance: random.Random) -> dict[str, Any]:
    environ = create_environ()
    environ["REQUEST_METHOD"] = chance.choice(METHODS)
    environ["PATH_INFO"] = chance.choice(PATHS)
    environ["QUERY_STRING"] = chance.choice(QUERIES)
    environ["wsgi.errors"] = io.StringIO()
    for name, values in chance.sample(FIELDS, chance.choice([0, 0, 1, 1, 2, 4])):
        environ[name] = chance.choice(values)
    return environ


class Client:
    """Calls an app as a server would, and sometimes hangs up before the end."""

    def __init__(self, app: Flask, bodies: dict[str, bytes]) -> None:
        self._app = app
        self._bodies = bodies
        self.seen: Counter[int] = Counter()

    def run(self, seed: int, count: int) -> Counter[int]:
        chance = random.Random(seed)
        seen: Counter[int] = Counter()
        for _ in range(count):
            environ = environ_of(chance)
            seen[self.ask(environ, hang_up=chance.random() < 0.1)] += 1
        return seen

    def ask(self, environ: dict[str, Any], *, hang_up: bool) -> int:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [int(status[:3]), headers]
            return lambda data: None

        body = self._app.wsgi_app(environ, start_response)
        try:
            chunks = iter(body)
            data = next(chunks, b"") if hang_up else b"".join(chunks)
        finally:
            if hasattr(body, "close"):
                body.close()
        status, headers = started
        assert environ["wsgi.errors"].getvalue() == ""
        assert status in STATUSES, (status, environ)
        if not hang_up:
            self.check(environ, status, dict(headers), data)
        return int(status)

    def check(
        self, environ: dict[str, Any], status: int, headers: dict[str, str], data: bytes
    ) -> None:
        """Whether these are the bytes that were asked for."""
        name = os.path.normpath(environ["PATH_INFO"])
        whole = self._bodies.get(name) if environ["REQUEST_METHOD"] in ("GET", "get") else None
        if "set-cookie" in {name.lower() for name in headers}:
            assert not name.startswith("/static") or environ["REQUEST_METHOD"] in ("POST", "get")
        if status == 200 and whole is not None and "ETag" in headers:
            assert headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            coding = headers.get("Content-Encoding")
            assert (decompress(coding, data) if coding else data) == whole
            if environ["QUERY_STRING"].startswith("v=0"):
                assert "immutable" not in headers["Cache-Control"]
        if status == 206 and whole is not None and "Content-Range" in headers:
            first, last = headers["Content-Range"].split()[1].split("/")[0].split("-")
            assert len(data) == int(last) - int(first) + 1
            if "Content-Encoding" not in headers:
                assert data == whole[int(first) : int(last) + 1]
        if status == 304 and "ETag" not in headers:
            assert headers.get("Last-Modified")
        if status >= 400 and name.startswith("/static/") and "Cache-Control" in headers:
            assert headers["Cache-Control"] == "no-store"


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("config", CONFIGS, ids=["flask", "express"])
def test_ten_thousand_requests(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
) -> None:
    hook = config.get("hook")
    config = {name: value for name, value in config.items() if name != "hook"}

    def add(app: Flask) -> None:
        if hook:  # so that files are not answered before Flask
            app.before_request(lambda: None)

        @app.get("/drawn.svg")
        @cacheable_static(max_age=60)
        def drawn() -> Response:
            session.get("user")
            return Response("<svg/>", mimetype="image/svg+xml")

    (static_folder / "large.bin").write_bytes(LARGE)
    files = ["app.css", "app.js", "large.bin", "private/report.pdf"]
    bodies = {f"/static/{name}": (static_folder / name).read_bytes() for name in files}
    app = make_app(before=add, PROPAGATE_EXCEPTIONS=False, **config)
    client = Client(app, bodies)

    def load(threads: ThreadPoolExecutor, seeds: range) -> tuple[Counter[int], int, int]:
        each = REQUESTS // 2 // THREADS
        jobs = [threads.submit(client.run, seed, each) for seed in seeds]
        seen = sum((job.result() for job in jobs), Counter[int]())
        gc.collect()
        return seen, open_files(), tracemalloc.get_traced_memory()[0]

    caplog.set_level(logging.WARNING)
    with ThreadPoolExecutor(THREADS) as threads:
        client.run(0, 300)  # what is kept once and for all
        tracemalloc.start()
        try:
            first, files_then, memory_then = load(threads, range(THREADS))
            second, files_now, memory_now = load(threads, range(THREADS, 2 * THREADS))
        finally:
            tracemalloc.stop()
    seen = first + second
    growth = memory_now - memory_then
    print(f"\n{seen.total()} requests: {dict(sorted(seen.items()))}; {growth:+} bytes of memory")
    assert seen.total() == REQUESTS
    assert set(seen) >= {200, 206, 304, 308, 404, 405, 412, 416}
    assert files_now == files_then
    assert growth < GROWTH
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == []
    assert not any(record.exc_info for record in caplog.records)
    # Warnings come once for each cause, and clients can't think up causes.
    assert len(caplog.records) <= 5, caplog.text
