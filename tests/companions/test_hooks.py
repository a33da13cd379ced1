"""Apps' own hooks that use the session on every request, static ones too."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    copy_current_request_context,
    current_app,
    g,
    redirect,
    session,
    stream_with_context,
    url_for,
)
from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time

from conftest import RedisServer
from flask_static_optimizer import cacheable_static, is_static_request, session_writes_dropped

Build = Callable[..., Flask]

STATIC = ["/static/app.css", "/static/app.js", "/chart"]

stores = pytest.mark.parametrize("sessions", ["redis", None], ids=["valkey", "cookie"])
both = pytest.mark.parametrize("optimize", [True, False])


def chart(app: Flask) -> None:
    @app.get("/chart")
    @cacheable_static
    def chart() -> str:
        return "<svg/>"


def visitor(app: Flask) -> Any:
    browser = app.test_client()
    assert browser.get("/").text == "1"
    return browser


def fetch_assets(browser: Any) -> list[Response]:
    responses = [browser.get(url) for url in STATIC]
    assert [response.status_code for response in responses] == [200, 200, 200]
    return responses


def untouched(responses: list[Response]) -> bool:
    return not any("Set-Cookie" in r.headers or "Cookie" in r.vary for r in responses)


def permanent(app: Flask) -> None:
    @app.before_request
    def make_permanent() -> None:
        session.permanent = True


@stores
def test_permanent_sessions_not_for_assets(
    build: Build, redis: RedisServer, sessions: str | None
) -> None:
    """A hook that makes every session permanent makes no session for assets."""
    browser = visitor(build(chart, permanent, sessions=sessions))
    redis.client.config_resetstat()
    responses = fetch_assets(browser)
    assert untouched(responses)
    assert redis.commands() == {}
    assert not any(response.cache_control.private for response in responses)


@stores
def test_control_without_the_extension_it_does(
    build: Build, redis: RedisServer, sessions: str | None
) -> None:
    browser = visitor(build(chart, permanent, sessions=sessions, optimize=False))
    redis.client.config_resetstat()
    assert not untouched(fetch_assets(browser))
    assert redis.commands() == ({"get": 3, "set": 3} if sessions else {})


@stores
@both
def test_pages_stay_permanent(build: Build, sessions: str | None, optimize: bool) -> None:
    """A hook that makes every session permanent still does so for pages.

    Unsetting ``session.permanent`` would keep cookies away, too, but change what is stored.
    """
    with freeze_time("2030-01-01"):
        app = build(chart, permanent, sessions=sessions, optimize=optimize)
        response = app.test_client().get("/")
    assert "Expires=Fri, 01 Feb 2030 00:00:00 GMT" in response.headers["Set-Cookie"]


def tutorial(app: Flask) -> None:
    """Install the auth blueprint of Flask's tutorial, with a dictionary for its database."""
    users = {1: "ada"}
    bp = Blueprint("auth", __name__, url_prefix="/auth")

    @bp.before_app_request
    def load_logged_in_user() -> None:
        g.user = users.get(session.get("user_id", 0))

    @bp.post("/login")
    def login() -> Any:
        session.clear()
        session["user_id"] = 1
        return redirect(url_for("look"))

    @bp.get("/logout")
    def logout() -> Any:
        session.clear()
        return redirect(url_for("look"))

    def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def wrapped_view(**kwargs: Any) -> Any:
            return redirect(url_for("look")) if g.user is None else view(**kwargs)

        return wrapped_view

    @bp.get("/create")
    @login_required
    def create() -> str:
        return f"written by {g.user}"

    app.register_blueprint(bp)


@stores
@both
def test_the_tutorials_users_stay_logged_in(
    build: Build, sessions: str | None, optimize: bool
) -> None:
    """The tutorial's users stay logged in among assets until they log out."""
    browser = build(chart, tutorial, sessions=sessions, optimize=optimize).test_client()
    assert browser.get("/auth/create").status_code == 302
    browser.post("/auth/login")
    for _ in range(2):
        fetch_assets(browser)
        assert browser.get("/auth/create").text == "written by ada"
    browser.get("/auth/logout")
    fetch_assets(browser)
    assert browser.get("/auth/create").status_code == 302


