"""The place of the lane in an app: innermost, where Flask's own method is called."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from functools import partial
from types import MemberDescriptorType, MethodType
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
    endpoints: EndpointTable,
    stats: Stats,
    app: Flask,
    complete: Callable[[Flask], None],
    *,
    express: bool,
) -> Lane | None:
    """Install the lane in an app, inside of all middleware.

    A middleware sees all requests, whether it was there before or is added later. If an earlier one
    does not show where it calls the app, the lane would have to bypass it, so the lane is installed
    only if the app allows that.

    :param complete: a function that finishes the installation at the first request, and opens the
        lane.
    :param express: whether the lane may bypass a middleware.
    :returns: the lane, or ``None`` if it is not installed.
    """
    lane = Lane(endpoints, stats, app, None, complete)
    if "wsgi_app" not in vars(app) or not _put_inside(app, stand_in(lane, app)):
        inner = vars(app).get("wsgi_app")
        if inner is not None and not express:
            return None
        lane.inner = inner
        app.wsgi_app = stand_in(lane, app)  # type: ignore[method-assign]
    return lane


def _put_inside(app: Flask, wsgi_app: Callable[..., Any]) -> bool:
    """Put a WSGI app wherever an app's middleware keeps Flask's own method to call it.

    :returns: whether there is such a place.
    """
    is_found = False
    for key, held, put in _kept(app.wsgi_app):
        if _is_own_method(held, app):
            with suppress(AttributeError, TypeError):  # it can't be changed
                put(key, wsgi_app)
                is_found = True
    return is_found


def _kept(middleware: object) -> Iterator[tuple[Any, object, Callable[[Any, Any], None]]]:
    """Yield what a middleware keeps, and what those keep that it calls.

    :returns: the key and the object, and a function that puts another one under a key.
    """
    queue = deque([middleware])
    for _ in range(_OBJECTS):
        if not queue:
            return
        holder = queue.popleft()
        if isinstance(holder, MethodType):  # of a middleware that is no callable itself
            holder = holder.__self__
        items, put = _items(holder)
        for key, held in items:
            yield key, held, put
            if callable(held) or isinstance(held, MutableMapping):
                queue.append(held)


def _items(holder: Any) -> tuple[list[tuple[Any, object]], Callable[[Any, Any], None]]:
    """Return the attributes of an object, or the items of a mapping, and how to set one."""
    if isinstance(holder, MutableMapping):  # as Werkzeug's DispatcherMiddleware has one
        return list(holder.items()), holder.__setitem__
    items: list[tuple[Any, object]] = []
    if not isinstance(holder, (Flask, type)):
        items += getattr(holder, "__dict__", {}).items()
        for kind in type(holder).__mro__:
            if "__slots__" in vars(kind):  # as Sentry's middleware has them
                slots = vars(kind).values()
                names = [slot.__name__ for slot in slots if type(slot) is MemberDescriptorType]
                items += [(name, getattr(holder, name, None)) for name in names]
    return items, partial(setattr, holder)


def _is_own_method(held: object, app: Flask) -> bool:
    return (
        isinstance(held, MethodType)
        and held.__self__ is app
        and held.__func__ is type(app).wsgi_app
    )
