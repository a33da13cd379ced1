"""A count of the calls of an app's session interface."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...session.interface import is_aware
from .tally import Counts

if TYPE_CHECKING:
    from flask import Flask

_OPEN, _SAVE = "open_session", "save_session"


@contextmanager
def counted_sessions(app: Flask) -> Iterator[Callable[[], Counts]]:
    """Count how often the app's own session interface opens and saves a session.

    The methods are replaced on its class, as some apps and extensions decide by the type of the
    object. What the extension keeps from the interface does not count.

    :raises TypeError: if the class can't be changed, as it is compiled.
    """
    kind: Any = type(app.session_interface)
    while is_aware(kind):
        kind = kind.__base__
    calls = {_OPEN: 0, _SAVE: 0}

    def counting(name: str) -> Any:
        method = getattr(kind, name)

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return method(*args, **kwargs)

        return call

    own = {name: vars(kind).get(name) for name in calls}
    for name in calls:
        setattr(kind, name, counting(name))
    try:
        yield lambda: Counts(calls[_OPEN], calls[_SAVE])
    finally:
        for name, method in own.items():
            if method is None:
                delattr(kind, name)
            else:
                setattr(kind, name, method)
