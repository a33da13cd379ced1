"""Changes to an app that serves already, as Flask's public mappings and attributes allow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, abort, request, session
from flask.sessions import SecureCookieSessionInterface

from laws.hooked.watching import note, session_seen

#: By the name of what is changed.
LATER: dict[str, Callable[[Flask], Any]] = {
    "a hook before": lambda app: app.before_request_funcs[None].append(
        lambda: abort(403) if request.endpoint == "static" else None
    ),
    "a hook before files": lambda app: app.before_request_funcs.setdefault("shop", []).append(
        lambda: note(session_seen())
    ),
    "no hook before": lambda app: app.before_request_funcs[None].pop(),
    "a hook at the end": lambda app: app.teardown_request_funcs.setdefault(None, []).append(
        lambda error: note("new end", repr(error))
    ),
    "values": lambda app: app.url_value_preprocessors.setdefault(None, []).append(
        lambda endpoint, values: note("new values", values and values.pop("from", None))
    ),
    "another file": lambda app: app.url_value_preprocessors.setdefault(None, []).append(
        lambda endpoint, values: values and values.update(filename="other.css")
    ),
    "an age": lambda app: app.config.update(SEND_FILE_MAX_AGE_DEFAULT=7),
    "debug mode": lambda app: setattr(app, "debug", True),
    "the name of the cookie": lambda app: app.config.update(SESSION_COOKIE_NAME="other"),
    "the view": lambda app: app.view_functions.update(static=lambda filename: f"new {filename}"),
    "the error page": lambda app: app.error_handler_spec[None][404].update(
        {Exception: lambda error: (f"none {session.get('user')}", 404)}
    ),
}


def later(function: Callable[[Flask], Any]) -> Callable[[Flask], Any]:
    LATER[function.__name__.replace("_", " ")] = function
    return function


@later
def a_hook_after(app: Flask) -> None:
    def after(response: Response) -> Response:
        response.headers["X-New"] = str(len(session))
        return response

    app.after_request_funcs.setdefault(None, []).append(after)


@later
def the_request_class(app: Flask) -> None:
    class Own(Request):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.environ["own.key"] = "1"

    app.request_class = Own


@later
def the_response_class(app: Flask) -> None:
    class Own(Response):
        def get_wsgi_headers(self, environ: Any) -> Any:
            headers = super().get_wsgi_headers(environ)
            headers["X-Own"] = "1"
            return headers

    app.response_class = Own


@later
def the_sessions(app: Flask) -> None:
    class Own(SecureCookieSessionInterface):
        def open_session(self, app: Flask, request: Request) -> Any:
            app.extensions["opened"] = app.extensions.get("opened", 0) + 1
            return super().open_session(app, request)

    app.session_interface = Own()
    app.before_request_funcs[None].append(lambda: note(app.extensions.get("opened")))


@later
def a_step(app: Flask) -> None:
    process, contexts = app.process_response, app.request_context

    def processed(response: Response) -> Response:
        response.headers.add("X-Patched", request.path)
        return process(response)

    def made(environ: dict[str, Any]) -> Any:
        return contexts({**environ, "QUERY_STRING": "made=1"})

    app.process_response = processed  # type: ignore[method-assign]
    app.request_context = made  # type: ignore[method-assign]


@later
def the_router(app: Flask) -> None:
    make = app.create_url_adapter

    def create(request: Request | None) -> Any:
        if request is not None and "x" in request.environ["QUERY_STRING"]:
            request.environ["PATH_INFO"] = "/page"
        return make(request)

    app.create_url_adapter = create  # type: ignore[method-assign]
