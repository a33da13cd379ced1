"""Files of the static folder at the root of the site, in every way of serving."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, request, session, url_for

from flask_static_optimizer import (
    ConfigurationError,
    StaticOptimizer,
    cacheable_static,
    is_static_request,
)
from flask_static_optimizer.config.settings import Settings

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

FILES = [
    "favicon.ico",
    "robots.txt",
    "app.js",
    {"/.well-known/security.txt": "meta/security.txt", "/style.css": "app.css"},
    {"/again.css": "app.css"},
]
CONFIG: dict[str, Any] = {"STATIC_OPTIMIZER_ROOT_FILES": FILES}


def with_a_hook(app: Flask) -> None:
    app.after_request(lambda response: response)


@pytest.fixture(autouse=True)
def files(static_folder: Path) -> None:
    (static_folder / "meta").mkdir()
    (static_folder / "favicon.ico").write_bytes(b"icon" * 200)
    (static_folder / "robots.txt").write_text("User-agent: *\n" * 40)
    (static_folder / "meta" / "security.txt").write_text("Contact: a@example.org")


@pytest.fixture(params=["lane", "hooks", "express", "middleware"])
def make(request: pytest.FixtureRequest, make_app: MakeApp) -> MakeApp:
    """Make an app for each way in which files are served."""

    def make(*, before: Callable[[Flask], Any] = lambda app: None, **config: Any) -> Flask:
        def prepare(app: Flask) -> None:
            before(app)
            if request.param in ("hooks", "express"):
                with_a_hook(app)
            elif request.param == "middleware":  # which the extension leaves alone: no lane
                app.wsgi_app = functools.partial(app.wsgi_app)  # type: ignore[method-assign]

        express = {"STATIC_OPTIMIZER_EXPRESS": request.param == "express"}
        return make_app(before=prepare, **{**CONFIG, **express, **config})

    return make


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/favicon.ico", "favicon.ico"),
        ("/robots.txt", "robots.txt"),
        ("/app.js", "app.js"),
        ("/.well-known/security.txt", "meta/security.txt"),
        ("/style.css", "app.css"),
        ("/again.css", "app.css"),
    ],
)
def test_answered_as_at_its_plain_url(make: MakeApp, path: str, name: str) -> None:
    """Age by kind, coding, conditions and ranges are those of the file's plain URL."""
    client = make().test_client()
    variations: list[dict[str, str]] = [
        {},
        {"Accept-Encoding": "br"},
        {"Range": "bytes=0-3"},
        {"If-None-Match": "<etag>"},
        {"Authorization": "Basic eDp5"},
    ]
    for headers in variations:
        for method in ("GET", "HEAD", "GET"):
            plain = client.get(f"/static/{name}")
            sent = {
                key: value.replace("<etag>", plain.headers["ETag"])
                for key, value in headers.items()
            }
            expected = client.open(f"/static/{name}", method=method, headers=sent)
            answer = client.open(path, method=method, headers=sent)
            assert answer.status_code == expected.status_code
            assert sorted(answer.headers) == sorted(expected.headers)
            assert answer.data == expected.data
            assert "Set-Cookie" not in answer.headers
    assert client.options(path).status_code == 200
    assert client.post(path).status_code == 405


def test_static_with_an_isolated_session(make: MakeApp) -> None:
    seen = []

    def look(app: Flask) -> None:
        @app.before_request
        def before() -> None:
            if request.path != "/":
                seen.append((is_static_request(), dict(session)))
                session["x"] = 1

    client = make(before=look, STATIC_OPTIMIZER_EXPRESS=False).test_client()
    client.get("/")
    for _ in range(2):
        response = client.get("/robots.txt")
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
    assert seen == [(True, {})] * 2


def test_the_lane_answers_for_them(make_app: MakeApp) -> None:
    def never(app: Flask) -> None:
        @app.before_request
        def before() -> None:
            abort(500)

    client = make_app(before=never, STATIC_OPTIMIZER_EXPRESS=True, **CONFIG).test_client()
    for path in ("/robots.txt", "/.well-known/security.txt"):
        for _ in range(2):
            assert client.get(path).status_code == 200
    assert client.get("/").status_code == 500


