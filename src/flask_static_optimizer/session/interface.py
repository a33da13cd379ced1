"""The app's session interface, made aware of static requests."""

from __future__ import annotations

import copy
from contextvars import ContextVar
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import request
from flask.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin

from .headers import last_word
from .marking import EXTENSION, Mark, current_mark, match
from .notices import session_kept_out
from .session import StaticSession, empty_session, mark_of_session, seal

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from .state import AppState

#: What else an interface may do to its store on its own, and does not on a static request.
_QUIET = ("regenerate", "_delete_expired_sessions")

#: Whether ``open_session`` leaves anything to the ``before_request`` hook after it. A context
#: variable, because a page should not pay for asking the request.
handover: ContextVar[bool] = ContextVar("handover", default=False)

#: A real session that was opened before its request could be known to be static.
opened_early: ContextVar[tuple[SessionMixin, Mark] | None] = ContextVar(
    "opened_early", default=None
)

_adopting = Lock()


def adopt(state: AppState, app: Flask) -> None:
    """Put a generated subclass in place of the class of the app's session interface.

    The object stays the same, and so do its identity, its state and ``isinstance``. An
    interface whose class can't be swapped (compiled, a mock, a proxy) is wrapped instead.
    Doing it again changes nothing.
    """
    with _adopting:
        if "session_interface" not in vars(app):
            # A default is one object for all apps of the process. Flask's own has no state, so it
            # can be made anew, and its methods are found faster than after a swap of its class.
            default = app.session_interface
            own = type(default) is SecureCookieSessionInterface
            app.session_interface = aware(type(default))() if own else copy.copy(default)
        interface = app.session_interface
        kind = type(interface)
        if not getattr(kind, "static_optimizer_aware", False):
            try:
                if kind is not interface.__class__ or not issubclass(kind, SessionInterface):
                    raise TypeError("a proxy, or no session interface by its class")
                object.__setattr__(interface, "__class__", aware(kind))
            except TypeError:
                app.session_interface = aware(_Forwarding)(interface)
        state.interface = app.session_interface


def aware(base: Any) -> Any:
    """A subclass of a session interface's class that keeps static requests from its store.

    One base and no slots of its own is the only shape that lets ``__class__`` be assigned on
    plain, slotted and abstract classes alike. Calls about any other request go to the base.
    """

    # The base is called by name, not through super(): on a page each call is paid for.
    class Aware(base):  # type: ignore[misc]
        __slots__ = ()
        static_optimizer_aware = True

        def open_session(self, app: Flask, request: Request) -> Any:
            state = app.extensions.get(EXTENSION)
            if state is None:
                return base.open_session(self, app, request)
            path, gate = request.path, state.endpoints.gate
            if path[: gate.length] not in gate.heads and "//" not in path:
                return base.open_session(self, app, request)
            try:
                mark = match(state, app, request)
            except Exception:  # noqa: BLE001
                # A converter that reads the session, perhaps. Flask matches again when there
                # is one, and reports what is really wrong.
                handover.set(True)
                mark = None
            if mark is None:
                return base.open_session(self, app, request)

            def open_real() -> Any:
                return base.open_session(self, app, request)

            handover.set(True)
            empty = partial(empty_session, getattr(self, "session_class", None))
            return StaticSession(mark, empty, open_real if mark.protected else None)

        def save_session(self, app: Flask, session: Any, response: Response) -> None:
            if type(session) is not StaticSession and opened_early.get() is None:
                base.save_session(self, app, session, response)
                return
            mark = _mark_of(session)
            if mark is None:
                base.save_session(self, app, session, response)
            else:
                _end(app, mark, session, response)

        def should_set_cookie(self, app: Flask, session: Any) -> Any:
            return _mark_of(session) is None and base.should_set_cookie(self, app, session)

    if hasattr(base, "should_set_storage"):  # Flask-Session 0.7 and later

        def should_set_storage(self: Any, app: Flask, session: Any) -> Any:
            return _mark_of(session) is None and base.should_set_storage(self, app, session)

        Aware.should_set_storage = should_set_storage
    if base.is_null_session is not SessionInterface.is_null_session:

        def is_null_session(self: Any, obj: object) -> Any:
            # Null sessions are not saved, and saving is when the last word is said.
            return type(obj) is not StaticSession and base.is_null_session(self, obj)

        Aware.is_null_session = is_null_session
    for name in _QUIET:
        if hasattr(base, name):
            setattr(Aware, name, _quiet(base, name))
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Aware, name, getattr(base, name))
    return Aware


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
    # One left by a request that failed may have had the same session object.
    return early[1] if early[1] is current_mark() else None


def _end(app: Flask, mark: Mark, session: Any, response: Response) -> None:
    """What happens to a static request in place of saving its session."""
    state: AppState = app.extensions[EXTENSION]
    if isinstance(session, StaticSession):
        seal(session)
    opened_early.set(None)
    last_word(state, app, mark, request, response)
    session_kept_out(state, app, mark, response, request.path)
    state.stats.served(mark, request, response)


class _Forwarding:
    """Hands everything on to an interface whose class can't be swapped."""

    def __init__(self, interface: Any) -> None:
        self._interface = interface

    @property  # type: ignore[misc]  # so that isinstance goes by the interface, too
    def __class__(self) -> Any:
        return self._interface.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interface, name)

    def open_session(self, app: Flask, request: Request) -> Any:
        return self._interface.open_session(app, request)

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        self._interface.save_session(app, session, response)

    def is_null_session(self, obj: object) -> Any:
        return self._interface.is_null_session(obj)

    def should_set_cookie(self, app: Flask, session: Any) -> Any:
        return self._interface.should_set_cookie(app, session)

    def regenerate(self, session: Any) -> None:
        self._interface.regenerate(session)
