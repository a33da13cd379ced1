"""The session that a static request is given instead of the real one."""

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
    """A session that opens the real one when somebody first looks, if it may, and is never saved.

    Writing without looking (``session.permanent = True``) opens nothing. A session that is
    sealed before anybody looked reads as empty from then on; an isolated one is from the start.

    :param mark: the mark of the request that it is given to, which is told what was done.
    :param empty: makes an empty session.
    :param open_real: asks the app's session interface for the real session; ``None`` for an
        isolated session.
    """

    # Names of its own begin with an underscore: the others are the real session's.
    modified = False
    accessed = False

    def __init__(
        self,
        mark: Mark,
        empty: Callable[[], MutableMapping[str, Any]],
        open_real: Callable[[], SessionMixin | None] | None = None,
    ) -> None:
        self.new = open_real is None
        self._mark = mark
        self._empty = empty
        self._open_real = open_real
        self._data: MutableMapping[str, Any] | None = None
        self._blind: dict[str, Any] = {}
        self._failure: Exception | None = None
        self._sealed = False
        self._lock = RLock()

    def _look(self) -> MutableMapping[str, Any]:
        if not self._sealed:
            self._mark.session.looked = True
        if self._data is None:
            with self._lock:  # a view may look from several threads at once
                if self._data is None:
                    data = self._open()
                    data.update(self._blind)
                    self._data = data
        return self._data

    def _open(self) -> MutableMapping[str, Any]:
        if self._failure is not None:  # a store that is down is asked once per request
            raise self._failure
        if self._open_real is None:
            return self._empty()
        open_real, self._open_real = self._open_real, None
        try:
            real = open_real()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._mark.session.opened = True
        if real is None:  # there is no session support; a static request has no need of it
            return self._empty()
        self.new = real.new
        return real

    def _note(self, key: str) -> None:
        self.modified = True
        if key != "_permanent":
            self._mark.session.dropped |= {key}
            self._mark.session.written = self._mark.session.written or not self._sealed

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
        # What only the real session's class has, such as ``sid``.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._look(), name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'sealed' if self._sealed else 'open'}>"


def seal(session: StaticSession) -> None:
    """Let nobody open the real session from now on."""
    session._sealed = True
    session._open_real = None


def mark_of_session(session: StaticSession) -> Mark:
    """The mark of the request that the session was given to."""
    return session._mark


def empty_session(kind: Callable[[], Any] | None) -> Any:
    """An empty session that nobody saves.

    :param kind: the interface's own session class, whose methods the app may use; Flask's where
        there is none or it wants arguments.
    """
    session = None
    if kind is not None:
        with suppress(TypeError):
            session = kind()
    if not isinstance(session, MutableMapping):
        session = SecureCookieSession()
    if getattr(session, "sid", None) is None:
        # Server-side sessions have one; this one leads nowhere.
        session.sid = secrets.token_urlsafe(32)  # type: ignore[union-attr]
    return session