def test_the_static_folders_rules_hold(make: MakeApp) -> None:
    rules = {
        "static:robots.txt": {"max_age": 60, "headers": {"X-Kind": "robots"}},
        "static:favicon.ico": {"session": "protected"},
        "static:app.css": False,
    }
    client = make(STATIC_OPTIMIZER_RULES=rules).test_client()
    robots = client.get("/robots.txt")
    assert robots.headers["Cache-Control"] == "max-age=60"
    assert robots.headers["X-Kind"] == "robots"
    assert client.get("/favicon.ico").headers["Cache-Control"] == "private, no-cache"
    alone = client.get("/style.css")
    assert alone.status_code == 200
    assert alone.headers["ETag"] == client.get("/static/app.css").headers["ETag"]


def test_a_decorated_folder_guards_them(make: MakeApp) -> None:
    """What the app has put around its static view stands before them, too."""

    def guard(app: Flask) -> None:
        view = app.view_functions["static"]

        @functools.wraps(view)
        def guarded(**values: Any) -> Any:
            if "pass" not in request.args:
                abort(401)
            return view(**values)

        app.view_functions["static"] = guarded

    client = make(before=guard).test_client()
    for _ in range(2):
        assert client.get("/robots.txt").status_code == 401
        allowed = client.get("/robots.txt?pass")
        assert (allowed.status_code, allowed.data[:10]) == (200, b"User-agent")


