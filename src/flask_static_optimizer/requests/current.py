"""The objects behind Flask's proxies.

Each use of a proxy looks up the context again, and a proxy that is kept stands for whatever request
is current later.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, current_app, request, session


def app_object() -> Flask:
    """Return the current app.

    :raises RuntimeError: outside an app context.
    """
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]


def request_object() -> Request:
    """Return the current request.

    :raises RuntimeError: outside a request.
    """
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def session_object() -> Any:
    """Return the session of the current request.

    :raises RuntimeError: outside a request.
    """
    return session._get_current_object()  # type: ignore[attr-defined]
