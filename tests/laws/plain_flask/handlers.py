"""Error handlers of an app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, jsonify, session
from werkzeug.exceptions import HTTPException

Handler = Callable[[Any], Any]


def counting(error: Any) -> Any:
    session["lost"] = session.get("lost", 0) + 1
    return f"<html><body>lost {session['lost']} {session.get('user')}</body></html>", 404


def fallback(error: Any) -> Any:
    return f"<html><body>welcome {session.get('visits')}</body></html>"


def shell(error: Any) -> Any:
    return current_app.send_static_file("index.html")


def as_json(error: Any) -> Any:
    return jsonify(error=error.code), error.code


def failed(error: Any) -> Any:
    return "<html><body>sorry</body></html>", 500


#: The code or class of the error, and the handler.
HANDLERS: dict[str, tuple[Any, Handler]] = {
    "counting": (404, counting),
    "fallback": (404, fallback),
    "shell": (404, shell),
    "as_json": (404, as_json),
    "every_error_as_json": (HTTPException, as_json),
    "failed": (500, failed),
}


def add(app: Flask, name: str) -> None:
    app.register_error_handler(*HANDLERS[name])
