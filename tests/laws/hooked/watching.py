"""Hooks, signal receivers and a log handler that note what they see of a request."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
from flask import Flask, current_app, g, has_request_context, request, session
from flask.globals import request_ctx

from flask_static_optimizer import is_static_request
from flask_static_optimizer.monitoring import signals as own_signals

#: Values that are drawn by lot or come from the clock.
_DRAWN = {"csrf_token", "_fresh_at"}

#: Header fields of a request whose values are noted.
_FIELDS = ("Accept-Encoding", "Range", "If-None-Match", "If-Modified-Since", "Host")

#: Patterns of what is another each time in header fields of a response.
_CHANCE = {
    name: re.compile(pattern)
    for name, pattern in {
        "Date": ".+", "Expires": ".+", "Age": ".+", "Retry-After": ".+", "X-RateLimit-Reset": ".+",
        "Content-Type": r"(?<=boundary=)\w+",
        "Server-Timing": r"(?<=dur=)[\d.]+",
        "Set-Cookie": r"(?<!Path)(?<!Max-Age)(?<!Domain)(?<!SameSite)=[^;]*",
    }.items()
}  # fmt: skip


def without_chance(name: str, value: str) -> str:
    """Return the value of a header field without lots, durations, signatures and the clock."""
    return _CHANCE[name].sub("", value) if name in _CHANCE else value


def events(app: Flask) -> list[Any]:
    """Return the list of what was seen in an app."""
    seen: list[Any] = app.extensions.setdefault("seen", [])
    return seen


def note(*things: Any) -> None:
    """Note that something was seen in the current app."""
    events(current_app).append(things)


def session_seen() -> tuple[Any, ...]:
    content = {key: "drawn" if key in _DRAWN else value for key, value in session.items()}
    return content, session.new, session.permanent, session.modified, bool(session)


def request_seen() -> tuple[Any, ...]:
    this = request
    return (
        (this.method, this.full_path, this.endpoint, this.blueprint, str(this.url_rule)),
        None if this.view_args is None else dict(this.view_args),
        [this.headers.get(name) for name in _FIELDS],
        sorted(this.cookies),
        sorted(key for key in this.environ if key != "werkzeug.request"),
        repr(this.routing_exception),
        (sorted(vars(g)), is_static_request(), type(this).__name__),
        type(session._get_current_object()).__name__,  # type: ignore[attr-defined]
    )


def response_seen(response: flask.Response) -> tuple[Any, ...]:
    return (
        type(response).__name__,
        response.status,
        [(name, without_chance(name, value)) for name, value in response.headers],
        (response.is_streamed, response.is_sequence, response.direct_passthrough),
        (response.content_length, response.mimetype, response.content_encoding),
        response.get_etag(),
        (str(response.cache_control), str(response.last_modified), str(response.vary)),
    )


def watch(app: Flask, place: str, *, sessions: bool) -> None:
    """Register hooks of every kind that note what they see.

    :param sessions: whether they look at the session, too.
    """

    def seen() -> tuple[Any, ...]:
        return (*request_seen(), session_seen() if sessions else None)

    @app.before_request
    def before() -> None:
        note(place, "before", seen())
        setattr(g, place, True)

    @app.after_request
    def after(response: flask.Response) -> flask.Response:
        note(place, "after", seen(), response_seen(response))
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        note(place, "teardown", repr(error), seen())

    @app.teardown_appcontext
    def teardown_app(error: BaseException | None) -> None:
        note(place, "teardown of the app", repr(error), sorted(vars(g)))

    @app.url_value_preprocessor
    def values(endpoint: str | None, view_args: dict[str, Any] | None) -> None:
        note(place, "values", endpoint, None if view_args is None else dict(view_args))


#: The signals of Flask and of the extension.
SIGNALS = [
    *(getattr(flask, name) for name in (
        "appcontext_pushed", "appcontext_popped", "appcontext_tearing_down", "request_started",
        "request_finished", "request_tearing_down", "got_request_exception", "message_flashed",
        "template_rendered",
    )),
    own_signals.static_request_marked,
    own_signals.cookies_dropped,
]  # fmt: skip


def _plain(value: Any) -> Any:
    is_plain = isinstance(value, (str, bool, tuple, BaseException)) or value is None
    return repr(value) if is_plain else type(value).__name__


@contextmanager
def listening(app: Flask) -> Iterator[None]:
    """Note all signals of an app."""

    def receiver(name: str) -> Callable[..., None]:
        def receive(sender: Any, **given: Any) -> None:
            response = given.pop("response", None)
            seen = None if response is None else response_seen(response)
            where = request_ctx.request.endpoint if has_request_context() else None
            said = {key: _plain(value) for key, value in sorted(given.items())}
            events(app).append((name, where, seen, said))

        return receive

    receivers = [(signal, receiver(signal.name)) for signal in SIGNALS]
    for signal, receive in receivers:
        signal.connect(receive, app)
    try:
        yield
    finally:
        for signal, receive in receivers:
            signal.disconnect(receive, app)


class Messages(logging.Handler):
    """A handler that notes what is logged while an app serves."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info and repr(record.exc_info[1])
        self.seen.append(("log", record.levelname, record.getMessage(), raised))