def test_the_tutorials_hook_and_assets(
    build: Build, redis: RedisServer, warnings_of: Callable[[], list[str]]
) -> None:
    """The tutorial's hook reads no session for assets.

    The tutorial of Flask loads the user before every request, static ones too.
    """
    browser = build(chart, tutorial).test_client()
    browser.post("/auth/login")
    redis.client.config_resetstat()
    responses = fetch_assets(browser)
    assert untouched(responses)
    assert not any(response.cache_control.private for response in responses)
    assert redis.commands() == {}
    assert warnings_of() == []


def test_control_the_tutorials_hook_reads(build: Build, redis: RedisServer) -> None:
    """Control: without the extension the tutorial's hook reads the session for assets."""
    browser = build(chart, tutorial, optimize=False).test_client()
    browser.post("/auth/login")
    redis.client.config_resetstat()
    assert not untouched(fetch_assets(browser))
    assert redis.commands() == {"get": 3, "set": 3}


def counter(app: Flask) -> None:
    @app.before_request
    def count() -> None:
        session["requests"] = session.get("requests", 0) + 1

    @app.get("/requests")
    def requests() -> str:
        return str(session["requests"])


@stores
@pytest.mark.parametrize(("optimize", "counted"), [(True, "2"), (False, "5")])
def test_a_visit_counter_counts_pages_only(
    build: Build, sessions: str | None, optimize: bool, counted: str
) -> None:
    browser = visitor(build(chart, counter, sessions=sessions, optimize=optimize))
    assert untouched(fetch_assets(browser)) == optimize
    assert browser.get("/requests").text == counted


def test_who_asks_can_know_what_was_not_counted(build: Build) -> None:
    app = build(chart, counter)
    dropped: list[tuple[str, set[str]]] = []

    def note(sender: Flask, endpoint: str, keys: frozenset[str]) -> None:
        dropped.append((endpoint, set(keys)))

    with session_writes_dropped.connected_to(note, app):
        fetch_assets(visitor(app))
    assert dropped == [(endpoint, {"requests"}) for endpoint in ("static", "static", "chart")]


def test_dropped_counts_are_told_once(build: Build, warnings_of: Callable[[], list[str]]) -> None:
    """A developer is told once for each endpoint which writes were dropped."""
    browser = visitor(build(chart, counter, DEBUG=True))
    for _ in range(2):
        fetch_assets(browser)
    assert len(warnings_of()) == 2
    assert all("is_static_request()" in text for text in warnings_of())


def test_a_counter_that_steps_aside(build: Build, warnings_of: Callable[[], list[str]]) -> None:
    """A counter that steps aside leaves assets public, and nobody is warned."""

    def polite(app: Flask) -> None:
        @app.before_request
        def count() -> None:
            if not is_static_request():
                session["requests"] = session.get("requests", 0) + 1

    browser = visitor(build(chart, polite, DEBUG=True))
    responses = fetch_assets(browser)
    assert not any(response.cache_control.private for response in responses)
    assert warnings_of() == []


def regenerating(app: Flask) -> None:
    @app.before_request
    def new_id() -> None:
        current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]

    @app.after_request
    def newer_id(response: Response) -> Response:
        current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]
        return response


@pytest.mark.needs("flask-session>=0.8", "to give a session a new id")
@pytest.mark.parametrize("rules", [{}, {"*": {"session": "protected"}}], ids=["isolated", "read"])
def test_a_session_gets_no_new_id_for_an_asset(
    build: Build, redis: RedisServer, rules: dict[str, Any]
) -> None:
    browser = visitor(build(chart, regenerating, STATIC_OPTIMIZER_RULES=rules))
    before = browser.get_cookie("session").value
    redis.client.config_resetstat()
    fetch_assets(browser)
    assert redis.commands() == {}
    assert browser.get_cookie("session").value == before
    assert browser.get("/").text == "2"
    assert browser.get_cookie("session").value != before


