"""The object at ``app.wsgi_app``, which is called as the lane and is else what it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from .middleware import Lane


class StandIn(partial):  # type: ignore[type-arg]
    """A WSGI app in the place of another, which it calls in its own way.

    Calling it costs no Python frame, and so no request anything. All attributes, its class among
    them, are those of the other.
    """

    __slots__ = ("_stands_for",)

    def __getattribute__(self, name: str) -> Any:
        return getattr(_original(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(_original(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_original(self), name)

    def __dir__(self) -> Iterable[str]:
        return dir(_original(self))

    def __repr__(self) -> str:
        return repr(_original(self))

    def __eq__(self, other: object) -> bool:
        return self is other or bool(_original(self) == other)

    def __hash__(self) -> int:
        return hash(_original(self))


def stand_in(lane: Lane, app: Flask) -> StandIn:
    """Return what is called as a lane, in the place of Flask's own method of an app."""

    def original() -> Any:
        return MethodType(type(app).wsgi_app, app)

    made = StandIn(type(lane).wsgi_app, lane)
    object.__setattr__(made, "_stands_for", original)
    return made


def _original(made: StandIn) -> Any:
    get: Callable[[], Any] = object.__getattribute__(made, "_stands_for")
    return get()
