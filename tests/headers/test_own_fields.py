"""The header fields of ``STATIC_OPTIMIZER_HEADERS`` and of policies, in every way of serving."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, redirect
from werkzeug.test import EnvironBuilder

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

ALL = {"X-Content-Type-Options": "nosniff", "Timing-Allow-Origin": "*"}
SHARED = {"Access-Control-Allow-Origin": "*"}
CONFIG: dict[str, Any] = {
    "STATIC_OPTIMIZER_HEADERS": ALL,
    "STATIC_OPTIMIZER_RULES": {
        "static:private/*": {"session": "protected"},
        "static:*.css": {"headers": SHARED},
        "static:*.js": {"headers": {"timing-allow-origin": None, "X-Kind": "script"}},
    },
}


def with_a_hook(app: Flask) -> None:
    app.after_request(lambda response: response)


@pytest.fixture(params=["lane", "hooks", "express", "stale hooks"])
def app(request: pytest.FixtureRequest, make_app: MakeApp) -> Flask:
    """Make an app for each way in which files are served."""

    express = request.param == "express"
    return make_app(
        before=None if request.param == "lane" else with_a_hook,
        STATIC_OPTIMIZER_EXPRESS=express,
        STATIC_OPTIMIZER_MEMORY=0 if request.param == "stale hooks" else 2**25,
        **CONFIG,
    )


def own(response: Response) -> dict[str, list[str]]:
    """Return what of the configured fields a response has, all lines of each."""
    names = [*ALL, *SHARED, "X-Kind"]
    found = {name: response.headers.getlist(name) for name in names}
    return {name: lines for name, lines in found.items() if lines}


def lines(fields: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in fields.items()}


def test_files_have_the_fields_of_the_app_and_of_their_rule(app: Flask) -> None:
    client = app.test_client()
    for _ in range(3):  # looked up, remembered, known
        assert own(client.get("/static/app.css")) == lines({**ALL, **SHARED})
        script = {"X-Content-Type-Options": "nosniff", "X-Kind": "script"}
        assert own(client.get("/static/app.js")) == lines(script)
        assert own(client.get("/static/private/report.pdf")) == lines(ALL)
        for coding in ("br", "gzip"):
            coded = client.get("/static/app.css", headers={"Accept-Encoding": coding})
            assert coded.headers["Content-Encoding"] == coding
            assert own(coded) == lines({**ALL, **SHARED})


def test_a_304_a_part_and_a_head_have_them_too(app: Flask) -> None:
    """A 304 renews what a cache has kept without them (RFC 9111 §3.2)."""
    client = app.test_client()
    etag = client.get("/static/app.css").headers["ETag"]
    for status, headers in (
        (304, {"If-None-Match": etag}),
        (206, {"Range": "bytes=0-3"}),
        (206, {"Range": "bytes=0-3,9-12"}),
        (412, {"If-Match": '"x"'}),
        (416, {"Range": "bytes=999999-"}),
    ):
        response = client.get("/static/app.css", headers=headers)
        assert response.status_code == status
        assert own(response) == lines({**ALL, **SHARED}), status
    assert own(client.head("/static/app.css")) == lines({**ALL, **SHARED})


def test_a_preflight_is_told(app: Flask) -> None:
    response = app.test_client().options("/static/app.css")
    assert own(response) == lines({**ALL, **SHARED})


def test_pages_and_what_is_not_there_have_none(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/static/nope.css", "/nowhere"):
        assert own(client.get(path)) == {}
    assert own(client.post("/static/app.css")) == {}


def test_what_speaks_of_the_bytes_is_no_part_of_a_304(make_app: MakeApp) -> None:
    """``Content-Disposition`` describes the content, which a 304 has none of."""
    rules = {"static:*.css": {"headers": {"Content-Disposition": "attachment"}}}
    for before in (None, with_a_hook):
        client = make_app(before=before, STATIC_OPTIMIZER_RULES=rules).test_client()
        first = client.get("/static/app.css")
        assert first.headers.getlist("Content-Disposition") == ["attachment"]
        known = client.get("/static/app.css", headers={"If-None-Match": first.headers["ETag"]})
        assert known.status_code == 304
        assert "Content-Disposition" not in known.headers


@pytest.mark.parametrize("change", ["set", "add", "add the same", "setdefault", "remove"])
@pytest.mark.parametrize("coding", ["identity", "br"])
def test_a_hooks_own_field_wins_and_is_there_once(
    make_app: MakeApp, coding: str, change: str
) -> None:
    def after(response: Response) -> Response:
        name, headers = "X-Content-Type-Options", response.headers
        if change == "set":
            headers[name] = "of the hook"
        elif change == "add":
            headers.add(name, "of the hook")
        elif change == "add the same":
            headers.add(name, "nosniff")
        elif change == "setdefault":
            headers.setdefault(name, "of the hook")
        else:
            headers.pop(name, None)
        return response

    def add(app: Flask) -> None:
        app.after_request(after)

        @app.get("/plan")
        @cacheable_static
        def plan() -> str:
            return "plan " * 99

    client = make_app(before=add, **CONFIG).test_client()
    expected = {
        "set": ["of the hook"],
        "add": ["of the hook"],
        "add the same": ["nosniff"],
        "setdefault": ["nosniff"],
        "remove": [],
    }[change]
    for path in ("/static/app.css", "/plan"):
        for _ in range(3):
            response = client.get(path, headers={"Accept-Encoding": coding})
            assert response.headers.getlist("X-Content-Type-Options") == expected
            assert response.headers.getlist("Timing-Allow-Origin") == ["*"]
            assert response.headers["Cache-Control"] == "max-age=3600"
            if path != "/plan":
                assert response.headers.get("Content-Encoding", "identity") == coding
        known = client.get(
            path,
            headers={"Accept-Encoding": coding, "If-None-Match": response.headers["ETag"]},
        )
        assert known.status_code == 304
        assert known.headers.getlist("X-Content-Type-Options") == expected


def test_an_edited_file_keeps_them(make_app: MakeApp) -> None:
    def edit(app: Flask) -> None:
        @app.after_request
        def run(response: Response) -> Response:
            response.direct_passthrough = False
            response.set_data(b"edited")
            response.headers.add("X-Content-Type-Options", "of the hook")
            return response

    response = make_app(before=edit, **CONFIG).test_client().get("/static/app.css")
    assert response.data == b"edited"
    expected = {**ALL, **SHARED, "X-Content-Type-Options": "of the hook"}
    assert own(response) == lines(expected)


def test_views_have_them_also_from_the_store(make_app: MakeApp) -> None:
    runs = []

    def add(app: Flask) -> None:
        @app.get("/chart")
        @cacheable_static(max_age=60, headers={"x-kind": "chart", "Timing-Allow-Origin": None})
        def chart() -> Any:
            runs.append(1)
            return "chart", {"X-Content-Type-Options": "of the view"}

        @app.get("/moved")
        @cacheable_static
        def moved() -> Any:
            response = redirect("/chart", 301)
            response.headers["Cache-Control"] = "max-age=60"
            return response

        @app.get("/gone")
        @cacheable_static
        def gone() -> Any:
            return "gone", 404

    for hook in (None, with_a_hook):
        runs.clear()
        client = make_app(before=add, after=hook, **CONFIG).test_client()
        for _ in range(3):
            response = client.get("/chart")
            said = {"X-Content-Type-Options": "of the view", "X-Kind": "chart"}
            assert own(response) == lines(said)
        known = client.get("/chart", headers={"If-None-Match": response.headers["ETag"]})
        assert known.status_code == 304
        assert own(known) == lines(said)
        assert len(runs) == 1
        assert own(client.get("/moved")) == lines(ALL)  # what the view itself says of it holds
        assert own(client.get("/gone")) == {}


def test_a_rule_replaces_the_decorators_fields(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        @app.get("/chart")
        @cacheable_static(headers={"X-Kind": "chart"})
        def chart() -> str:
            return "chart"

    rules = {"chart": {"headers": {"X-Rule": "yes"}}}
    app = make_app(before=add, STATIC_OPTIMIZER_HEADERS=ALL, STATIC_OPTIMIZER_RULES=rules)
    response = app.test_client().get("/chart")
    assert own(response) == lines(ALL)
    assert response.headers["X-Rule"] == "yes"


def test_a_guard_answers_without_them(make_app: MakeApp) -> None:
    """The policy is for what the view made."""

    def wall(app: Flask) -> None:
        app.before_request(lambda: ("no", 403))

    assert own(make_app(before=wall, **CONFIG).test_client().get("/static/app.css")) == {}


def opcodes(app: Flask, headers: dict[str, str]) -> int:
    """Count the opcodes by which the lane answers a request that it has answered before."""
    environ = EnvironBuilder("/static/app.css", headers=headers).get_environ()
    answer = app.extensions["static_optimizer"].lane.wsgi_app
    said: list[str] = []

    def start(status: str, *_: Any) -> None:
        said.append(status)

    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    for _ in range(3):
        b"".join(answer(dict(environ), start))
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        answer(environ, start)
    finally:
        sys.settrace(before)
    assert said[-1][:3] == ("304" if headers else "200")
    return count


def test_the_lane_pays_nothing(make_app: MakeApp) -> None:
    """The fields are prepared with the representation: the same steps answer with and without."""
    without = make_app()
    with_two = make_app(STATIC_OPTIMIZER_HEADERS={**ALL})
    etag = without.test_client().get("/static/app.css").headers["ETag"]
    for headers in ({}, {"If-None-Match": etag}):
        # The least of some counts, as signals may have receivers of dropped apps for a while.
        counts = [(opcodes(without, headers), opcodes(with_two, headers)) for _ in range(4)]
        plain, fielded = (min(each) for each in zip(*counts, strict=True))
        assert plain > 50
        assert fielded <= plain * 1.02
