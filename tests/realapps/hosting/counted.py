"""Loads the application and counts what it does with sessions, in each way alike."""

from __future__ import annotations

import functools
import os
from collections import Counter
from typing import Any

from flask import Flask, Request
from flask.cli import ScriptInfo
from werkzeug.exceptions import HTTPException

#: How often a session was opened and saved.
operations: Counter[str] = Counter()

_created: list[Flask] = []


def create_app() -> Flask:
    """Load the application that ``REALAPPS_APP`` names, as ``flask --app`` does."""
    name = os.environ["REALAPPS_APP"]
    app = ScriptInfo(app_import_path=name, set_debug_flag=False).load_app()
    _created.append(app)
    # The methods are replaced on the class, as calibre-web and pgAdmin have interfaces of their
    # own and the extension decides by the type of the object.
    kind = type(app.session_interface)
    for method in ("open_session", "save_session"):
        setattr(kind, method, _counting(getattr(kind, method), method))
    return app


def is_in_folder(environ: dict[str, Any]) -> bool:
    """Return whether a request is for a file of a static folder of the application."""
    try:
        endpoint, _ = _created[0].create_url_adapter(Request(environ)).match()  # type: ignore[union-attr]
    except HTTPException:
        return False
    return bool(endpoint.rpartition(".")[2] == "static")


def _counting(method: Any, name: str) -> Any:
    @functools.wraps(method)
    def counting(*args: Any, **kwargs: Any) -> Any:
        operations[name] += 1
        return method(*args, **kwargs)

    return counting
