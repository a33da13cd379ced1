"""The hooks of real apps: extensions that many have, set up as their documentation tells."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from flask_talisman import Talisman
from flask_wtf import CSRFProtect


class User(UserMixin):
    """The user who is logged in."""

    id = "7"


def add_trivial(app: Flask) -> None:
    app.before_request(lambda: None)


def add_login(app: Flask) -> None:
    manager = LoginManager(app)
    manager.user_loader(lambda _user_id: User())


def add_csrf(app: Flask) -> None:
    CSRFProtect(app)


def add_database(app: Flask) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
    SQLAlchemy(app)


def add_talisman(app: Flask) -> None:
    Talisman(app)


_EACH: dict[str, Callable[[Flask], None]] = {
    "before_request": add_trivial,
    "Flask-Login": add_login,
    "Flask-WTF": add_csrf,
    "Flask-SQLAlchemy": add_database,
    "Talisman": add_talisman,
}

#: The name of the set of all hooks.
ALL = "all five"

#: The sets of hooks that apps are measured with, by name. ``before_request`` is one function that
#: does nothing.
SETS: dict[str, tuple[str, ...]] = {**{name: (name,) for name in _EACH}, ALL: tuple(_EACH)}


def add_hooks(app: Flask, chosen: str) -> None:
    """Add a set of hooks to an app.

    :param chosen: the set's name.
    """
    for name in SETS[chosen]:
        _EACH[name](app)
