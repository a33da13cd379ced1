"""The functions that an app runs before a view, called without a search for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..config.bounded import Bounded
from .observers import replaced_steps

if TYPE_CHECKING:
    from flask import Flask, Request

    from ..requests.known import Match


#: The number of functions that are remembered. Flask takes no more once it serves, but a function
#: may put others into its tables with each request.
_FUNCTIONS = 256


class BeforeView:
    """A caller of the functions that one app has registered to run before its views.

    For each request ``Flask.preprocess_request`` finds out the blueprints of the endpoint, and
    whether each function is async. Here the URL match tells the one, and the first call the other.
    """

    def __init__(self, app: Flask) -> None:
        #: Flask's own methods; ``None`` if one was replaced. They may be, later on, too.
        self._preprocess = self._ensure_sync = None
        if not replaced_steps(app, ("preprocess_request", "ensure_sync")):
            self._preprocess, self._ensure_sync = app.preprocess_request, app.ensure_sync
        #: Functions that are not async, by their ids.
        self._plain: Bounded[int, Callable[[], Any]] = Bounded(_FUNCTIONS)

    def call(self, app: Flask, this: Request, match: Match) -> Any:
        """Call them as ``Flask.preprocess_request`` does, and return what the last one returned."""
        if (
            app.preprocess_request != self._preprocess
            or app.ensure_sync != self._ensure_sync
            or this.url_rule is not match.rule
        ):
            return app.preprocess_request()
        names, plain = match.names, self._plain
        by_name = app.url_value_preprocessors
        if by_name:
            for name in names:
                for prepare in by_name.get(name, ()):
                    prepare(this.endpoint, this.view_args)
        get = app.before_request_funcs.get
        for name in names:
            for hook in get(name, ()):
                returned = hook() if id(hook) in plain else self._first(app, hook)
                if returned is not None:
                    return returned
        return None

    def _first(self, app: Flask, hook: Callable[[], Any]) -> Any:
        """Call a function for the first time, or one that is async."""
        plain = app.ensure_sync(hook)
        if plain is hook:
            self._plain[id(hook)] = hook  # as long as it is kept here, no other has its id
        return plain()
