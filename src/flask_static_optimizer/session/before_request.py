"""The ``before_request`` function that stands first and marks static requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from flask import after_this_request, appcontext_pushed, request, session

from .completion import complete
from .interface import adopt, handover, opened_early
from .marking import SAFE_METHODS, mark, mark_of
from .representation import describe
from .session import StaticSession, seal
from .signals import static_request_marked

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from .marking import Mark
    from .state import AppState


def mark_before_request(state: AppState, app: Flask) -> None:
    """Register the marking hook before all other hooks of the app.

    What it marks is what ``open_session`` matched, so the two can't disagree. It answers
    nothing itself, and a page passes it with two comparisons.
    """
    # The app holds the hook; a strong reference back would keep a dropped app alive.
    get_app = ref(app)

    def mark_static_request() -> None:
        app = get_app()
        assert app is not None, "it is handling a request"
        if app.session_interface is not state.served_interface or handover.get():
            handover.set(False)
            _decide(state, app)

    state.own_hooks.append(mark_static_request)
    app.before_request_funcs.setdefault(None, []).insert(0, mark_static_request)


def adopt_until_first_request(state: AppState, app: Flask) -> None:
    """Adopt an interface that is assigned after us, before it opens its first session.

    Once requests are served the marking hook looks after that alone, for less.
    """

    def adopt_assigned(sender: Flask, **_: object) -> None:
        if sender.session_interface is not state.interface:
            adopt(state, sender)

    state.adopt_assigned = adopt_assigned
    appcontext_pushed.connect(adopt_assigned, app)


def _decide(state: AppState, app: Flask) -> None:
    if not state.endpoints.complete:
        complete(state, app)
    if state.adopt_assigned is not None:
        appcontext_pushed.disconnect(state.adopt_assigned, app)
        state.adopt_assigned = None
    if app.session_interface is not state.interface:
        adopt(state, app)
    state.served_interface = state.interface
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    found = mark_of(this) or _mark_late(state, this)
    if found is None:
        return
    given = session._get_current_object()  # type: ignore[attr-defined]
    static_request_marked.send(app, endpoint=found.endpoint.name, protected=found.protected)

    @after_this_request
    def view_returned(response: Response) -> Response:
        if isinstance(given, StaticSession):
            seal(given)
        describe(state, app, found, this, response)
        if found.errand is not None:
            found.errand.described(found, response)
        return response


def _mark_late(state: AppState, this: Request) -> Mark | None:
    """Mark a request whose session was opened before its endpoint could be known.

    The real session may have been read, so the request is served as a protected one.
    """
    if this.url_rule is None or this.method not in SAFE_METHODS:
        return None
    found = mark(state, this, this.url_rule.endpoint, this.view_args or {})
    if found is not None:
        found.protected = found.opened = True
        real = session._get_current_object()  # type: ignore[attr-defined]
        opened_early.set((real, found))
    return found
