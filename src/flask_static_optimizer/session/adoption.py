"""The adoption of the app's session interface, whichever it is and whenever it is assigned."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import appcontext_pushed
from flask.sessions import SecureCookieSessionInterface, SessionInterface

from .interface import aware, is_aware

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from flask.sessions import SessionMixin

#: One lock for the process, since several apps may share one interface object.
_adopting = Lock()


class Adoption:
    """An adoption of one app's session interface, which makes it aware of static requests."""

    def __init__(self) -> None:
        self._interface: SessionInterface | None = None
        #: The interface that requests are served with. The marking hook adopts again only if the
        #: app has another one by now.
        self.served: SessionInterface | None = None
        # blinker has only a weak reference to the receiver. It is dropped at the first request,
        # since a signal with a receiver costs time for every context of the app.
        self._receiver: Any = None

    def adopt(self, app: Flask) -> None:
        """Put a generated subclass in place of the class of the app's session interface.

        The object stays the same, with its identity and its state, and ``isinstance`` still holds.
        An interface whose class can't be swapped (compiled, a mock, a proxy) is wrapped instead.
        Repeating it changes nothing.
        """
        with _adopting:
            if "session_interface" not in vars(app):
                # The default is one object for all apps of the process. Flask's own has no state,
                # so a new object will do, and its methods are found faster than after its class
                # was swapped.
                default = app.session_interface
                own = type(default) is SecureCookieSessionInterface
                app.session_interface = aware(type(default))() if own else copy.copy(default)
            interface = app.session_interface
            kind = type(interface)
            if not is_aware(kind):
                try:
                    if kind is not interface.__class__ or not issubclass(kind, SessionInterface):
                        raise TypeError("a proxy, or no session interface by its class")
                    object.__setattr__(interface, "__class__", aware(kind))
                except TypeError:
                    app.session_interface = aware(_Forwarding)(interface)
            self._interface = app.session_interface

    def adopt_until_first_request(self, app: Flask) -> None:
        """Adopt an interface that is assigned after the extension, before it opens a session."""

        def adopt_assigned(sender: Flask, **_: object) -> None:
            if sender.session_interface is not self._interface:
                self.adopt(sender)

        self._receiver = adopt_assigned
        appcontext_pushed.connect(adopt_assigned, app)

    def begin(self, app: Flask) -> None:
        """Drop the receiver at the first request: from now on the marking hook adopts."""
        if self._receiver is not None:
            appcontext_pushed.disconnect(self._receiver, app)
            self._receiver = None
        if app.session_interface is not self._interface:
            self.adopt(app)
        self.served = self._interface


class _Forwarding:
    """A session interface that passes every call on to one whose class can't be swapped."""

    __interface: Any

    def __init__(self, interface: Any) -> None:
        object.__setattr__(self, "_Forwarding__interface", interface)

    @property  # type: ignore[misc]  # so that isinstance goes by the interface, too
    def __class__(self) -> Any:
        return self.__interface.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__interface, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__interface, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__interface, name)

    def __dir__(self) -> Iterable[str]:
        return dir(self.__interface)

    def __repr__(self) -> str:
        return repr(self.__interface)

    def __eq__(self, other: object) -> bool:
        return self is other or bool(self.__interface == other)

    def __hash__(self) -> int:
        return hash(self.__interface)

    def open_session(self, app: Flask, request: Request) -> Any:
        return self.__interface.open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        self.__interface.save_session(app, session, response)

    def is_null_session(self, obj: object) -> Any:
        return self.__interface.is_null_session(obj)

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> Any:
        return self.__interface.should_set_cookie(app, session)

    def regenerate(self, session: SessionMixin) -> None:
        self.__interface.regenerate(session)
