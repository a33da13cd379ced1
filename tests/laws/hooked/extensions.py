"""Real extensions: each makes an app of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import import_module
from typing import Any

from cachelib import FileSystemCache, SimpleCache
from flask import Flask, request
from flask_caching import Cache
from flask_compress import Compress
from flask_htmlmin import HTMLMIN
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_minify import Minify
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect, generate_csrf
from sqlalchemy import text

from laws.hooked.watching import note


class User(UserMixin):
    id = "ada"


def login(app: Flask) -> None:
    manager = LoginManager(app)

    def load(name: str) -> User:
        note("loaded", name)
        return User()

    manager.user_loader(load)
    app.add_url_rule("/remember", "remember", lambda: str(login_user(User(), remember=True)))

    @app.before_request
    def remember() -> None:
        if request.path == "/login":
            login_user(User(), remember=True)

    @app.after_request
    def name_user(response: Any) -> Any:
        response.headers["X-Logged-In"] = str(current_user.is_authenticated)
        return response


def refreshing_login(app: Flask) -> None:
    app.config.update(REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True, SESSION_PROTECTION="strong")
    login(app)


def csrf(app: Flask) -> None:
    CSRFProtect(app)
    app.before_request(lambda: note(len(generate_csrf())))


def database(app: Flask) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = SQLAlchemy(app)

    @app.before_request
    def ask() -> None:
        note(db.session.execute(text("select 1 + 1")).scalar(), db.session.registry.has())

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        note(db.session.registry.has())


def talisman(app: Flask) -> None:
    Talisman(app, force_https=False)


def https(app: Flask) -> None:
    Talisman(app)


def _server_sessions(app: Flask, cache: Any) -> None:
    """Keep sessions in a cache that notes how it is used."""

    class Noting(type(cache)):  # type: ignore[misc]
        def get(self, key: str) -> Any:
            note("store get")
            return super().get(key)

        def set(self, key: str, value: Any, timeout: Any = None) -> Any:
            note("store set", timeout)
            return super().set(key, value, timeout)

        def delete(self, key: str) -> Any:
            note("store delete")
            return super().delete(key)

    cache.__class__ = Noting
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    Session(app)


def sessions_in_memory(app: Flask) -> None:
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    _server_sessions(app, SimpleCache())


def sessions_in_files(app: Flask) -> None:
    folder = app.extensions["folder"] = tempfile.TemporaryDirectory()
    _server_sessions(app, FileSystemCache(folder.name, threshold=0))


def caching(app: Flask) -> None:
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})

    @app.get("/cached")
    @cache.cached()
    def cached() -> str:
        note("made")
        return "cached"


def htmlmin(app: Flask) -> None:
    app.config["MINIFY_HTML"] = True
    HTMLMIN(app)


def login_and_more(app: Flask) -> None:
    for add in (csrf, talisman, Compress, database, login, sessions_in_memory):
        add(app)


def cors(app: Flask) -> None:
    import_module("flask_cors").CORS(app, origins=["https://elsewhere.test"], vary_header=True)


def limiter(app: Flask) -> None:
    app.config.update(RATELIMIT_HEADERS_ENABLED=True, RATELIMIT_STORAGE_URI="memory://")
    limited = import_module("flask_limiter")
    limited.Limiter(lambda: "all", app=app, default_limits=["40 per day"])


#: By the name of what the app does with it.
EXTENSIONS: dict[str, Callable[[Flask], Any]] = {
    "logs in": login,
    "logs in each time": refreshing_login,
    "checks forms": csrf,
    "asks a database": database,
    "sets safe fields": talisman,
    "wants https": https,
    "keeps sessions in memory": sessions_in_memory,
    "keeps sessions in files": sessions_in_files,
    "compresses": Compress,
    "minifies": lambda app: Minify(app, go=False),
    "minifies pages": htmlmin,
    "caches": caching,
    "does much": login_and_more,
    "has origins": cors,
    "limits": limiter,
}

#: What some of them need that is not there everywhere.
NEEDS = {"has origins": "flask_cors", "limits": "flask_limiter"}
