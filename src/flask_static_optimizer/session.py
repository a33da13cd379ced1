"""The session that a static request is given instead of the real one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from flask.sessions import SecureCookieSession, SessionMixin

if TYPE_CHECKING:
    from .marking import Mark


class _Throwaway(SecureCookieSession):
    """An empty session that nobody saves."""

    new = True

    def __init__(self) -> None:
        super().__init__()
        #: Server-side sessions have one; this one leads nowhere.
        self.sid = secrets.token_urlsafe(32)


class StaticSession(SessionMixin):
    """A session that opens the real one when somebody first looks, if it may, and is never saved.

    :param mark: the mark of the request that it is given to.
    :param open_real: asks the app's session interface for the real session; ``None`` for an
        isolated session, which reads as empty and takes writes into a throwaway.

    Writing without looking (``session.permanent = True``) opens nothing. A session that is
    sealed before anybody looked reads as empty from then on.
    """

    modified = False
    accessed = False

    def __init__(
        self, mark: Mark, open_real: Callable[[], SessionMixin | None] | None = None
    ) -> None:
        self.mark = mark
        self.new = open_real is None
        #: Whether anybody read it, and whether anything but ``_permanent`` was written into it,
        #: before it was sealed.
        self.looked = False
        self.written = False
        #: The keys that were written or deleted, ``_permanent`` left out.
        self.dropped: frozenset[str] = frozenset()
        self._open_real = open_real
        self._data: MutableMapping[str, Any] | None = None
        self._blind: dict[str, Any] = {}
        self._failure: Exception | None = None
        self._sealed = False

    def seal(self) -> None:
        """Let nobody open the real session from now on."""
        self._sealed = True
        self._open_real = None

    def _look(self) -> MutableMapping[str, Any]:
        if not self._sealed:
            self.looked = True
        if self._data is None:
            self._data = self._open()
            self._data.update(self._blind)
        return self._data

    def _open(self) -> MutableMapping[str, Any]:
        if self._failure is not None:  # a store that is down is asked once per request
            raise self._failure
        if self._open_real is None:
            return _Throwaway()
        open_real, self._open_real = self._open_real, None
        try:
            real = open_real()
        except Exception as error:
            self._failure = error
            raise
        if real is None:  # there is no session support; a static request has no need of it
            return _Throwaway()
        self.new = real.new
        return real

    def _note(self, key: str) -> None:
        self.modified = True
        if key != "_permanent":
            self.dropped |= {key}
            self.written = self.written or not self._sealed

    def __getitem__(self, key: str) -> Any:
        return self._look()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._look()

    def __iter__(self) -> Iterator[str]:
        return iter(self._look())

    def __len__(self) -> int:
        return len(self._look())

    def __bool__(self) -> bool:
        return bool(self._look())

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
