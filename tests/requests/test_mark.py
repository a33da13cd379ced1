"""The mark of static requests: which have it, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, abort, request, request_started, send_from_directory, session
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flask_static_optimizer import cacheable_static, is_static_request

MakeApp = Callable[..., Flask]


def test_is_static_request_everywhere(make_app: MakeApp) -> None:
    """``is_static_request()`` has one answer everywhere in a request."""
    seen: list[tuple[str, bool]] = []

    def note(where: str) -> Callable[..., None]:
        return lambda *_, **__: seen.append((where, is_static_request()))

    def add(app: Flask) -> None:
        app.url_value_preprocessor(note("preprocessor"))
        app.before_request(note("before"))
        app.teardown_request(note("teardown"))
        app.after_request(lambda response: note("after")() or response)

    started = note("started")
    app = make_app(before=add)
    request_started.connect(started, app)
    for path, static in (
        ("/static/app.css", True),
        ("/", False),
        ("/static/none", False),
        ("/none", False),
    ):
        seen.clear()
        app.test_client().get(path)
        order = ["started", "preprocessor", "before", "after", "teardown"]
        assert seen == [(where, static) for where in order]


def test_is_static_request_outside(make_app: MakeApp) -> None:
    """``is_static_request()`` is False outside a request and without the extension."""
    assert is_static_request() is False
    app = make_app(optimize=False)
    with app.app_context():
        assert is_static_request() is False
    with app.test_request_context("/static/app.css"):
        assert is_static_request() is False
    with make_app().test_request_context("/static/app.css"):
        assert is_static_request() is True


def test_the_folders_method_as_a_view(make_app: MakeApp) -> None:
    """A view that is the folder's own method counts as a folder."""

    def add(app: Flask) -> None:
        app.add_url_rule("/files/<path:filename>", endpoint="files", view_func=app.send_static_file)

    response = make_app(before=add).test_client().get("/files/app.css")
    assert response.headers["Cache-Control"] == "max-age=3600"


def test_a_wrapped_folder_view_is_still_one(make_app: MakeApp) -> None:
    import functools

    def add(app: Flask) -> None:
        view = app.view_functions["static"]

        @functools.wraps(view)
        def logged(**kwargs: Any) -> Any:
            return view(**kwargs)

        app.view_functions["static"] = logged

    for when in ("before", "after"):
        response = make_app(**{when: add}).test_client().get("/static/app.css")
        assert response.headers["Cache-Control"] == "max-age=3600"


def test_a_decorated_view_over_a_folder(make_app: MakeApp, static_folder: Any) -> None:
    """A user's view over a folder is static where it says so."""

    def add(app: Flask) -> None:
        @app.get("/media/<path:filename>")
        def media(filename: str) -> Any:
            return send_from_directory(static_folder, filename)

    def age(**config: Any) -> str:
        client = make_app(before=add, **config).test_client()
        return client.get("/media/app.css").headers["Cache-Control"]

    assert age() == "no-cache"
    assert age(STATIC_OPTIMIZER_RULES={"media": {}}) == "max-age=3600"
    assert age(STATIC_OPTIMIZER_RULES={"med*:*.css": {"max_age": 5}}) == "max-age=5"
    assert age(STATIC_OPTIMIZER_RULES={"med*:*.js": {"max_age": 5}}) == "no-cache"


def test_rules_overlay_a_decorator(make_app: MakeApp) -> None:
    """A rule goes over a decorator's policy field by field."""

    def add(app: Flask) -> None:
        app.get("/a", endpoint="charts.a")(
            cacheable_static(max_age=5, stale_if_error=6)(lambda: "x")
        )

    rules = {"charts.*": {"max_age": 9}}
    client = make_app(before=add, STATIC_OPTIMIZER_RULES=rules).test_client()
    assert client.get("/a").headers["Cache-Control"] == "max-age=9, stale-if-error=6"


def test_a_contradicting_rule_is_refused(make_app: MakeApp) -> None:
    """A rule that contradicts a decorator is refused."""

    def add(app: Flask) -> None:
        app.get("/a", endpoint="a")(cacheable_static(immutable=True)(lambda: "x"))

    with pytest.raises(ValueError, match=r"RULES\['a'\]: immutable=True contradicts"):
        make_app(before=add, STATIC_OPTIMIZER_RULES={"a": {"session": "protected"}})


def test_the_session_setting_is_the_default_mode(make_app: MakeApp) -> None:
    app = make_app(
        STATIC_OPTIMIZER_SESSION="protected",
        STATIC_OPTIMIZER_RULES={"static:*.css": {"session": "isolated"}},
    )
    client = app.test_client()
    assert client.get("/static/app.js").headers["Cache-Control"] == "private, no-cache"
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=3600"


