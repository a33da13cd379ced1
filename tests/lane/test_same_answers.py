"""The lane's answers are those of the hooks' way: status, header fields and bytes."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Blueprint, Flask, url_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets.asset import SMALL

FILES = {
    "app.css": b"body { color: red }\n" * 60 + b"div { background: url(img/dot.svg) }",
    "img/dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 9,
    "empty.txt": b"",
    "small.bin": bytes(range(100)),
    "large.bin": os.urandom(SMALL + 1),
    "caf\u00e9 #1?.txt": b"odd name " * 40,
    "old.js": b"export {}\n" * 40,
    "private/plan.txt": b"for one pair of eyes",
    "report.svgz": gzip.compress(b"<svg/>", mtime=0),
}
RULES = {
    "static:private/*": {"session": "protected"},
    "static:old.js": {"max_age": 60, "stale_while_revalidate": 30, "vary": ["X-Theme"]},
    "*:*.css": {"headers": {"Access-Control-Allow-Origin": "*", "X-Frame-Options": None}},
    "*:small.bin": {"headers": {"Content-Disposition": "attachment"}},
}
AT_ROOT = ["app.css", "small.bin", "private/plan.txt"]
CONFIGS: list[dict[str, Any]] = [
    {},
    {
        "STATIC_OPTIMIZER_FINGERPRINT": "path",
        "STATIC_OPTIMIZER_HEADERS": {"Timing-Allow-Origin": "*", "X-Frame-Options": "DENY"},
    },
    {"STATIC_OPTIMIZER_PUBLIC": True, "STATIC_OPTIMIZER_CDN_CACHE_CONTROL": "max-age=86400"},
    {"STATIC_OPTIMIZER_DELTA": True, "STATIC_OPTIMIZER_MEMORY": 0},
]

Answer = tuple[str, list[tuple[str, str]], bytes]


class Apps(NamedTuple):
    """The same app four times: with a hook before or after, without one, and past hooks."""

    hooks: Flask
    after: Flask
    quiet: Flask
    express: Flask
    urls: list[str]
    etags: list[str]


def make_app(root: Path, *, hooked: bool, after: bool = False, **config: Any) -> Flask:
    app = Flask("app", root_path=str(root))
    app.config.update(
        SECRET_KEY="k",
        STATIC_OPTIMIZER_ROOT_FILES=[{f"/{name}": name} for name in AT_ROOT],
        STATIC_OPTIMIZER_RULES=RULES,
        STATIC_OPTIMIZER_CACHE_DIR=str(root / "kept"),
        **config,
    )
    app.add_url_rule("/", "home", lambda: "home")
    app.register_blueprint(
        Blueprint("shop", __name__, static_folder=str(root / "static"), url_prefix="/shop")
    )
    if hooked:
        app.before_request(lambda: None)
    if after:
        app.after_request(lambda response: response)
    StaticOptimizer(app)
    ask(app, {"PATH_INFO": "/"})
    return app


def ask(app: Flask, given: dict[str, Any]) -> Answer:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": open(os.devnull, "rb"),  # noqa: SIM115
        "wsgi.errors": open(os.devnull, "w"),  # noqa: SIM115
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **given,
    }
    said: list[Any] = []
    try:
        body = app(environ, lambda status, headers, *_: said.append((status, headers)))
        try:
            data = b"".join(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
    finally:
        environ["wsgi.input"].close()
        environ["wsgi.errors"].close()
    ((status, headers),) = said
    for boundary in re.findall(r"boundary=(\w+)", str(headers)):
        headers = [(name, value.replace(boundary, "BOUNDARY")) for name, value in headers]
        data = data.replace(boundary.encode(), b"BOUNDARY")
    return status, sorted(headers), data  # their order means nothing (RFC 9110 §5.3)


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda config: "-".join(config) or "default")
def apps(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apps]:
    root = tmp_path_factory.mktemp("express")
    for name, data in FILES.items():
        path = root / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
        hooks = make_app(root, hooked=True, **request.param)
        after = make_app(root, hooked=False, after=True, **request.param)
        quiet = make_app(root, hooked=False, **request.param)
        express = make_app(root, hooked=True, STATIC_OPTIMIZER_EXPRESS=True, **request.param)
        with hooks.test_request_context():
            urls = [
                url_for(end, filename=name) for name in FILES for end in ("static", "shop.static")
            ]
        etags = []
        for url in urls:
            path, _, query = url.partition("?")
            for coding in ("", "br", "gzip", "zstd"):
                given = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_ACCEPT_ENCODING": coding}
                etags += [value for name, value in ask(hooks, given)[1] if name == "ETag"]
        yield Apps(hooks, after, quiet, express, urls, sorted(set(etags)))


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
DATES = st.sampled_from(
    [
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "Tue, 14 Nov 2023 22:13:19 GMT",
        "Wed, 15 Nov 2023 00:00:00 GMT",
        "Tuesday, 14-Nov-23 22:13:20 GMT",
        "yesterday",
        "none",
        "",
    ]
)
RANGES = st.sampled_from(
    [
        "bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-9", "bytes=5-9,20-29",
        "bytes=0-9,5-14", "bytes=99999999-", "bytes=5-2", "bytes=x", "BYTES=1-2", "items=0-1",
        "bytes=0-1,-1", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 60, 2)), "bytes=", "",
        f"bytes={SMALL}-", f"bytes=0-{SMALL}", f"bytes=1-{SMALL}",
    ]
) | TEXT  # fmt: skip
CODINGS = st.sampled_from(
    [
        "gzip", "br", "zstd", "gzip, deflate, br, zstd", "br;q=0, gzip", "*", "*;q=0", "identity",
        "identity;q=0", "identity;q=0, gzip;q=0", "gzip;q=0.5, br;q=0.9", "x-gzip", "dcz, br", "",
        "gzip;q=1.5", "GZIP",
    ]
) | TEXT  # fmt: skip


@st.composite
def tags(draw: st.DrawFn, etags: list[str]) -> str:
    known = st.sampled_from([*etags, *(f"W/{tag}" for tag in etags), "*", '"none"', "none", ""])
    return ", ".join(draw(st.lists(known | TEXT, min_size=1, max_size=3)))


@st.composite
def requests(draw: st.DrawFn, apps: Apps) -> dict[str, Any]:
    url = draw(
        st.sampled_from(
            [
                *apps.urls,
                *(f"/static/{name}" for name in FILES),
                *(f"/{name}" for name in AT_ROOT),
                "//app.css",
                "/app.css/",
                "/app.css?v=0123456789abcdef",
                "/app.0123456789abcdef.css",
                "/static/app.css?v=0123456789abcdef",
                "/static/app.0123456789abcdef.css",
                "/static/none.css",
                "/static/",
                "/static",
                "/static//app.css",
                "/static/./app.css",
                "/static/img/../app.css",
                "/static/../app.css",
                "/static/app.css/",
                "/static/%2e%2e/app.css",
                "/static/app.css%00",
                "/static/%ff.css",
                "/static/caf%e9 #1?.txt",
                "/static/img",
                "/STATIC/app.css",
                "/",
            ]
        )
        | st.builds("/static/{}".format, TEXT)
        | st.builds("/static/app.css?{}".format, TEXT)
    )
    path, _, query = url.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": _as_wsgi(path),
        "REQUEST_METHOD": draw(
            st.sampled_from(["GET"] * 6 + ["HEAD", "HEAD", "POST", "OPTIONS", "get", "BREW"])
        ),
    }
    some: dict[str, st.SearchStrategy[str]] = {
        "HTTP_RANGE": RANGES,
        "HTTP_IF_RANGE": tags(apps.etags) | DATES,
        "HTTP_IF_MATCH": tags(apps.etags),
        "HTTP_IF_NONE_MATCH": tags(apps.etags),
        "HTTP_IF_MODIFIED_SINCE": DATES,
        "HTTP_IF_UNMODIFIED_SINCE": DATES,
        "HTTP_ACCEPT_ENCODING": CODINGS,
        "HTTP_AVAILABLE_DICTIONARY": st.just(":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:")
        | TEXT,
        "HTTP_AUTHORIZATION": st.just("Bearer x"),
        "HTTP_COOKIE": st.just("session=eyJ1c2VyIjoiYWRhIn0.x.y"),
        "HTTP_UPGRADE": st.just("websocket"),
        "HTTP_CONNECTION": st.just("Upgrade"),
        "HTTP_HOST": st.sampled_from(
            ["localhost", "example.org:8000", "", "a b", "[::1]", "a..b", "a" * 64 + ".org"]
        ),
        "HTTP_X_FORWARDED_HOST": st.just("evil.test"),
        "SCRIPT_NAME": st.sampled_from(["", "/mounted"]),
    }
    for name in draw(st.lists(st.sampled_from(sorted(some)), max_size=5, unique=True)):
        environ[name] = draw(some[name])
    if query or draw(st.booleans()):
        environ["QUERY_STRING"] = query
    return environ


def _as_wsgi(path: str) -> str:
    """Return the path as a server passes it on: decoded, with each byte as a character."""
    data = re.sub(rb"%([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), path.encode())
    return data.decode("latin-1")


@settings(
    max_examples=int(os.environ.get("EXPRESS_EXAMPLES", "400")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_the_same_answer_all_ways(apps: Apps, data: st.DataObject) -> None:
    environ = data.draw(requests(apps))
    expected = ask(apps.hooks, environ)
    for app in (apps.after, apps.quiet, apps.express):
        for _ in range(2):  # looked up, and remembered
            assert ask(app, environ) == expected


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("coding", ["", "br", "gzip", "zstd"])
def test_it_is_the_lane_that_answers(apps: Apps, name: str, coding: str) -> None:
    """The lane does answer: the comparison above is of two ways, not of one with itself."""
    asked = []
    kept = [app.request_class for app in (apps.quiet, apps.express)]

    def counting(environ: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return kept[0](environ)

    paths = [f"/static/{name}", f"/{name}"] if name in AT_ROOT else [f"/static/{name}"]
    for path in paths:
        asked.clear()
        given = {"PATH_INFO": _as_wsgi(path), "HTTP_ACCEPT_ENCODING": coding}
        for app in (apps.quiet, apps.express):
            app.request_class = counting  # type: ignore[assignment]
            try:
                assert ask(app, given)[0] == "200 OK"
            finally:
                del app.request_class
        assert bool(asked) == name.startswith("private/")