@pytest.mark.parametrize("first", ["route", "extension"])
@pytest.mark.parametrize("static", [True, False])
def test_a_route_of_the_app_comes_first(
    make_app: MakeApp, first: str, static: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """From the first request on, wherever it was added, and with its own endpoint."""

    def add(app: Flask) -> None:
        def robots() -> str:
            return f"of the app, {request.endpoint}, {is_static_request()}"

        app.add_url_rule("/robots.txt", view_func=cacheable_static(robots) if static else robots)

    for middleware in (False, True):
        caplog.clear()

        def before(app: Flask, *, middleware: bool = middleware) -> None:
            if middleware:
                app.wsgi_app = functools.partial(app.wsgi_app)  # type: ignore[method-assign]
            if first == "route":
                add(app)

        after = add if first == "extension" else None
        client = make_app(before=before, after=after, **CONFIG).test_client()
        for _ in range(2):
            response = client.get("/robots.txt")
            assert response.text == f"of the app, robots, {static}"
            said = response.headers.get("Cache-Control")
            assert said == ("max-age=3600" if static else None)  # the session was not opened
        assert client.options("/robots.txt").headers["Allow"].count("GET") == 1
        assert client.post("/robots.txt").headers["Allow"].count("GET") == 1
        assert client.get("/favicon.ico").data[:4] == b"icon"
        said = [line for line in caplog.messages if "a route of the app's own" in line]
        assert len(said) == 1
        assert "'/robots.txt'" in said[0]
        assert "'robots'" in said[0]


def test_a_post_route_at_the_path_stays(make: MakeApp) -> None:
    def add(app: Flask) -> None:
        app.post("/robots.txt")(lambda: "posted")

    client = make(before=add).test_client()
    for _ in range(2):
        assert client.post("/robots.txt").text == "posted"
        assert client.get("/robots.txt").data[:10] == b"User-agent"


@pytest.mark.parametrize("url_path", ["", None])
def test_catch_all_routes_come_later(make_app: MakeApp, url_path: str | None) -> None:
    def add(app: Flask) -> None:
        app.add_url_rule("/<path:page>", "page_of", lambda page: f"page {page}")

    app = make_app(before=add, flask={"static_url_path": url_path}, **CONFIG)
    client = app.test_client()
    assert client.get("/style.css").headers["Cache-Control"] == "max-age=3600"
    assert client.get("/elsewhere").status_code in (200, 404)


def test_urls_of_the_folder_stay(make: MakeApp) -> None:
    app = make()
    with app.test_request_context():
        assert url_for("static", filename="robots.txt").startswith("/static/robots.txt?v=")
    client = app.test_client()
    with app.test_request_context():
        query = url_for("static", filename="robots.txt").partition("?")[2]
    assert "immutable" in client.get(f"/robots.txt?{query}").headers["Cache-Control"]


def test_a_missing_file_is_told_and_served_once_it_is_there(
    make: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A deploy may add it later, so it is no error at start."""
    (static_folder / "robots.txt").unlink()
    client = make().test_client()
    for _ in range(2):
        missing = client.get("/robots.txt")
        assert missing.status_code == 404
        assert missing.headers["Cache-Control"] == "no-store"
    said = [line for line in caplog.messages if "no file 'robots.txt'" in line]
    assert len(said) == 1
    assert "STATIC_OPTIMIZER_ROOT_FILES" in said[0]
    (static_folder / "robots.txt").write_text("here")
    assert client.get("/robots.txt").text == "here"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("favicon.ico", ["'favicon.ico'", "give a list"]),
        ({"/robots.txt": "robots.txt"}, ["give a list"]),
        ([5], ["has 5", "name a file"]),
        ([["favicon.ico"]], ["name a file"]),
        (["/favicon.ico"], ["'/favicon.ico'", "relative to it"]),
        (["../secret.txt"], ["'../secret.txt'", "relative to it"]),
        (["a/../../secret.txt"], ["relative to it"]),
        (["./robots.txt"], ["relative to it"]),
        (["a\\b.txt"], ["relative to it"]),
        ([""], ["name a file"]),
        (["odd name.txt"], ["'/odd name.txt'", "URL path"]),
        ([{"robots.txt": "robots.txt"}], ["the path 'robots.txt'", "'/robots.txt'"]),
        ([{"/<name>": "robots.txt"}], ["'/<name>'", "URL path"]),
        ([{"/../x": "robots.txt"}], ["'/../x'", "URL path"]),
        ([{"/": "index.html"}], ["'/'", "URL path"]),
        ([{"/x": 5}], ["has 5", "name a file"]),
        (["robots.txt", {"/robots.txt": "meta/robots.txt"}], ["'/robots.txt' twice"]),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(value: Any, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_config({"STATIC_OPTIMIZER_ROOT_FILES": value})
    for word in ("STATIC_OPTIMIZER_ROOT_FILES", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("root_file_robots_txt", "robots.txt"),
        ("root_file_robots_txt:robots.txt", "robots.txt"),
        ("root_file_*", "favicon.ico"),
        ("root_file__well_known_security_tx[t]", "meta/security.txt"),
    ],
)
def test_a_rule_for_such_an_endpoint_is_refused(make_app: MakeApp, key: str, name: str) -> None:
    """It would protect nothing, as rules go by the name of the file in its folder."""
    config = {**CONFIG, "STATIC_OPTIMIZER_RULES": {key: {"session": "protected"}}}
    if "*" in key or "[" in key:  # a view that is still to come may be meant, too
        client = make_app(**config).test_client()
        with pytest.raises(ConfigurationError) as caught:
            client.get("/")
    else:
        with pytest.raises(ConfigurationError) as caught:
            make_app(**config)
    assert f"RULES[{key!r}]" in str(caught.value)
    assert f"write 'static:{name}'" in str(caught.value)


def test_a_rule_for_more_than_such_endpoints_is_taken(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        app.add_url_rule("/root", "root_page", lambda: "page")

    for key, path in (("root_*", "/root"), ("*", "/robots.txt")):
        app = make_app(after=add, **CONFIG, STATIC_OPTIMIZER_RULES={key: {"max_age": 6}})
        assert app.test_client().get(path).headers["Cache-Control"] == "max-age=6"


@pytest.mark.parametrize(
    ("url_path", "file", "path"),
    [
        (None, {"/static/app.css": "robots.txt"}, "/static/app.css"),
        (None, "static/robots.txt", "/static/robots.txt"),
        ("/a/files", {"/a/files/x/y.txt": "robots.txt"}, "/a/files/x/y.txt"),
    ],
)
def test_a_path_in_the_static_folder_is_refused(
    make_app: MakeApp, url_path: str | None, file: Any, path: str
) -> None:
    """It would hide the file there, and what guards that."""
    with pytest.raises(ConfigurationError, match=f"the path '{path}'.* a path outside of it"):
        make_app(flask={"static_url_path": url_path}, STATIC_OPTIMIZER_ROOT_FILES=[file])


def test_a_path_beside_the_static_folder_is_taken(make_app: MakeApp) -> None:
    client = make_app(STATIC_OPTIMIZER_ROOT_FILES=[{"/static-a.css": "app.css"}]).test_client()
    assert client.get("/static-a.css").status_code == 200


@pytest.mark.parametrize(
    ("flask", "words"),
    [
        ({"static_folder": None}, "no static folder"),
        ({"static_host": "assets.example", "host_matching": True}, "host_matching"),
    ],
)
def test_apps_that_cannot_have_them(flask: dict[str, Any], words: str) -> None:
    app = Flask("app", **flask)
    app.config.update(CONFIG)
    with pytest.raises(ConfigurationError, match=f"ROOT_FILES has 'favicon.ico'.*{words}"):
        StaticOptimizer(app)
