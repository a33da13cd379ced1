"""The audit of a missing ``SECRET_KEY``, which an app without sessions does not need."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dis import get_instructions
from typing import TYPE_CHECKING, Any

import flask

from ...requests.current import session_object
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...state import AppState

_USERS = (flask.session, flask.flash)


def secret_key_findings(state: AppState, app: Flask, *, was_used: bool) -> Iterator[Finding]:
    """Yield a finding if the app has no session for lack of a key: an error if it needs one.

    :param was_used: whether a request of the audit has used its session.
    """
    if app.secret_key or not _has_null_session(app):
        return
    if was_used or _needs_session(state, app):
        yield Finding(
            "secret-key",
            "error",
            "SECRET_KEY is not set, so that no session works, and the app uses one",
            "set SECRET_KEY to a random value that stays the same",
        )
    else:
        yield Finding(
            "secret-key",
            "note",
            "SECRET_KEY is not set, and nothing was seen that uses a session",
            "set SECRET_KEY to a random value if the app is to have sessions",
        )


def _has_null_session(app: Flask) -> bool:
    # A POST request is never static, so the session is what the app's own interface opens.
    with app.test_request_context(method="POST"):
        return app.session_interface.is_null_session(session_object())


def _needs_session(state: AppState, app: Flask) -> bool:
    endpoints = filter(None, map(state.endpoints.get, state.endpoints.names()))
    if any(state.endpoints.protects(policy) for each in endpoints for policy in each.policies):
        return True
    if hasattr(app, "login_manager") or "csrf" in app.extensions:  # Flask-Login, Flask-WTF
        return True
    functions: list[Callable[..., Any]] = [*app.view_functions.values()]
    for hooks in app.before_request_funcs.values():
        functions += hooks
    for after in app.after_request_funcs.values():
        functions += after
    return any(map(_names_session, functions))


def _names_session(function: Callable[..., Any]) -> bool:
    """Return whether the code of a function has Flask's ``session`` or ``flash`` in it."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    # An attribute of that name, as in db.session, is none of Flask's.
    loaded = {each.argval for each in get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    known = [getattr(function, "__globals__", {}).get(name) for name in loaded]
    if any(value is user for value in known for user in _USERS):
        return True
    return any(value is flask for value in known) and not {"session", "flash"}.isdisjoint(
        code.co_names
    )
