"""Known requests of an app with hooks: the lane takes Flask's steps, and nobody can tell."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import (
    Flask,
    Request,
    Response,
    abort,
    after_this_request,
    g,
    got_request_exception,
    request,
    request_finished,
    request_started,
    request_tearing_down,
    session,
)
from flask.sessions import SecureCookieSessionInterface

from flask_static_optimizer import StaticOptimizer, cacheable_static, static_request_marked
from flask_static_optimizer.lane import steps
from flask_static_optimizer.lane.observers import TAKEN
from laws.plain_flask.extensions import Prefix

pytestmark = pytest.mark.usefixtures("settled")

CSS = b"body { color: red }" * 200
OTHER = b"b { color: blue }"
URL = "/static/app.css"

Make = Callable[..., Flask]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    for name, data in (("app.css", CSS), ("b.css", OTHER)):
        (folder / name).write_bytes(data)
        then = time.time() - 86400 - len(data)
        os.utime(folder / name, (then, then))
    return folder


@pytest.fixture
def make(folder: Path, taken: list[str]) -> Make:
    def make(kind: type[Flask] = Flask, **config: Any) -> Flask:
        app = kind("app", root_path=str(folder.parent), instance_path=str(folder.parent / "i"))
        app.config.update(SECRET_KEY="secret", **config)
        app.before_request(lambda: None)
        StaticOptimizer(app)
        return app

    return make


def get(app: Flask, times: int = 3, **more: Any) -> list[Any]:
    return [app.test_client().get(URL, **more) for _ in range(times)]


def test_from_the_second_request_on(make: Make, taken: list[str]) -> None:
    answers = get(make())
    assert taken == [URL] * 2
    assert [answer.data for answer in answers] == [CSS] * 3
    assert len({str(answer.headers) for answer in answers}) == 1


def test_a_static_view_too(make: Make, taken: list[str]) -> None:
    app = make()
    runs: list[int] = []

    @app.get("/chart")
    @cacheable_static
    def chart() -> str:
        runs.append(1)
        return "chart"

    client = app.test_client()
    answers = [client.get("/chart") for _ in range(3)]
    assert taken == ["/chart"] * 2
    assert [answer.text for answer in answers] == ["chart"] * 3
    assert len(runs) == 1
    etag = answers[0].headers["ETag"]
    assert client.get("/chart", headers={"If-None-Match": etag}).status_code == 304


def test_all_that_flask_runs_runs_in_its_order(make: Make, taken: list[str]) -> None:
    app = make()
    seen: list[Any] = []
    receivers = []
    for signal in (request_started, request_finished, request_tearing_down):

        def heard(_: Flask, name: str = signal.name, **more: Any) -> None:
            seen.append((name, sorted(more)))

        receivers.append(heard)
        signal.connect(heard, app)

    @app.url_value_preprocessor
    def preprocess(endpoint: str | None, values: dict[str, Any] | None) -> None:
        seen.append(("preprocess", endpoint, dict(values or {})))

    @app.before_request
    def before() -> None:
        g.note = "noted"
        session["x"] = 1
        seen.append(("before", request.endpoint, request.view_args, str(request.url_rule)))

        @after_this_request
        def after_this(response: Response) -> Response:
            seen.append(("after this", response.status))
            return response

    @app.after_request
    def after(response: Response) -> Response:
        seen.append(("after", g.note, response.headers["ETag"], session.get("x")))
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        seen.append(("teardown", error))

    @app.teardown_appcontext
    def teardown_context(error: BaseException | None) -> None:
        seen.append(("teardown of context", error))

    each = []
    for _ in range(3):
        seen.clear()
        get(app, 1)
        each.append(list(seen))
    assert taken == [URL] * 2
    assert each[0] == each[1] == each[2]
    assert [step[0] for step in each[0]] == [
        "request-started",
        "preprocess",
        "before",
        "after this",
        "after",
        "request-finished",
        "teardown",
        "request-tearing-down",
        "teardown of context",
    ]


def test_a_guard_refuses(make: Make, taken: list[str]) -> None:
    app = make()
    allowed = [True, False, True]

    @app.before_request
    def guard() -> Any:
        if not allowed.pop():
            abort(403)

    answers = get(app)
    assert [answer.status_code for answer in answers] == [200, 403, 200]
    assert taken == [URL] * 2
    assert answers[1].headers["Cache-Control"] == "no-store"


def test_what_a_hook_returns_is_the_answer(make: Make, taken: list[str]) -> None:
    app = make()
    instead = [None, None, "later", "", None]

    @app.before_request
    def answer() -> Any:
        return instead.pop(0)

    assert [answer.data for answer in get(app, 5)] == [CSS, CSS, b"later", b"", CSS]
    assert len(taken) == 4


def test_what_a_hook_changes_is_asked_for(make: Make, taken: list[str]) -> None:
    app = make()
    names = ["app.css", "app.css", "b.css", "missing.css", "app.css"]

    @app.before_request
    def change() -> None:
        (request.view_args or {})["filename"] = names.pop(0)

    assert [answer.status_code for answer in get(app, 5)] == [200, 200, 200, 404, 200]
    assert taken == [URL] * 4


def test_an_exception_is_flasks(make: Make, taken: list[str]) -> None:
    """It is logged, signalled and answered by the error handler; teardown functions get it."""
    app = make()
    raising = [None, None, "before", "after", None]
    seen: list[Any] = []
    got_request_exception.connect(noted := lambda _, exception: seen.append(str(exception)), app)

    @app.before_request
    def before() -> None:
        g.now = raising.pop(0)
        if g.now == "before":
            raise ValueError("before")

    @app.after_request
    def after(response: Response) -> Response:
        if g.now == "after":
            g.now = None
            raise ValueError("after")
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        seen.append(("teardown", str(error)))

    @app.errorhandler(500)
    def failed(error: Any) -> tuple[str, int]:
        return f"failed: {error.original_exception}", 200

    answers = get(app, 5)
    assert noted
    assert [answer.text[:14] for answer in answers[2:4]] == ["failed: before", "failed: after"]
    assert [answer.headers["Cache-Control"] for answer in answers[2:4]] == ["no-store"] * 2
    assert [answer.data for answer in (answers[1], answers[4])] == [CSS] * 2
    assert seen[2:6] == ["before", ("teardown", "before"), "after", ("teardown", "after")]
    assert len(taken) == 4


def test_a_file_that_is_replaced(make: Make, folder: Path, taken: list[str]) -> None:
    app = make()
    get(app, 2)
    os.replace(folder / "b.css", folder / "app.css")
    assert [answer.data for answer in get(app)] == [OTHER] * 3
    assert len(taken) == 3


def test_signals_of_the_extension(make: Make, taken: list[str]) -> None:
    app = make()
    marked: list[str] = []
    static_request_marked.connect(noted := lambda _, endpoint, **__: marked.append(endpoint), app)
    get(app)
    assert noted
    assert marked == ["static"] * 3
    assert len(taken) == 2


def test_an_interface_that_is_assigned_while_the_app_serves(make: Make, taken: list[str]) -> None:
    app = make()
    get(app, 2)
    app.session_interface = SecureCookieSessionInterface()
    answers = get(app)
    assert [answer.data for answer in answers] == [CSS] * 3
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    said = [answer.headers["Cache-Control"] for answer in answers]
    assert said == ["private, no-cache", "max-age=3600", "max-age=3600"]


def test_of_a_path_without_its_first_slash(make: Make, taken: list[str]) -> None:
    app = make()
    app.wsgi_app = Prefix(app.wsgi_app)  # type: ignore[method-assign]
    assert [answer.data for answer in get(app)] == [CSS] * 3
    assert taken == [URL] * 2


class Around(Flask):
    """An app with steps of its own that are taken around the view, and a class of its own."""

    class Globals(Flask.app_ctx_globals_class):
        pass

    app_ctx_globals_class = Globals

    def preprocess_request(self) -> Any:
        g.seen = ["before"]
        return super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        response.headers["X-Seen"] = ", ".join([*g.seen, "after"])
        return super().process_response(response)


def test_steps_around_the_view_are_taken_as_the_app_has_them(make: Make, taken: list[str]) -> None:
    answers = get(make(Around))
    assert taken == [URL] * 2
    assert [answer.headers["X-Seen"] for answer in answers] == ["before, after"] * 3


@pytest.mark.parametrize("name", TAKEN)
def test_a_step_that_the_lane_does_not_call_is_flasks(
    make: Make, taken: list[str], name: str
) -> None:
    """A step that the lane leaves out or does the work of is taken as the app has it."""
    calls = []

    def step(self: Flask, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return getattr(super(kind, self), name)(*args, **kwargs)

    class Asked(Request):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            calls.append(name)
            super().__init__(*args, **kwargs)

    kind = type("Overriding", (Flask,), {name: Asked if name == "request_class" else step})
    app = make(kind)
    assert [answer.data for answer in get(app)] == [CSS] * 3
    assert taken == []
    assert len(calls) >= 3 or name == "app_context"  # Flask calls that only where there is none


@pytest.mark.parametrize("key", ["PATH_INFO", "REQUEST_METHOD"])
def test_a_class_of_requests_decides_what_is_asked(make: Make, key: str) -> None:
    """It may change the URL or the method by a header field, after the lane has matched both."""
    other = {"PATH_INFO": "/static/none.css", "REQUEST_METHOD": "DELETE"}[key]

    class Own(Request):
        def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            if "HTTP_X_OTHER" in environ:
                environ[key] = other
            super().__init__(environ, *args, **kwargs)

    app = make(type("Owning", (Flask,), {"request_class": Own}))
    status = {"PATH_INFO": 404, "REQUEST_METHOD": 405}[key]
    for _ in range(2):
        assert [answer.status_code for answer in get(app)] == [200] * 3
        assert get(app, 1, headers={"X-Other": "1"})[0].status_code == status


@pytest.mark.parametrize("why", ["debug", "parameters", "middleware"])
def test_flask_takes_its_steps_itself(
    make: Make, taken: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "parameters":
        monkeypatch.setitem(steps._PARAMETERS, "preprocess_request", ("self", "ctx"))
    if why == "middleware":
        monkeypatch.setattr(Flask, "wsgi_app", Flask.wsgi_app)
        app = Flask("app", root_path=str(Path(make().root_path)))
        inner = app.wsgi_app
        app.wsgi_app = lambda *args: inner(*args)  # type: ignore[method-assign]
        app.config["SECRET_KEY"] = "secret"
        StaticOptimizer(app)
    else:
        app = make()
        app.debug = why == "debug"
    assert [answer.data for answer in get(app)] == [CSS] * 3
    assert taken == []


def test_a_kept_context_is_flasks(make: Make, taken: list[str]) -> None:
    app = make()
    get(app, 2)
    taken.clear()
    with app.test_client() as client:
        assert client.get(URL).data == CSS
        assert request.path == URL
    assert taken == []


@pytest.mark.parametrize(
    "field", [{"If-Range": '"x"', "Range": "bytes=0-3"}, {"Upgrade": "websocket"}]
)
def test_requests_that_are_not_known(make: Make, taken: list[str], field: dict[str, str]) -> None:
    app = make()
    get(app, 2)
    taken.clear()
    get(app, 1, headers=field)
    assert app.test_client().head(URL).status_code == 200
    assert taken == []


def test_the_steps_are_known_or_flask_is_newer() -> None:
    """Flask 3.2 hands the context on from step to step."""
    assert steps.has_known_steps() is (not steps_take_context())


def steps_take_context() -> bool:
    from inspect import signature

    return "ctx" in signature(Flask.preprocess_request).parameters


def test_the_express_lane_comes_first(make: Make, taken: list[str]) -> None:
    """What Flask has answered for somebody is known, and hooks are passed by all the same."""
    app = make(STATIC_OPTIMIZER_EXPRESS=True)
    client = app.test_client()
    for _ in range(2):
        client.get(URL, headers={"Authorization": "Bearer x"})
    assert get(app, 2)[1].data == CSS
    assert taken == []


def elsewhere_by_rule(app: Flask) -> None:
    request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "denied")
    request.view_args = {}


def elsewhere_by_method(app: Flask) -> None:
    request.method = "OPTIONS"


@pytest.mark.parametrize("send", [elsewhere_by_rule, elsewhere_by_method])
def test_a_hook_sends_the_request_elsewhere(make: Make, send: Callable[[Flask], None]) -> None:
    app = make()
    app.add_url_rule("/denied", "denied", lambda **_: abort(403))
    away = [False, False, True, False]

    @app.before_request
    def move() -> None:
        if away.pop(0):
            send(app)

    answers = get(app, 4)
    assert [answer.data for answer in (answers[0], answers[1], answers[3])] == [CSS] * 3
    assert answers[2].data != CSS
    assert answers[2].status_code == (403 if send is elsewhere_by_rule else 200)


def test_a_function_of_the_request_always_raises(make: Make, taken: list[str]) -> None:
    """Flask's page for it is not kept, whichever function came first."""
    app = make()
    raising = [False, False, True]

    @app.before_request
    def register() -> None:
        if raising.pop(0):

            @after_this_request
            def fail(_: Response) -> Response:
                raise ValueError("always")

    answers = get(app)
    assert [answer.status_code for answer in answers] == [200, 200, 500]
    assert answers[2].headers["Cache-Control"] == "no-store"
    assert len(taken) == 2
