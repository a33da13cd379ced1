"""Guarded files: the app checks, nginx sends."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, request, session

from cli.nginx.servers import Answer, send
from conftest import free_port

pytestmark = pytest.mark.usefixtures("settled")

REPORT = "/static/private/report.pdf"
RULES = {"static:private/*": {"session": "protected"}}


def log_in_to_see(app: Flask) -> None:
    @app.before_request
    def wall() -> Any:
        if request.path.startswith("/static/private/") and "visits" not in session:
            abort(401)


def with_a_hook(app: Flask) -> None:
    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@pytest.fixture
def cached(
    make_app: Any, serve: Any, run_nginx: Any, config_of: Any, tmp_path: Path, static_folder: Path
) -> Callable[..., Any]:
    """Put an app behind nginx, behind a cache that keeps all it may; give a way to ask, and it."""

    def start(*hooks: Callable[[Flask], None], **config: Any) -> Any:
        def before(app: Flask) -> None:
            for hook in hooks:
                hook(app)

        (static_folder / "private" / "large.bin").write_bytes(bytes(range(256)) * 4096)
        (static_folder / "private" / 'odd "$n\u00e9% #.txt').write_text("odd")
        (static_folder / "private" / "site.css").write_text("a { b: url(../app.css) }" * 40)
        app = make_app(
            before=before,
            STATIC_OPTIMIZER_SENDFILE="X-Accel-Redirect",
            STATIC_OPTIMIZER_RULES=RULES,
            **config,
        )
        server, port, front = serve(app), free_port(), free_port()
        text = config_of(
            app,
            f"--root={tmp_path}/copy",
            f"--upstream=127.0.0.1:{server.port}",
            f"--listen=127.0.0.1:{port}",
        )
        cache = f"""
            proxy_cache_path {tmp_path}/front keys_zone=front:1m;
            server {{
                listen 127.0.0.1:{front};
                location / {{
                    proxy_cache front;
                    proxy_cache_key $request_uri;
                    proxy_pass http://127.0.0.1:{port};
                    proxy_set_header Host $http_host;
                    add_header X-Cache $upstream_cache_status;
                }}
            }}"""
        run_nginx(text + cache, front)

        def ask(
            path: str,
            headers: dict[str, str] | None = None,
            method: str = "GET",
            *,
            cache: bool = True,
        ) -> Answer:
            return send(front if cache else port, path, headers, method)

        return ask, app, server

    return start


def log_in(ask: Callable[..., Answer]) -> dict[str, str]:
    return {"Cookie": ask("/").headers["Set-Cookie"].partition(";")[0]}


@pytest.mark.parametrize("hooks", [(), (with_a_hook,)], ids=["plain", "hook"])
def test_logged_in_200_logged_out_401(cached: Any, hooks: Any) -> None:
    ask, _, server = cached(log_in_to_see, *hooks)
    user = log_in(ask)
    for _ in range(2):
        answer = ask(REPORT, user)
        assert (answer.status, answer.body) == (200, b"%PDF- for one pair of eyes\n")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in answer.headers["Vary"]
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["X-Cache"] == "MISS"
        assert "X-Accel-Redirect" not in answer.headers
        refused = ask(REPORT)
        assert refused.status == 401
        assert refused.headers["Cache-Control"] == "no-store"
        assert b"PDF" not in refused.body
    if hooks:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # The app itself sent no byte of the file.
    direct = send(server.port, REPORT, user)
    assert direct.body == b""
    assert direct.headers["X-Accel-Redirect"] == "/_static_optimizer/static/private/report.pdf"
    assert direct.headers["Etag"] == answer.headers["Etag"]
    # Nobody gets in by the internal address.
    assert ask("/_static_optimizer/static/private/report.pdf", user).status == 404


@pytest.mark.parametrize("hooks", [(), (with_a_hook,)], ids=["plain", "hook"])
def test_conditions_and_ranges(cached: Any, hooks: Any) -> None:
    ask, _, _ = cached(log_in_to_see, *hooks)
    user = log_in(ask)
    # The cache would ask for the whole and judge for itself.
    ask = partial(ask, cache=False)
    large = bytes(range(256)) * 4096
    path = "/static/private/large.bin"
    whole = ask(path, user)
    assert (whole.status, whole.body) == (200, large)
    etag, modified = whole.headers["Etag"], whole.headers["Last-Modified"]
    for condition in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"x", W/{etag}'},
        {"If-Modified-Since": modified},
    ):
        answer = ask(path, user | condition)
        assert (answer.status, answer.body) == (304, b"")
        assert ask(path, condition).status == 401
    for condition, status in (
        ({"If-Match": etag}, 200),
        ({"If-Match": '"x"'}, 412),
        ({"If-None-Match": '"x"', "If-Modified-Since": modified}, 200),
        ({"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 412),
    ):
        answer = ask(path, user | condition)
        assert answer.status == status, condition
        assert answer.body == (large if status == 200 else answer.body)
    part = ask(path, user | {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, large[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(large)}"
    assert ask(path, user | {"Range": "bytes=10-19", "If-Range": etag}).status == 206
    assert ask(path, user | {"Range": "bytes=10-19", "If-Range": modified}).status == 206
    resumed = ask(path, user | {"Range": "bytes=10-19", "If-Range": '"other"'})
    assert (resumed.status, resumed.body) == (200, large)
    assert ask(path, {"Range": "bytes=10-19"}).status == 401
    head = ask(path, user, method="HEAD")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(large)))


def test_a_time_that_says_nothing(cached: Any, static_folder: Path) -> None:
    report = static_folder / "private" / "report.pdf"
    os.utime(report, (1, 1))  # of a reproducible build: the next one has other bytes
    ask, _, _ = cached(log_in_to_see)
    since = {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}
    answer = ask(REPORT, log_in(ask) | since, cache=False)
    assert answer.status == 200
    assert "Last-Modified" not in answer.headers


def test_names_codings_and_rewritten_stylesheets(cached: Any) -> None:
    ask, _, server = cached(log_in_to_see)
    user = log_in(ask)
    odd = "/static/private/odd%20%22%24n%C3%A9%25%20%23.txt"
    assert ask(odd, user).body == b"odd"
    assert send(server.port, odd, user).body == b""
    # What is nowhere on the disk comes from the app.
    css = "/static/private/site.css"
    assert b"?v=" in send(server.port, css, user).body
    assert ask(css, user).body == send(server.port, css, user).body
    coded = send(server.port, css, user | {"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert coded.body[:2] == b"\x1f\x8b"
    # What is for everybody is not handed over.
    assert send(server.port, "/static/app.js").body.startswith(b"export")


def test_other_servers_are_given_the_file(make_app: Any, static_folder: Path) -> None:
    app = make_app(STATIC_OPTIMIZER_SENDFILE="X-Sendfile", STATIC_OPTIMIZER_RULES=RULES)
    client = app.test_client()
    response = client.get(REPORT)
    assert response.headers["X-Sendfile"] == str(static_folder / "private" / "report.pdf")
    assert response.data == b""
    assert response.headers["Cache-Control"] == "private, no-cache"
    again = client.get(REPORT, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert "X-Sendfile" not in again.headers


def test_without_the_key_the_app_sends(make_app: Any) -> None:
    response = make_app(STATIC_OPTIMIZER_RULES=RULES).test_client().get(REPORT)
    assert response.data.startswith(b"%PDF")
    assert "X-Sendfile" not in response.headers


def test_fields_of_a_policy_pass_nginx(cached: Any) -> None:
    """nginx hands on few fields of the app's answer; those of the configuration are among them."""
    ask, _, _ = cached(log_in_to_see, STATIC_OPTIMIZER_HEADERS={"Timing-Allow-Origin": "*"})
    answer = ask(REPORT, log_in(ask), cache=False)
    assert answer.status == 200
    assert answer.headers["Timing-Allow-Origin"] == "*"
