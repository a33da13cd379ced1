"""The static views that run, and the requests that they make to the app themselves."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..http.fields import is_authenticated

if TYPE_CHECKING:
    from flask import Request

    from .mark import Mark


class Running:
    """A static view that runs, and what it has learnt of its visitor by asking the app itself."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        #: Whether a protected view has read the real session.
        self.read_session = False
        #: The requests that the view made to an app in this process, each with its session.
        self.inner: list[tuple[Request, Any]] = []

    def is_personal(self) -> bool:
        """Return whether the response of the view may depend on who asks."""
        return self.read_session or any(_is_personal(*request) for request in self.inner)


#: The static view that runs. It is a context variable, so that other requests of the same time have
#: nothing to do with it.
_running: ContextVar[Running | None] = ContextVar("running", default=None)

#: Return the static view that runs in this context, ``None`` if there is none.
running_view = _running.get


class running:  # noqa: N801  # it is used like a function
    """A context in which the view of a request runs.

    If it asks the app itself, by a test client or by a second context, and that depends on the
    visitor, its own response does, too. Its request then counts as protected.
    """

    __slots__ = ("_mark", "_token", "_view")

    def __init__(self, mark: Mark) -> None:
        self._mark = mark

    def __enter__(self) -> None:
        self._view = Running(self._mark)
        self._token = _running.set(self._view)

    def __exit__(self, *_: object) -> None:
        _running.reset(self._token)
        if self._view.is_personal():
            self._mark.protected = True
            outer = _running.get()
            if outer is not None:
                outer.read_session = True


def is_running(mark: Mark) -> bool:
    """Return whether the view of a request runs."""
    view = _running.get()
    return view is not None and view.mark is mark


def _is_personal(request: Request, session: Any) -> bool:
    """Return whether the response to a request may depend on who asks."""
    if is_authenticated(request.environ):
        return True
    # Flask before 3.1.3 does not notice every access.
    return session is not None and (getattr(session, "accessed", True) or bool(session))
