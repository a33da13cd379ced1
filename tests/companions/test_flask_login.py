"""Flask-Login: assets don't touch the login, pages keep it alive as ever."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_login import logout_user as log_out
from freezegun import freeze_time
from werkzeug.test import TestResponse

from conftest import CSS, RedisServer
from flask_static_optimizer import cacheable_static

# Flask-Login 0.6.3 dates its remember cookie with datetime.utcnow(), deprecated in Python 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning:flask_login")

Build = Callable[..., Flask]

STATIC = ["/static/app.css", "/static/app.js", "/chart"]
CONFIGS: list[dict[str, Any]] = [
    {},
    {"REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True},
    {"SESSION_PROTECTION": "strong"},
    {"SESSION_PROTECTION": "strong", "REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True},
]
PROTECTED = {"STATIC_OPTIMIZER_RULES": {"static": {"session": "protected"}}}
FIREFOX = {"User-Agent": "Firefox"}
CHROME = {"User-Agent": "Chrome"}

configs = pytest.mark.parametrize("config", CONFIGS, ids=["default", "refresh", "strong", "both"])


class User(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name


def logins(app: Flask) -> None:
    manager = LoginManager(app)
    manager.login_view = "login"
    manager.user_loader(User)

    @app.get("/login")
    def login() -> str:
        login_user(User("ada"))
        return "welcome"

    @app.get("/remember")
    def remember() -> str:
        login_user(User("ada"), remember=True)
        return "welcome"

    @app.get("/leave")
    def leave() -> str:
        log_out()
        return "bye"

    @app.get("/me")
    def me() -> str:
        return current_user.get_id() or "nobody"

    @app.get("/chart")
    @cacheable_static
    def chart() -> str:
        return "<svg/>"

    @app.get("/card")
    @cacheable_static
    def card() -> str:
        return f"card of {current_user.get_id() or 'nobody'}"


def wall(app: Flask) -> None:
    @app.before_request
    def members_only() -> Any:
        if request.path not in ("/login", "/remember") and not current_user.is_authenticated:
            return redirect("/login")
        return None


def guarded_view(app: Flask) -> None:
    app.view_functions["static"] = login_required(app.view_functions["static"])


walls = pytest.mark.parametrize("guard", [wall, guarded_view])


def logged_in(app: Flask, path: str = "/remember") -> Any:
    browser = app.test_client()
    assert browser.get(path, headers=FIREFOX).text == "welcome"
    return browser


def remembered(app: Flask) -> Any:
    """Make a browser that has lost its session and kept its remember-me cookie."""
    browser = logged_in(app)
    browser.delete_cookie("session")
    return browser


def storable_by_shared_caches(response: TestResponse) -> bool:
    return not response.cache_control.private and not response.cache_control.no_store


@configs
@pytest.mark.parametrize("agent", [FIREFOX, CHROME], ids=["same-agent", "other-agent"])
def test_static_things_leave_the_login_alone(
    build: Build, redis: RedisServer, config: dict[str, Any], agent: dict[str, str]
) -> None:
    """Static things leave the login alone.

    A session that is only opened late is opened after all by Flask-Login, which looks at it on
    every response; one that can't be written makes Flask-Login raise an error.
    """
    browser = logged_in(build(logins, **config))
    redis.client.config_resetstat()
    for url in STATIC:
        response = browser.get(url, headers=agent)
        assert "Set-Cookie" not in response.headers
        assert "Cookie" not in response.vary
        assert browser.get(url, headers={**agent, "If-None-Match": "*"}).status_code in (304, 404)
    assert redis.commands() == {}
    assert browser.get("/me", headers=FIREFOX).text == "ada"


@pytest.mark.needs("flask-session>=0.6", "to say Vary: Cookie")
@configs
def test_control_assets_ask_the_store(
    build: Build, redis: RedisServer, config: dict[str, Any]
) -> None:
    """Control: without the extension assets do ask the session store."""
    browser = logged_in(build(logins, optimize=False, **config))
    redis.client.config_resetstat()
    for url in STATIC:
        response = browser.get(url, headers=FIREFOX)
        refreshed = {cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")}
        assert "session" in refreshed
        assert ("remember_token" in refreshed) == ("REMEMBER_COOKIE_REFRESH_EACH_REQUEST" in config)
        assert "Cookie" in response.vary
    assert redis.commands() == {"get": len(STATIC), "set": len(STATIC)}


@configs
@pytest.mark.parametrize("sessions", ["redis", None], ids=["valkey", "cookie"])
def test_pages_answer_to_the_byte(
    build: Build, redis: RedisServer, config: dict[str, Any], sessions: str | None
) -> None:
    """Pages answer to the byte as if there were no extension and no assets."""

    def visit(*, optimize: bool) -> list[Any]:
        redis.reset()
        browser = build(logins, optimize=optimize, sessions=sessions, **config).test_client()
        seen: list[Any] = []
        with freeze_time("2030-01-01") as clock:
            for url, agent in [
                ("/remember", FIREFOX),
                ("/me", FIREFOX),
                ("/me", CHROME),
                ("/me", FIREFOX),
                ("/login", FIREFOX),
                ("/me", FIREFOX),
                ("/leave", FIREFOX),
                ("/me", FIREFOX),
            ]:
                response = browser.get(url, headers=agent)
                seen.append((response.status, without_ids(response), response.data))
                clock.tick(60)
                if optimize:
                    for asset in STATIC:
                        browser.get(asset, headers=agent)
                clock.tick(60)
        return [seen, redis.commands()]

    assert visit(optimize=True) == visit(optimize=False)


def without_ids(response: TestResponse) -> list[tuple[str, str]]:
    """Return the headers in order, without the random part of a server-side session's cookie."""
    return [
        (name, re.sub(r"^session=[\w-]{36,43};", "session=ID;", value))
        for name, value in response.headers
    ]