@pytest.mark.needs("flask-session>=0.8", "to give a session a new id")
def test_control_assets_get_a_new_id(build: Build, redis: RedisServer) -> None:
    """Control: without the extension a session gets a new id for an asset."""
    browser = visitor(build(chart, regenerating, optimize=False))
    before = browser.get_cookie("session").value
    redis.client.config_resetstat()
    browser.get("/static/app.css")
    assert redis.commands().keys() >= {"del", "set"}
    assert browser.get_cookie("session").value != before


# Flask-Session 0.8.0 asks datetime.utcnow(), deprecated in Python 3.12, when sessions expire.
@pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning:flask_session")
@pytest.mark.needs("flask-session>=0.7", "to make its table")
@pytest.mark.parametrize(("optimize", "cleanups"), [(True, 0), (False, 3)])
def test_clean_up_on_pages_only(
    make_app: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    optimize: bool,
    cleanups: int,
) -> None:
    """Expired sessions are cleaned up on pages, and not on assets.

    The clean-up of a session store may hang on ``before_request``.
    """
    monkeypatch.setattr("random.randint", lambda low, high: 0)
    statements: list[str] = []

    def sql_sessions(app: Flask) -> None:
        from flask_session import Session
        from sqlalchemy import event

        app.config["SESSION_SQLALCHEMY"] = db = SQLAlchemy(app)
        Session(app)
        chart(app)
        with app.app_context():

            @event.listens_for(db.engine, "before_cursor_execute")
            def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
                statements.append(statement.split()[0])

    app = make_app(
        **{order: sql_sessions},
        optimize=optimize,
        SESSION_TYPE="sqlalchemy",
        SESSION_CLEANUP_N_REQUESTS=1,
        SQLALCHEMY_DATABASE_URI="sqlite://",
    )
    browser = visitor(app)
    assert statements.count("DELETE") == 1
    statements.clear()
    fetch_assets(browser)
    assert statements.count("DELETE") == cleanups
    assert (statements == []) == optimize
    assert browser.get("/").text == "2"
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def asynchronous(app: Flask) -> None:
    @app.before_request
    async def hook() -> None:
        g.before = session.get("visits", 0)

    @app.after_request
    async def late(response: Response) -> Response:
        response.headers["X-Late"] = str(session.get("visits", 0))
        return response

    @app.get("/async")
    @cacheable_static(max_age=60)
    async def view() -> str:
        return f"{g.before} {session.get('visits', 0)}"

    @app.get("/async/protected")
    @cacheable_static(session="protected")
    async def protected() -> str:
        return f"{g.before} {session.get('visits', 0)}"


@pytest.mark.parametrize("optimize", [True, False])
def test_async_views_see_their_modes_session(
    build: Build, redis: RedisServer, optimize: bool
) -> None:
    """Async views and hooks see the session that their mode shows."""
    browser = visitor(build(asynchronous, optimize=optimize))
    redis.client.config_resetstat()
    isolated, protected = browser.get("/async"), browser.get("/async/protected")
    seen = [isolated.text, isolated.headers["X-Late"]]
    assert seen == (["0 0", "0"] if optimize else ["1 1", "1"])
    assert (protected.text, protected.headers["X-Late"]) == ("1 1", "1")
    assert redis.commands() == ({"get": 1} if optimize else {"get": 2, "set": 2})
    assert ("Set-Cookie" in isolated.headers) != optimize


def test_async_views_are_revalidated(build: Build) -> None:
    """Async views are cacheable, and answered on their validator."""
    browser = build(asynchronous).test_client()
    response = browser.get("/async")
    assert response.headers["Cache-Control"] == "max-age=60"
    known = {"If-None-Match": response.headers["ETag"]}
    assert browser.get("/async", headers=known).status_code == 304
    assert browser.get("/async/protected").headers["Cache-Control"] == "private, no-cache"


