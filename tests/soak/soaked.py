"""The app that is asked: a log-in, sessions and stored responses in one Valkey, two folders.

``SOAKED_FOLDER``, ``SOAKED_REDIS`` (a port), ``SOAKED_WITHOUT`` and ``SOAKED_EXPRESS`` in the
environment say how.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import content
from database import Database
from flask import Blueprint, Flask, Response, redirect, request, session, url_for
from flask_caching import Cache
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_login import logout_user as forget_user
from flask_session import Session
from redis import Redis, RedisError

from flask_static_optimizer import StaticOptimizer, cacheable_static

#: The share of a view's runs that fail on purpose.
FAILING = 0.05

folder, port = os.environ["SOAKED_FOLDER"], int(os.environ["SOAKED_REDIS"])

app = Flask("soaked", root_path=folder, instance_path=f"{folder}/instance")
app.config.update(
    SECRET_KEY="soaked",
    SESSION_TYPE="redis",
    # A page waits for its session until the server is back: no error stands for a lost update.
    SESSION_REDIS=Redis(port=port, socket_timeout=30, retry=None),
    CACHE_TYPE="RedisCache",
    CACHE_REDIS_URL=f"redis://127.0.0.1:{port}",
    CACHE_OPTIONS={"socket_timeout": 1, "socket_connect_timeout": 1, "retry": None},
    STATIC_OPTIMIZER_EXPRESS="SOAKED_EXPRESS" in os.environ,
)
Session(app)
Cache(app)
logins = LoginManager(app)
shop = {"static_folder": f"{folder}/shop", "static_url_path": "/static", "url_prefix": "/shop"}
app.register_blueprint(Blueprint("shop", "soaked", **shop))
optimizer = None if "SOAKED_WITHOUT" in os.environ else StaticOptimizer(app)

database = Database(Path(folder) / "shown.db")


class PlannedError(Exception):
    """An error that a view raises on purpose."""


class User(UserMixin):
    """A user whose id is the name."""

    def __init__(self, name: str) -> None:
        self.id = name


logins.user_loader(User)


@app.errorhandler(500)
def failed(error: Any) -> tuple[str, int]:
    return type(error.original_exception or error).__name__, 500


@app.post("/login")
def log_in() -> str:
    login_user(User(request.form["name"]))
    session["visits"] = 0
    return request.form["name"]


@app.post("/logout")
def log_out() -> str:
    forget_user()
    session.clear()
    return "nobody"


@app.get("/page")
@login_required
def page() -> str:
    session["visits"] += 1
    links = [url_for(file.endpoint, filename=file.name) for file in content.FILES.values()]
    return content.page_body(current_user.id, session["visits"], links)


@app.get("/look")
def look() -> str:
    return f"{current_user.get_id() or 'nobody'} {session.get('visits', 0)}"


@app.get("/me.svg")
@cacheable_static(session="protected")
def me() -> Response:
    picture = content.own_picture(current_user.get_id() or "nobody")
    return Response(picture, mimetype="image/svg+xml")


def show(kind: str, number: int, language: str = "") -> Response:
    resource, version = content.Resource(kind, number), database.version(kind, number)
    return Response(content.route_body(resource, version, language), mimetype="text/plain")


def change(kind: str, number: int) -> Response:
    """Change what a route shows; the response says to which version."""
    response = Response("changed")
    response.headers["X-Version"] = str(database.change(kind, number))
    return response


def purge(**what: Any) -> None:
    if optimizer is not None:
        try:
            optimizer.purge(**what)
        except RedisError as error:
            app.logger.warning("the app's purge has to wait: %r", error)


@app.get("/items/<int:number>")
@cacheable_static(max_age=600, vary=["Accept-Language"])
def item(number: int) -> Response:
    return show("items", number, request.accept_languages.best_match(content.LANGUAGES, "en"))


@app.put("/items/<int:number>")
def put_item(number: int) -> Response:
    return change("items", number)  # which purges its path


@app.get("/items")
@cacheable_static(max_age=600)
def items() -> str:
    return "items"


@app.post("/items")
def post_item() -> Any:
    number = int(request.form["number"])
    response = redirect(url_for("item", number=number), 303)  # which purges where it leads
    response.headers["X-Version"] = change("items", number).headers["X-Version"]
    return response


@app.get("/charts/<int:number>.svg")
@cacheable_static(max_age=2, stale_while_revalidate=60, tags="charts")
def chart(number: int) -> Response:
    return show("charts", number)


@app.get("/quotes/<int:number>")
@cacheable_static(max_age=2, stale_if_error=60)
def quote(number: int) -> Response:
    if random.random() < FAILING:
        raise PlannedError
    return show("quotes", number)


@app.get("/news/<int:number>")
@cacheable_static(max_age=1, etag=lambda number: f"news-{database.version('news', number)}")
def news(number: int) -> Response:
    return show("news", number)


PURGES: dict[str, Callable[[int], dict[str, Any]]] = {
    "charts": lambda number: {"tag": "charts"},
    "quotes": lambda number: {"path": url_for("quote", number=number)},
    "news": lambda number: {"endpoint": "news"},
}


@app.post("/change/<kind>/<int:number>")
def change_and_purge(kind: str, number: int) -> Response:
    response = change(kind, number)
    purge(**PURGES[kind](number))
    return response
