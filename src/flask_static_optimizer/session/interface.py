"""The subclass of a session interface that keeps static requests away from the session store."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from flask.sessions import SessionInterface, SessionMixin

from ..config.names import EXTENSION
from ..headers.final_headers import last_word
from ..http.fields import forbid_storing
from ..monitoring.signals import static_request_marked
from ..requests.current import request_object
from ..requests.known_requests import KNOWN, mark_known
from ..requests.mark import MARK, Mark, current_mark, is_missing, saved_bytes
from ..requests.matching import match
from ..requests.running import running_view
from ..requests.stand_ins import named_like
from .notices import session_kept_out
from .static_session import StaticSession, mark_of_session

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..config.settings import Settings
    from ..monitoring.counters import Stats
    from ..monitoring.log import Log
    from ..requests.endpoints import EndpointTable

#: Other methods by which an interface may change its store. They do nothing on a static request.
_QUIET = ("regenerate", "_delete_expired_sessions")

_AWARE = "static_optimizer_aware"

#: Whether ``open_session`` leaves work to the ``before_request`` hook that follows. It is a context
#: variable because that is cheaper for a page than an attribute of the request.
handover: ContextVar[bool] = ContextVar("handover", default=False)

#: A real session with the mark of its static request, where it was opened before the request was
#: known to be static; or with ``None``, where a request asks for a missing file, until its error
#: page says how long it holds.
opened_early: ContextVar[tuple[SessionMixin, Mark | None] | None] = ContextVar(
    "opened_early", default=None
)


#: The request whose URL ``open_session`` is matching, and the real session if a URL converter reads
#: it meanwhile. Flask 3.2 opens it then; before, there is none.
_matching: ContextVar[list[Any] | None] = ContextVar("matching", default=None)


class Parts(Protocol):
    """The parts of the extension that an interface looks up in ``app.extensions``.

    Several apps may share one interface object, so it can't be given the parts of one app.
    """

    settings: Settings
    endpoints: EndpointTable
    log: Log
    stats: Stats


def is_aware(kind: type) -> bool:
    """Return whether :func:`aware` has made a class or one of its bases."""
    return getattr(kind, _AWARE, False)


def aware(base: Any) -> Any:
    """Make a subclass of a session interface's class that keeps static requests from its store.

    It has one base and no slots of its own. Only then can ``__class__`` be assigned on objects of
    plain, slotted and abstract classes alike. Calls for any other request go to the base.

    :param base: the class of a session interface.
    :returns: the subclass, with the name and the docstring of its base.
    """

    # The base is called by its name, since super() would cost time on every page.
    class Aware(base):  # type: ignore[misc]
        __slots__ = ()

        def open_session(self, app: Flask, request: Request) -> Any:
            # A known request that is protected is let go on below, to where the session may open.
            kept = request.__dict__
            mark = mark_known(request) if KNOWN in kept or MARK in kept else None
            if mark is not None and not mark.protected:
                if running_view() is not None:
                    _noted(request, None)
                if not mark.is_stepped or static_request_marked.receivers:
                    handover.set(True)
                return StaticSession(mark, getattr(self, "session_class", None))
            parts: Parts | None = app.extensions.get(EXTENSION)
            if parts is None:
                return base.open_session(self, app, request)
            path, gate = request.path, parts.endpoints.gate
            if (
                path[: gate.length] not in gate.heads
                and "//" not in path
                and running_view() is None
            ):
                return base.open_session(self, app, request)
            kind = getattr(self, "session_class", None)

            def open_real() -> Any:
                view = running_view()
                if view is not None:
                    view.read_session = True
                return base.open_session(self, app, request)

            early = _matching.get()
            if early is not None and early[0] is request:
                early[1] = open_real()
                return early[1]
            early = [request, None]
            token = _matching.set(early)
            try:
                mark = mark or match(parts.endpoints, app, request)
            except Exception:  # noqa: BLE001
                # A URL converter may read the session, which is not open yet. Flask matches again
                # with an open session, and raises what is really wrong.
                handover.set(True)
                mark = None
            finally:
                _matching.reset(token)
            if mark is None:
                real = base.open_session(self, app, request) if early[1] is None else early[1]
                if is_missing(request):
                    handover.set(True)
                    if real is not None:  # else Flask saves none
                        opened_early.set((real, None))
                return _noted(request, real)
            _noted(request, None)
            handover.set(True)
            if early[1] is not None:
                mark.protected = mark.session.opened = True
                opened_early.set((early[1], mark))
                return early[1]
            return StaticSession(mark, kind, open_real, partial(_may_open, mark, request))

        def save_session(self, app: Flask, session: Any, response: Response) -> None:
            if type(session) is StaticSession:
                _end(app, mark_of_session(session), response)
                return
            if opened_early.get() is None:
                base.save_session(self, app, session, response)
                return
            mark = _mark_of(session)
            if mark is None:
                base.save_session(self, app, session, response)
                _end_missing(session, response)
            else:
                _end(app, mark, response)

        def should_set_cookie(self, app: Flask, session: Any) -> Any:
            return _mark_of(session) is None and base.should_set_cookie(self, app, session)

    if hasattr(base, "should_set_storage"):  # Flask-Session 0.7 and later

        def should_set_storage(self: Any, app: Flask, session: Any) -> Any:
            return _mark_of(session) is None and base.should_set_storage(self, app, session)

        Aware.should_set_storage = should_set_storage
    if base.is_null_session is not SessionInterface.is_null_session:

        def is_null_session(self: Any, obj: object) -> Any:
            # Flask saves no null session, but the last headers are set when it is saved.
            return type(obj) is not StaticSession and base.is_null_session(self, obj)

        Aware.is_null_session = is_null_session
    for name in _QUIET:
        if hasattr(base, name):
            setattr(Aware, name, _quiet(base, name))
    setattr(Aware, _AWARE, True)
    return named_like(Aware, base)


def _may_open(mark: Mark, request: Request) -> bool:
    """Return whether the real session may be opened now.

    A URL converter that reads the session gets the real one, so what is then served is protected.
    """
    if request.url_rule is None and request.routing_exception is None:
        mark.protected = True
    return mark.protected


def _noted(request: Request, session: Any) -> Any:
    """Note a session of a request that a static view makes to the app itself, and return it."""
    view = running_view()
    if view is not None:
        view.inner.append((request, session))
    return session


def _quiet(base: Any, name: str) -> Any:
    def quiet(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current_mark() is None:
            return getattr(base, name)(self, *args, **kwargs)
        return None

    quiet.__name__ = name
    return quiet


def _mark_of(session: object) -> Mark | None:
    if type(session) is StaticSession:
        return mark_of_session(session)
    early = opened_early.get()
    if early is None or early[0] is not session:
        return None
    # A request that failed may have left it, with the same session object.
    return early[1] if early[1] is current_mark() else None


def _end_missing(session: object, response: Response) -> None:
    """Let nobody keep the error page of a file that is not there, whatever hooks say of all pages.

    The app's error handler can say how long its page holds.
    """
    early = opened_early.get()
    if early is None or early[1] is not None:
        return
    opened_early.set(None)
    if early[0] is session and response.status_code >= 300:
        forbid_storing(response.headers)


def _end(app: Flask, mark: Mark, response: Response) -> None:
    """Finish a static request, in place of saving its session."""
    parts: Parts = app.extensions[EXTENSION]
    mark.has_returned = True
    if opened_early.get() is not None:
        opened_early.set(None)
    request, use = request_object(), mark.session
    status = last_word(parts.settings, parts.log, app, mark, request, response)
    if use.looked or use.read_by_view or use.dropped:
        session_kept_out(parts.log, app, mark, response, request.path)
    if not mark.is_refresh:
        unmodified = status == 304
        saved = saved_bytes(mark.view, unmodified)
        parts.stats.served(mark, request.environ, response, unmodified, saved)