def test_every_spelling_is_guarded(make_app: MakeApp) -> None:
    """A guarded file is guarded in every spelling of its path."""
    rules = {"static:private/*": {"session": "protected"}}
    client = make_app(STATIC_OPTIMIZER_RULES=rules).test_client()
    for path in (
        "/static/private/report.pdf",
        "/static/./private/report.pdf",
        "/static/private/./report.pdf",
        "/static/private/../private/report.pdf",
        "/static/%70rivate/report.pdf",
    ):
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == "private, no-cache", path


def test_a_second_route_of_an_endpoint(make_app: MakeApp) -> None:
    """A route that is added later under an old endpoint is found."""

    def add(app: Flask) -> None:
        with app.test_request_context("/"):
            app.add_url_rule("/more/<path:filename>", endpoint="static")

    response = make_app(after=add).test_client().get("/more/app.css")
    assert response.headers["Cache-Control"] == "max-age=3600"


def test_a_decorated_index(make_app: MakeApp) -> None:
    """A decorated index does not make other pages static."""

    def add(app: Flask) -> None:
        app.get("/home/", endpoint="home")(cacheable_static(max_age=5)(lambda: "home"))

    client = make_app(before=add).test_client()
    assert client.get("/home/").headers["Cache-Control"] == "max-age=5"
    slash = client.get("/home")
    assert slash.status_code == 308
    assert slash.headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in client.get("/").headers


def test_under_a_script_root(make_app: MakeApp) -> None:
    inner = make_app(APPLICATION_ROOT="/app")
    client = Client(DispatcherMiddleware(make_app(), {"/app": inner}))
    for path in ("/static/app.css", "/app/static/app.css"):
        response = client.get(path, buffered=True)
        assert response.headers["Cache-Control"] == "max-age=3600"
    redirect = client.get("/app/static//app.css", buffered=True)
    assert redirect.status_code == 308
    assert redirect.headers["Cache-Control"] == "no-store"


def test_an_app_inside_another(make_app: MakeApp) -> None:
    """An app that is called in a view of another marks its requests for itself."""
    inner = make_app()

    def mount(app: Flask) -> None:
        @app.get("/inner/<path:rest>")
        @cacheable_static(max_age=77)
        def mounted(rest: str) -> Any:
            return inner

    response = make_app(before=mount).test_client().get("/inner/static/app.css")
    assert response.status_code in (200, 404)
    page = make_app(before=mount).test_client().get("/inner/x")
    assert page.status_code == 404
    assert page.headers["Cache-Control"] == "no-store"


def test_an_unprefixed_blueprint_folder(make_app: MakeApp, static_folder: Any) -> None:
    """A blueprint's folder without a prefix is shadowed by the app's, as ever."""

    def add(app: Flask) -> None:
        app.register_blueprint(Blueprint("b", __name__, static_folder=str(static_folder)))

    response = make_app(before=add).test_client().get("/static/app.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "max-age=3600"


def test_a_page_keeps_its_vary(make_app: MakeApp) -> None:
    """A page that looked at the session keeps ``Vary: Cookie``."""
    client = make_app().test_client()
    client.get("/")
    assert client.get("/look").headers["Vary"] == "Cookie"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "session=garbage.not.signed"},
        {"Cookie": "session=" + "x" * 65536},
        {"Cookie": "\x7f;;;=;=,session"},
        {"If-None-Match": '"'},
        {"If-None-Match": "x" * 65536},
        {"If-Modified-Since": "0"},
        {"Range": "bytes=" + "9" * 400 + "-"},
        {"Range": "bytes=0-" + ",0-" * 5000},
        {"Authorization": "\xff"},
        {"X-Forwarded-Host": "evil.example"},
    ],
)
def test_garbage_in_headers_gets_a_normal_answer(
    make_app: MakeApp, headers: dict[str, str]
) -> None:
    client = make_app().test_client(use_cookies=False)
    response = client.get("/static/app.css", headers=headers)
    assert response.status_code in (200, 416)
    assert "Set-Cookie" not in response.headers
    assert client.get("/look", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/..%5capp.py",
        "/static/%252e%252e/app.py", "/static/..;/app.py", "/static/app.css%00", "/static/app.css.",
        "/static/app.css%20", "/static/app.css/", "/static/", "/static", "/static/%ff%fe",
        "/static/CON", "/static/" + "x" * 5000, "/static/private", "/static/app.css?v=%ff",
    ],
)  # fmt: skip
def test_odd_paths(make_app: MakeApp, path: str) -> None:
    """An odd path gets the response that Flask gives, and its error is ``no-store``."""
    plain = make_app(optimize=False).test_client().get(path)
    ours = make_app().test_client().get(path)
    assert ours.status_code == plain.status_code
    assert ours.data == plain.data
    if ours.status_code != 200 and path.startswith("/static/") and path != "/static/":
        assert ours.headers["Cache-Control"] == "no-store"


