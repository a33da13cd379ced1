"""The session that a static request gets in the place of the real one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Any

from flask.sessions import SecureCookieSession, SessionMixin

if TYPE_CHECKING:
    from ..requests.mark import Mark


class StaticSession(SessionMixin):
    """A session that is never saved, and that opens the real session only when it is first read.

    A write without a read (``session.permanent = True``) opens nothing. A session that was not read
    before the view has returned is empty from then on. An isolated session never opens the real
    one.

    :param mark: the mark of the request, which records what was done with the session.
    :param kind: the session class of the app's interface, if it has one.
    :param open_real: opens the real session by the app's session interface.
    :param may_open: returns whether the real session may be opened now; never for an isolated one.
    """

    # All attributes of this class begin with an underscore, since any other name is looked up in
    # the real session.
    modified = False
    accessed = False
    new = True
    _data: MutableMapping[str, Any] | None = None
    _open_real: Callable[[], SessionMixin | None] | None = None
    _failure: Exception | None = None
    # One lock will do for isolated sessions, which wait for nothing while they hold it.
    _lock = RLock()

    def __init__(
        self,
        mark: Mark,
        kind: Callable[[], Any] | None = None,
        open_real: Callable[[], SessionMixin | None] | None = None,
        may_open: Callable[[], bool] = lambda: True,
    ) -> None:
        self._mark = mark
        self._kind = kind
        self._blind: dict[str, Any] = {}
        if open_real is not None:
            self._lock = RLock()
            self.new = not mark.protected
            self._open_real = open_real
            self._may_open = may_open

    def _look(self) -> MutableMapping[str, Any]:
        if not self._mark.has_returned:
            self._mark.session.looked = True
            if self._mark.view.runs:
                self._mark.session.note_read_by_view("the session")
        if self._data is None:
            with self._lock:  # a view may read it from several threads
                if self._data is None:
                    data = self._open()
                    data.update(self._blind)
                    self._data = data
        return self._data

    def _open(self) -> MutableMapping[str, Any]:
        if self._failure is not None:  # a store that is down is asked once per request
            raise self._failure
        if self._open_real is None or self._mark.has_returned or not self._may_open():
            return {}
        open_real, self._open_real = self._open_real, None
        try:
            real = open_real()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._mark.session.opened = True
        if real is None:  # the app has no SECRET_KEY, which a static request does not need
            return {}
        self.new = real.new
        return real

    def _note(self, key: str) -> None:
        self.modified = True
        if key != "_permanent":
            self._mark.session.dropped |= {key}
            self._mark.session.written = self._mark.session.written or not self._mark.has_returned

    def __getitem__(self, key: str) -> Any:
        return self._look()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._look()

    def __iter__(self) -> Iterator[str]:
        return iter(self._look())

    def __reversed__(self) -> Iterator[str]:
        return iter(list(self._look())[::-1])

    def __len__(self) -> int:
        return len(self._look())

    def __bool__(self) -> bool:
        return bool(self._look())

    def __or__(self, other: Any) -> dict[str, Any]:
        return dict(self) | dict(other)

    def __ior__(self, other: Any) -> StaticSession:
        self.update(other)
        return self

    def __setitem__(self, key: str, value: Any) -> None:
        self._note(key)
        if self._data is None:
            self._blind[key] = value
        else:
            self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._look()[key]
        self._note(key)

    def __getattr__(self, name: str) -> Any:
        # An attribute that only the class of the real session has, such as ``sid``.
        if name.startswith("__"):
            raise AttributeError(name)
        data = self._look()
        if type(data) is dict:
            # Few ask an empty session for more than its items, so it is only now made a session.
            made = empty_session(self._kind)
            with self._lock:
                if self._data is data:
                    made.update(data)
                    self._data = made
        return getattr(self._data, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'sealed' if self._mark.has_returned else 'open'}>"


def mark_of_session(session: StaticSession) -> Mark:
    """Return the mark of the request that a session belongs to."""
    return session._mark


def empty_session(kind: Callable[[], Any] | None) -> Any:
    """Make an empty session, which is not saved.

    :param kind: the session class of the app's interface, since the app may use its methods.
        Flask's class takes its place if it is ``None`` or needs arguments.
    """
    session = None
    if kind is not None:
        with suppress(TypeError):
            session = kind()
    if not isinstance(session, MutableMapping):
        session = SecureCookieSession()
    if getattr(session, "sid", None) is None:
        # Server-side sessions have an id. This random one names no stored session.
        session.sid = secrets.token_urlsafe(32)  # type: ignore[union-attr]
    return session
