"""The header fields that files lack where ``STATIC_OPTIMIZER_EXPRESS`` passes hooks by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...config.names import PREFIX
from ...http.statuses import CACHEABLE
from ...lane.opening import LaneOpening
from ..exchange import ask_as_visitor, ask_without_host, environ_of
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.datastructures import Headers

    from ...http.answer import Answer
    from ...requests.static_endpoint import StaticEndpoint
    from ...state import AppState
    from ..exchange import Exchange


def fields_lost(by_flask: Headers, by_lane: Headers) -> list[str]:
    """Return the names of the header fields that an answer of Flask has and one of the lane lacks.

    A field with another value counts, too.
    """
    return list(
        dict.fromkeys(name for name, value in by_flask if value not in by_lane.getlist(name))
    )


def lane_answer(
    state: AppState, app: Flask, path: str, fields: Mapping[str, str] | None = None
) -> Answer | None:
    """Return the lane's answer to a request, if it gives one. Its body is closed.

    The other parameters are those of :func:`~flask_static_optimizer.cli.exchange.environ_of`.
    """
    lane = state.lane
    if lane is None:
        return None
    if lane.is_bypassed:  # or the app has asked itself when it was made, and not by WSGI
        ask_without_host(app, path)
    found = None if lane.is_bypassed else lane.answer(environ_of(app, path, fields))
    close = None if found is None else getattr(found.body, "close", None)
    if close is not None:
        close()
    return found


def answer_past_guard(
    state: AppState,
    app: Flask,
    by_flask: Exchange,
    path: str,
    fields: Mapping[str, str] | None = None,
) -> Answer | None:
    """Return the lane's answer, if it sends a file that the app refuses."""
    if by_flask.error is not None or by_flask.status in CACHEABLE:
        return None
    found = lane_answer(state, app, path, fields)
    return None if found is None or found.status not in CACHEABLE else found


def passed_findings(
    state: AppState, app: Flask, endpoint: StaticEndpoint, path: str, by_flask: Exchange
) -> Iterator[Finding]:
    """Yield what a file lacks, if the lane passes functions of the app by for it.

    :param path: the URL path of the file.
    :param by_flask: Flask's answer to a request for it, for which all hooks have run.
    """
    opening = LaneOpening(state.settings, state.log, state.endpoints, app, state.own_hooks)
    names = opening.passed_by(endpoint)
    if not names or lane_answer(state, app, path) is None:  # as the file is protected
        return
    # Now the lane knows the request. What stands around it may set fields, too.
    by_lane = ask_as_visitor(app, path)
    yield Finding(
        "hooks-passed",
        "note",
        f"{PREFIX}EXPRESS answers for files of {endpoint.name!r} without {', '.join(names)}",
        "protect the files that a hook guards",
    )
    lost = fields_lost(by_flask.headers, by_lane.headers)
    if by_lane.mark is None and by_flask.status == by_lane.status and lost:
        yield Finding(
            "fields-passed",
            "note",
            f"{PREFIX}EXPRESS answers for files of {endpoint.name!r} without the header fields that"
            f" hooks set: {', '.join(lost)}",
            "let the server in front of the app set them, or a WSGI middleware around"
            " app.wsgi_app that is added after the extension",
            [path],
        )
