"""Real extensions and middleware of an app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cachelib import SimpleCache
from flask import Flask
from flask_compress import Compress
from flask_htmlmin import HTMLMIN
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_minify import Minify
from flask_session import Session
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix


class User(UserMixin):
    id = "ada"


def login(app: Flask) -> None:
    manager = LoginManager(app)
    manager.user_loader(lambda _: User())

    @app.get("/remember")
    def remember() -> str:
        login_user(User(), remember=True)
        return "welcome"

    @app.get("/forget-me")
    def forget_me() -> str:
        logout_user()
        return "bye"

    @app.after_request
    def name_user(response: Any) -> Any:
        response.headers["X-Logged-In"] = str(current_user.is_authenticated)
        return response


def refreshing_login(app: Flask) -> None:
    app.config["REMEMBER_COOKIE_REFRESH_EACH_REQUEST"] = True
    login(app)


def csrf(app: Flask) -> None:
    CSRFProtect(app)

    @app.get("/csrf")
    def token() -> str:
        return f"{len(generate_csrf()) > 40}"


def htmlmin(app: Flask) -> None:
    app.config["MINIFY_HTML"] = True
    HTMLMIN(app)


def server_sessions(app: Flask) -> None:
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    Session(app)


def talisman(app: Flask) -> None:
    Talisman(app, force_https=False)


def https(app: Flask) -> None:
    Talisman(app)


EXTENSIONS: dict[str, Callable[[Flask], Any]] = {
    "login": login,
    "refreshing_login": refreshing_login,
    "csrf": csrf,
    "compress": Compress,
    "minify": lambda app: Minify(app, go=False),
    "htmlmin": htmlmin,
    "server_sessions": server_sessions,
    "talisman": talisman,
    "https": https,
}

#: Such as do the same, or install routes of the same name.
EXCLUSIVE = ({"login", "refreshing_login"}, {"talisman", "https"}, {"minify", "htmlmin"})


class Header:
    """A middleware that adds a header field."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Middleware", "1")], *rest)

        return self.inner(environ, start)  # type: ignore[no-any-return]


class Reading:
    """A middleware that reads the body before it passes it on."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = self.inner(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            getattr(body, "close", lambda: None)()


class Prefix:
    """A middleware that takes a prefix off the path, and with ``/`` as the prefix its first slash.

    Flask's snippet 35 is in many apps, with ``APPLICATION_ROOT`` as the prefix.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: Any, start_response: Any) -> Any:
        environ["SCRIPT_NAME"] = "/"
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/")
        return self.inner(environ, start_response)


MIDDLEWARE: dict[str, Callable[[Any], Any]] = {
    "header": Header,
    "reading": Reading,
    "prefix": Prefix,
    "proxy": ProxyFix,
}