def streaming(app: Flask) -> None:
    def lines() -> Iterator[str]:
        yield "late: "
        yield str(session.get("visits", 0))

    @app.get("/stream")
    @cacheable_static(max_age=60)
    def stream() -> Any:
        return app.response_class(stream_with_context(lines()))

    @app.get("/stream/protected")
    @cacheable_static(session="protected")
    def protected() -> Any:
        return app.response_class(stream_with_context(lines()))

    @app.get("/stream/looked")
    @cacheable_static(session="protected")
    def looked() -> Any:
        g.visits = session.get("visits", 0)
        return app.response_class(stream_with_context(lines()))


@pytest.mark.parametrize("path", ["/stream", "/stream/protected"])
def test_a_stream_reads_an_empty_session(build: Build, redis: RedisServer, path: str) -> None:
    """A stream that reads the session after its view reads an empty one.

    It runs when all else of the request is over, so the session has to be sealed.
    """
    browser = visitor(build(streaming))
    redis.client.config_resetstat()
    assert browser.get(path).text == "late: 0"
    assert redis.commands() == {}


def test_a_stream_reads_on_after_its_view(build: Build, redis: RedisServer) -> None:
    """A stream may go on reading a session that its view had read."""
    browser = visitor(build(streaming))
    redis.client.config_resetstat()
    response = browser.get("/stream/looked")
    assert response.text == "late: 1"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert redis.commands() == {"get": 1}


@both
def test_a_stream_is_sent_as_it_is_made(build: Build, optimize: bool) -> None:
    made: list[int] = []

    def endless(app: Flask) -> None:
        @app.get("/endless")
        @cacheable_static(max_age=60)
        def endless() -> Iterator[bytes]:
            for number in range(1000):
                made.append(number)
                yield b"chunk"

    response = build(endless, optimize=optimize).test_client().get("/endless", buffered=False)
    assert len(made) < 3
    response.close()


def test_control_a_stream_reads_the_session(build: Build) -> None:
    """Control: without the extension a stream reads the session."""
    assert visitor(build(streaming, optimize=False)).get("/stream").text == "late: 1"


def threads(seen: list[int]) -> Callable[[Flask], None]:
    def threaded(app: Flask) -> None:
        def start(gate: threading.Event | None) -> threading.Thread:
            @copy_current_request_context
            def read() -> None:
                if gate:
                    assert gate.wait(60)
                seen.append(session.get("visits", 0))

            thread = threading.Thread(target=read)
            thread.start()
            return thread

        @app.get("/joined")
        @cacheable_static
        def joined() -> str:
            start(None).join()
            return "joined"

        @app.get("/joined/protected")
        @cacheable_static(session="protected")
        def joined_protected() -> str:
            start(None).join()
            return "joined"

        @app.get("/left")
        @cacheable_static(session="protected")
        def left() -> Any:
            gate = threading.Event()
            thread = start(gate)
            response = app.response_class("left")

            @response.call_on_close
            def finish() -> None:
                gate.set()
                thread.join()

            return response

    return threaded


@pytest.mark.parametrize(
    ("path", "read", "commands"),
    [("/joined", 0, {}), ("/joined/protected", 1, {"get": 1}), ("/left", 0, {})],
)
def test_a_thread_sees_its_requests_session(
    build: Build, redis: RedisServer, path: str, read: int, commands: dict[str, int]
) -> None:
    """A thread sees the session that the request it was copied from may see."""
    seen: list[int] = []
    browser = visitor(build(threads(seen)))
    redis.client.config_resetstat()
    assert "Set-Cookie" not in browser.get(path).headers
    assert seen == [read]
    assert redis.commands() == commands


def test_control_threads_see_the_session(build: Build) -> None:
    """Control: without the extension every thread sees the session."""
    seen: list[int] = []
    browser = visitor(build(threads(seen), optimize=False))
    for path in ("/joined", "/joined/protected", "/left"):
        browser.get(path)
    assert seen == [1, 1, 1]
