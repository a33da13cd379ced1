"""The app that is attacked: a log-in, private pages and files, assets, and hooks that look on.

A server calls :func:`create_app`; ``SITE`` in the environment holds configuration, as JSON.
"""

from __future__ import annotations

import json
import os
import posixpath
from typing import Any

from flask import Blueprint, Flask, abort, redirect, request, session
from flask_session import Session
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_static_optimizer import StaticOptimizer, cacheable_static

#: What every answer that is meant for one visitor contains, before their name.
SECRET = "SECRET-OF-"

PRIVATE = "private/"


def create_app() -> Flask:
    given: dict[str, Any] = json.loads(os.environ["SITE"])
    root = given.pop("root")
    url_path = given.pop("static_url_path", "/static")
    optimize, proxied = given.pop("optimize", True), given.pop("proxied", False)
    app = Flask("site", root_path=root, instance_path=f"{root}/instance", static_url_path=url_path)
    app.config.update(
        SECRET_KEY="attacked",
        SESSION_TYPE="redis",
        SESSION_REDIS=Redis(port=given.pop("redis"), retry=Retry(NoBackoff(), 1)),
        STATIC_OPTIMIZER_RULES={
            # Of each endpoint that serves the folder: with STATIC_OPTIMIZER_EXPRESS the guard
            # below is not asked about what no rule protects.
            f"static:{PRIVATE}*": {"session": "protected"},
            f"shop.static:{PRIVATE}*": {"session": "protected"},
            "guarded": {"session": "protected"},
        },
    )
    app.config.update(given)
    Session(app)
    add_hooks(app)
    add_pages(app)
    add_assets(app)
    if optimize:
        StaticOptimizer(app)
    if proxied:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_host=1, x_proto=1, x_port=1, x_prefix=1)  # type: ignore[method-assign]
    return app


def secret() -> str:
    return f"{SECRET}{session['user']}" if "user" in session else "nobody's"


def add_hooks(app: Flask) -> None:
    @app.before_request
    def guard() -> Any:
        session.permanent = True
        name = (request.view_args or {}).get("filename", "")
        guarded = posixpath.normpath(name).startswith(PRIVATE)
        if (guarded or request.endpoint == "guarded") and "user" not in session:
            return redirect(f"/login-first?next={request.path}")
        return None

    @app.after_request
    def track(response: Any) -> Any:
        response.set_cookie("tracker", session.get("user", "nobody"))
        # As apps do that mean well by their CDN.
        static = request.endpoint in ("static", "shop.static", "asset", "guarded")
        redirected = response.status_code == 308 and "/static/" in request.path
        if (static and response.status_code >= 300) or redirected:
            response.headers["Cache-Control"] = "public, max-age=600"
        return response

    @app.errorhandler(404)
    def missing(error: Exception) -> Any:
        return f"nothing here, {secret()}", 404


def add_pages(app: Flask) -> None:
    @app.get("/login/<user>")
    def login(user: str) -> str:
        session["user"] = user
        return "welcome"

    @app.get("/account", defaults={"rest": ""})
    @app.get("/account/<path:rest>")  # as careless apps have it: any file name leads there
    def account(rest: str) -> str:
        return f"the account of {secret()}"

    @app.get("/static/u/<name>/invoice.pdf")
    def invoice(name: str) -> str:
        return f"the invoice of {secret()}"

    @app.get("/static/session.js")
    def script() -> str:
        return f"const user = '{secret()}'"

    @app.get("/static/token.js")
    def token() -> str:
        # Of a cookie of its own, of which it tells nobody.
        return f"const token = '{request.cookies.get('jwt', 'nobody')}'"


def add_assets(app: Flask) -> None:
    blueprint = Blueprint("shop", __name__, static_folder=app.static_folder, url_prefix="/shop")
    app.register_blueprint(blueprint)

    @app.get("/asset/<name>")
    @cacheable_static(max_age=600)
    def asset(name: str) -> str:
        if name.startswith("none"):
            abort(404)
        return f"the asset, {secret()}"

    @app.get("/guarded/<path:name>")
    @cacheable_static
    def guarded(name: str) -> str:
        return f"the report of {secret()}"