def test_a_remembered_users_card_is_private(build: Build, redis: RedisServer) -> None:
    """A user known by the remember-me cookie alone sees a card that nobody shares."""
    browser = remembered(build(logins))
    redis.client.config_resetstat()
    response = browser.get("/card")
    assert response.text == "card of ada"
    assert response.cache_control.private
    assert "Set-Cookie" not in response.headers
    again = browser.get("/card", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert again.cache_control.private
    assert redis.commands() == {}


def test_nobodys_card_may_be_shared(build: Build) -> None:
    """The same card may be shared where it is nobody's."""
    response = build(logins).test_client().get("/card")
    assert response.text == "card of nobody"
    assert storable_by_shared_caches(response)


def test_a_view_that_asks_for_no_user(build: Build) -> None:
    """A view that does not ask for the user may be shared, remembered browser or not."""
    browser = remembered(build(logins))
    for url in ("/chart", "/static/app.css"):
        assert storable_by_shared_caches(browser.get(url))


def test_a_restored_user_makes_private(build: Build) -> None:
    """A hook that restores the user makes every static response private."""

    def greet(app: Flask) -> None:
        @app.before_request
        def load() -> None:
            _ = current_user.is_authenticated

    browser = remembered(build(logins, greet))
    for url in ("/chart", "/card", "/static/app.css"):
        assert not storable_by_shared_caches(browser.get(url))


def test_a_login_wall_names_the_rule(
    build: Build, redis: RedisServer, warnings_of: Callable[[], list[str]]
) -> None:
    """A log-in wall before isolated files redirects, and the log says which rule opens it."""
    browser = logged_in(build(logins, wall), "/login")
    redis.client.config_resetstat()
    for _ in range(3):
        response = browser.get("/static/app.css", headers=FIREFOX)
        assert (response.status_code, response.location) == (302, "/login")
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
    assert redis.commands() == {}
    [warning] = warnings_of()
    assert 'STATIC_OPTIMIZER_RULES = {"static": {"session": "protected"}}' in warning


def test_a_guarded_view_names_the_rule(build: Build, warnings_of: Callable[[], list[str]]) -> None:
    """A guarded view over isolated files redirects, and the log names the rule."""
    browser = logged_in(build(logins, guarded_view), "/login")
    response = browser.get("/static/app.css", headers=FIREFOX)
    assert response.status_code == 302
    assert response.headers["Cache-Control"] == "no-store"
    assert len(warnings_of()) == 1


def test_a_wall_lets_remembered_browsers_in(build: Build) -> None:
    """A log-in wall gives a remembered browser the file, as private."""
    response = remembered(build(logins, wall)).get("/static/app.css")
    assert response.data == CSS
    assert response.cache_control.private


@walls
@configs
def test_protected_files_want_a_log_in(
    build: Build,
    redis: RedisServer,
    warnings_of: Callable[[], list[str]],
    guard: Callable[[Flask], None],
    config: dict[str, Any],
) -> None:
    """Protected files are for visitors who are logged in."""
    app = build(logins, guard, **PROTECTED, **config)
    browser = logged_in(app)
    redis.client.config_resetstat()
    response = browser.get("/static/app.css", headers=FIREFOX)
    assert (response.status_code, response.data) == (200, CSS)
    assert_private(response)
    assert redis.commands() == {"get": 1}

    again = browser.get(
        "/static/app.css", headers={**FIREFOX, "If-None-Match": response.headers["ETag"]}
    )
    assert again.status_code == 304
    assert_private(again)

    stranger = app.test_client()
    assert browser.get("/leave", headers=FIREFOX).status_code in (200, 302)
    redis.client.config_resetstat()
    for client in (stranger, browser):
        refused = client.get("/static/app.css", headers=FIREFOX)
        assert refused.status_code == 302
        assert refused.headers["Cache-Control"] == "no-store"
        assert "Cookie" in refused.vary
        assert "Set-Cookie" not in refused.headers
    assert redis.commands().keys() <= {"get"}
    assert warnings_of() == []


def assert_private(response: TestResponse) -> None:
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.vary
    assert "Set-Cookie" not in response.headers


@configs
def test_unguarded_protected_files(
    build: Build, redis: RedisServer, config: dict[str, Any]
) -> None:
    """A protected file that nobody guards opens no session after its view.

    Flask-Login looks at the session after every response.
    """
    browser = logged_in(build(logins, **PROTECTED, **config))
    redis.client.config_resetstat()
    assert_private(browser.get("/static/app.css", headers=FIREFOX))
    assert redis.commands() == {}


@walls
def test_a_stolen_session_opens_no_file(
    build: Build, redis: RedisServer, guard: Callable[[Flask], None]
) -> None:
    """A session that another browser stole opens no file under "strong" protection."""
    app = build(logins, guard, **PROTECTED, SESSION_PROTECTION="strong", SESSION_PERMANENT=False)
    browser = logged_in(app, "/login")
    redis.client.config_resetstat()
    stolen = browser.get("/static/app.css", headers=CHROME)
    assert (stolen.status_code, stolen.headers["Cache-Control"]) == (302, "no-store")
    assert redis.commands() == {"get": 1}
    assert browser.get("/static/app.css", headers=FIREFOX).status_code == 200


@walls
def test_control_guarded_files_may_be_kept(
    build: Build, redis: RedisServer, guard: Callable[[Flask], None]
) -> None:
    """Control: without the extension guarded files write sessions and may be kept."""
    browser = logged_in(build(logins, guard, optimize=False))
    redis.client.config_resetstat()
    response = browser.get("/static/app.css", headers=FIREFOX)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"
    assert redis.commands() == {"get": 1, "set": 1}


def test_an_authorized_users_card_is_private(build: Build) -> None:
    """A user known by an Authorization header sees a card that nobody shares."""

    def bearers(app: Flask) -> None:
        app.login_manager.request_loader(  # type: ignore[attr-defined]
            lambda asked: User("bob") if "Authorization" in asked.headers else None
        )

    browser = build(logins, bearers).test_client()
    response = browser.get("/card", headers={"Authorization": "Bearer of bob"})
    assert response.text == "card of bob"
    assert response.cache_control.private


@pytest.mark.parametrize("shown", ["{{ current_user.id or 'Log in' }}", None])
def test_a_static_view_that_shows_the_user(
    build: Build, warnings_of: Callable[[], list[str]], shown: str | None
) -> None:
    """A view whose template has ``current_user`` is told of, and one without a template is not."""

    def about(app: Flask) -> None:
        app.get("/about")(
            cacheable_static(lambda: render_template_string(shown) if shown else "About us")
        )

    build(logins, about).test_client().get("/about")
    assert [line for line in warnings_of() if "view of" in line] == [
        line for line in warnings_of() if shown and "'<lambda>' read the session" in line
    ]
    assert bool(warnings_of()) == bool(shown)


def test_a_user_that_is_read_when_shown(build: Build, warnings_of: Callable[[], list[str]]) -> None:
    """With ``current_user`` as a template global only the views that show it are told of."""

    def lazily(app: Flask) -> None:
        LoginManager().init_app(app, add_context_processor=False)
        app.login_manager.user_loader(User)  # type: ignore[attr-defined]
        app.jinja_env.globals["current_user"] = current_user

        @app.get("/plain")
        @cacheable_static
        def plain() -> str:
            return render_template_string("About us")

        @app.get("/shown")
        @cacheable_static
        def shown() -> str:
            return render_template_string("{{ current_user.is_authenticated }}")

    client = build(lazily).test_client()
    client.get("/plain")
    assert warnings_of() == []
    client.get("/shown")
    (message,) = warnings_of()
    assert "'shown' read the session" in message
