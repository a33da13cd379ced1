"""The hook that marks static requests, the first ``before_request`` function of the app."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import after_this_request

from ..http import methods
from ..http.fields import forbid_storing
from ..monitoring.signals import static_request_marked
from ..requests.current import request_object, session_object
from ..requests.mark import is_missing, mark_of
from ..requests.matching import mark
from .interface import handover, opened_early
from .static_session import StaticSession

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..requests.endpoints import EndpointTable
    from ..requests.known_requests import KnownRequests
    from ..requests.mark import Mark
    from .adoption import Adoption

Hook = Callable[[], None]


def mark_before_request(
    app: Flask,
    endpoints: EndpointTable,
    known: KnownRequests,
    returned: Callable[[Flask, Mark, Request, Response], Response],
    adoption: Adoption,
    complete: Callable[[Flask], None],
) -> Hook:
    """Register the marking hook before all other hooks of the app.

    It uses the mark that ``open_session`` has set, so the two can't disagree. It never returns a
    response itself, and costs a page two comparisons.

    :param returned: describes the response of a static view, before other hooks see it.
    :param complete: finishes the installation at the first request.
    :returns: the hook.
    """

    def mark_static_request() -> None:
        if app.session_interface is not adoption.served or handover.get():
            handover.set(False)
            decide(app)

    def decide(app: Flask) -> None:
        if not endpoints.complete:
            complete(app)
        adoption.begin(app)
        this = request_object()
        found = mark_of(this)
        if found is not None and found.is_stepped and _has_real_session(found):
            _protect_late(found)  # another interface was assigned just before the session opened
        found = found or _mark_late(endpoints, this)
        if found is None:
            if is_missing(this):
                after_this_request(_forbid_keeping)
            return
        if found.match is None:
            known.learn(app, endpoints, this, found)
        if static_request_marked.receivers:
            name, protected = found.endpoint.name, found.protected
            static_request_marked.send(app, endpoint=name, protected=protected)

        if not found.is_stepped:
            after_this_request(partial(returned, app, found, this))

    app.before_request_funcs.setdefault(None, []).insert(0, mark_static_request)
    return mark_static_request


def _forbid_keeping(response: Response) -> Response:
    """Let nobody keep the error page of a missing file, unless the app's handler says how long."""
    headers = response.headers
    if response.status_code < 300 or "Cache-Control" in headers or "Expires" in headers:
        opened_early.set(None)  # else the last word comes when the session is saved
    else:
        forbid_storing(headers)
    return response


def _mark_late(endpoints: EndpointTable, this: Request) -> Mark | None:
    """Mark a request whose session was opened before its endpoint could be known.

    The real session may have been read, so the request is served as a protected one.
    """
    if is_missing(this) or this.url_rule is None or this.method not in methods.STATIC:
        return None
    found = mark(endpoints, this, this.url_rule.endpoint, this.view_args or {})
    if found is not None:
        _protect_late(found)
    return found


def _has_real_session(mark: Mark) -> bool:
    return not mark.protected and type(session_object()) is not StaticSession


def _protect_late(found: Mark) -> None:
    """Protect a static request whose real session is open already."""
    found.protected = found.session.opened = True
    opened_early.set((session_object(), found))
