"""The app that the demo measures and serves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5  # type: ignore[import-untyped]
from flask_login import (  # type: ignore[import-untyped]
    LoginManager,
    login_required,
    login_user,
    logout_user,
)
from flask_session import Session  # type: ignore[import-untyped]

from .. import StaticOptimizer


class User:
    """A user with the attributes that Flask-Login needs. The app has only this one."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    name = "Ada"

    def get_id(self) -> str:
        """Return the id that Flask-Login keeps in the session."""
        return "ada"


def create_app(
    session_config: Mapping[str, Any],
    *,
    optimize: bool,
    static_folder: Path | None = None,
    framed: bool = False,
) -> Flask:
    """Make an app with a log-in, server-side sessions and a page full of local assets.

    :param session_config: Flask-Session's configuration.
    :param optimize: whether to install the extension. Apart from this, only the name of the session
        cookie differs.
    :param static_folder: the folder of the app's own assets, by default the one in this package.
    :param framed: whether pages tell the page that frames them who is logged in.
    """
    app = Flask(__name__, static_folder=static_folder or "static", static_url_path="/static")
    # The FLASK_DEBUG of the user's own project would turn caching off.
    app.debug = False
    app.config.update(
        SECRET_KEY=secrets.token_hex(),
        # All ports of a host share cookies. A name of its own keeps this app's cookie from being
        # taken for that of the other demo app, or of anything else on this machine.
        SESSION_COOKIE_NAME=f"static_optimizer_demo_{'with' if optimize else 'without'}",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=1),
        BOOTSTRAP_SERVE_LOCAL=True,
        # The demo leaves nothing on the disk.
        STATIC_OPTIMIZER_CACHE_SIZE=0,
        # Its pages carry the import map, so that a module's URL has a fingerprint, too.
        STATIC_OPTIMIZER_IMPORTMAP=True,
        **session_config,
    )
    Session(app)
    Bootstrap5(app)
    user = User()
    logins = LoginManager(app)
    logins.login_view = "login"
    logins.user_loader(lambda key: user if key == user.get_id() else None)

    def home() -> ResponseReturnValue:
        session["views"] = session.get("views", 0) + 1
        return render_template("home.html", framed=framed)

    def login() -> ResponseReturnValue:
        return render_template("login.html", user=user, framed=framed)

    def log_in() -> ResponseReturnValue:
        login_user(user)
        return redirect(url_for("home"))

    def log_out() -> ResponseReturnValue:
        logout_user()
        return redirect(url_for("login"))

    app.add_url_rule("/", view_func=login_required(home))
    app.add_url_rule("/login", view_func=login)
    app.add_url_rule("/login", view_func=log_in, methods=["POST"])
    app.add_url_rule("/logout", view_func=log_out, methods=["POST"])
    if optimize:
        StaticOptimizer(app)
    return app
