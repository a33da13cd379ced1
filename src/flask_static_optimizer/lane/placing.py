"""The place of the lane in an app: innermost, where Flask's own method is called."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, MemberDescriptorType, MethodType
from typing import TYPE_CHECKING, Any

from flask import Flask

from .middleware import Lane
from .stand_in import stand_in

if TYPE_CHECKING:
    from ..monitoring.counters import Stats
    from ..requests.endpoints import EndpointTable

#: The number of objects that are looked through for the place where they call the app.
_OBJECTS = 64


def add_lane(
    endpoints: EndpointTable, stats: Stats, app: Flask, complete: Callable[[Flask], None]
) -> Lane | None:
    """Install the lane in an app, inside of all middleware.

    A middleware sees all requests, whether it was there before or is added later. If an earlier one
    does not show where it calls the app, the lane would have to bypass it, so there is none.

    :param complete: a function that finishes the installation at the first request, and opens the
        lane.
    :returns: the lane, or ``None`` if it is not installed.
    """
    lane = Lane(endpoints, stats, app, complete)
    wsgi_app = stand_in(lane, app)
    if not _is_own_method(app.wsgi_app, app):
        lane.outer = vars(app).get("wsgi_app")
        if _put_inside(app, wsgi_app):
            return lane
        if lane.outer is not None:
            return None
    app.wsgi_app = wsgi_app  # type: ignore[method-assign]
    return lane


def _put_inside(app: Flask, wsgi_app: Callable[..., Any]) -> bool:
    """Put a WSGI app wherever an app's middleware keeps Flask's own method to call it.

    :returns: whether there is such a place.
    """
    is_found = False
    for key, held, put in _kept(app.wsgi_app):
        if _is_own_method(held, app):
            with suppress(Exception):  # the middleware does not let itself be changed
                put(key, wsgi_app)
                is_found = True
    return is_found


def _kept(middleware: object) -> Iterator[tuple[Any, object, Callable[[Any, Any], None]]]:
    """Yield what a middleware keeps, and what those keep that it calls.

    No code of theirs is run for it, so types are compared and not asked: a proxy of a method, which
    tracers make, says that it is one.

    :returns: the key and the object, and a function that puts another one under a key.
    """
    queue = deque([middleware])
    for _ in range(_OBJECTS):
        if not queue:
            return
        holder = queue.popleft()
        if type(holder) is MethodType:  # of a middleware that is no callable itself
            holder = holder.__self__
        items, put = _items(holder)
        for key, held in items:
            yield key, held, put
            if callable(held) or type(held) is dict:
                queue.append(held)


def _items(holder: Any) -> tuple[list[tuple[Any, object]], Callable[[Any, Any], None]]:
    """Return the attributes of an object, or the items of a dictionary, and how to set one."""
    kind = type(holder)
    if kind is dict:  # as Werkzeug's DispatcherMiddleware has one
        return list(holder.items()), holder.__setitem__
    items: list[tuple[Any, object]] = []
    # A function is not looked through: what is in its attributes it does not call.
    if not issubclass(kind, (Flask, type, FunctionType)):
        with suppress(AttributeError):
            items += object.__getattribute__(holder, "__dict__").items()
        for base in kind.__mro__:
            if "__slots__" in vars(base):  # as Sentry's middleware has them
                items += _filled(vars(base).values(), holder)
    return items, partial(setattr, holder)


def _filled(attributes: Iterable[Any], holder: object) -> Iterator[tuple[str, object]]:
    """Yield the slots among the attributes of a class that an object has filled."""
    for slot in attributes:
        if type(slot) is MemberDescriptorType:
            with suppress(AttributeError):
                yield slot.__name__, slot.__get__(holder)


def _is_own_method(held: object, app: Flask) -> bool:
    return type(held) is MethodType and held.__self__ is app and held.__func__ is type(app).wsgi_app