def test_a_session_after_the_response(make_app: MakeApp) -> None:
    """A session that is used after the response is sealed."""
    late = []

    def add(app: Flask) -> None:
        @app.teardown_request
        def look(error: Any) -> None:
            late.append(session.get("visits"))

    rules = {"static": {"session": "protected"}}
    client = make_app(before=add, STATIC_OPTIMIZER_RULES=rules).test_client()
    client.get("/")
    client.get("/static/app.css")
    assert late == [1, None]


def test_without_strict_slashes(make_app: MakeApp) -> None:
    """Without strict slashes both spellings of a route are static."""

    def add(app: Flask) -> None:
        view = cacheable_static(max_age=5)(lambda: "charts")
        app.add_url_rule("/charts", "charts", view, strict_slashes=False)

    client = make_app(before=add).test_client()
    for path in ("/charts", "/charts/"):
        assert client.get(path).headers["Cache-Control"] == "max-age=5"


def test_a_view_may_get_a_second_url(make_app: MakeApp) -> None:
    """A view may get a second URL after the extension was installed."""

    @cacheable_static(max_age=5)
    def view() -> str:
        return "x"

    def again(app: Flask) -> None:
        with app.test_request_context("/"):
            app.add_url_rule("/b", "view", view)

    def add(app: Flask) -> None:
        app.add_url_rule("/a", "view", view)

    client = make_app(before=add, after=again).test_client()
    for path in ("/a", "/b"):
        assert client.get(path).headers["Cache-Control"] == "max-age=5"


def test_the_folders_view_elsewhere(make_app: MakeApp) -> None:
    """The folder's view under another endpoint counts as a folder."""

    def add(app: Flask) -> None:
        view = app.view_functions["static"]
        app.add_url_rule("/assets/<path:filename>", endpoint="assets", view_func=view)

    response = make_app(before=add).test_client().get("/assets/app.css")
    assert response.headers["Cache-Control"] == "max-age=3600"


@pytest.mark.parametrize("glob", ["*", "**", "?*", "[!_]*"])
def test_a_glob_of_wildcards_makes_no_page_static(make_app: MakeApp, glob: str) -> None:
    client = make_app(STATIC_OPTIMIZER_RULES={glob: {"max_age": 5}}).test_client()
    assert "Cache-Control" not in client.get("/").headers
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=5"


def test_a_file_rule_and_the_only_variable(make_app: MakeApp) -> None:
    """A rule for files goes by a route's only variable, whatever its name is."""

    def add(app: Flask) -> None:
        app.get("/files/<path:name>", endpoint="files")(cacheable_static(lambda name: name))

    rules = {"files:private/*": {"session": "protected"}}
    client = make_app(before=add, STATIC_OPTIMIZER_RULES=rules).test_client()
    assert client.get("/files/private/x").headers["Cache-Control"] == "private, no-cache"
    assert client.get("/files/x").headers["Cache-Control"] == "max-age=3600"


def test_immutable_and_a_protected_default(make_app: MakeApp) -> None:
    """``immutable`` contradicts a protected session that is the default."""

    def add(app: Flask) -> None:
        app.get("/a", endpoint="a")(cacheable_static(immutable=True)(lambda: "x"))

    with pytest.raises(ValueError, match="STATIC_OPTIMIZER_SESSION='protected'"):
        make_app(before=add, STATIC_OPTIMIZER_SESSION="protected")


def test_a_page_with_a_marked_environ(make_app: MakeApp) -> None:
    """A page that is reached with a static request's environ is not static.

    An app may hand its environ to another request, so the mark hangs on the request object.
    """
    seen = []

    def add(app: Flask) -> None:
        @app.errorhandler(404)
        def shell(error: Exception) -> Any:
            return app.response_class.from_app(app.wsgi_app, {**request.environ, "PATH_INFO": "/"})

        @app.get("/made")
        @cacheable_static
        def made() -> None:
            abort(404)

        @app.before_request
        def note() -> None:
            seen.append(is_static_request())

    response = make_app(before=add).test_client().get("/made")
    assert response.text == "1"
    assert seen == [True, False]
    assert response.headers["Cache-Control"] == "no-store"
