"""Views whose responses are stored, and answer later requests (RFC 9111)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..requests.current import app_object, request_object
from ..requests.mark import mark_of
from ..requests.running import is_running, running
from .plain_view import PlainView
from .refresh import Refresher
from .stored_answer import StoredAnswer, StoredParts

if TYPE_CHECKING:
    from ..config.settings import Settings
    from ..headers.response_class import Patterns
    from ..monitoring.counters import Stats
    from ..monitoring.log import Log
    from ..store.store import Store
    from .file_views import FileViews
    from .route_key import RouteKey

View = Callable[..., Any]


class StoredViews:
    """A wrapper for the views of one app whose responses are stored.

    :param open_store: a function that returns the app's store. It can be called once the
        installation is finished.
    :param files: what is known of the files that the views send.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        stats: Stats,
        patterns: Patterns,
        open_store: Callable[[], Store],
        files: FileViews,
    ) -> None:
        self._parts = StoredParts(settings, log, stats, Refresher(), patterns)
        self._open_store = open_store
        self._files = files

    def serve(self, name: str, view: View) -> View:
        """Wrap a view, so that the store answers requests before it.

        The wrapper runs in the view's place, after every ``before_request`` function, so that
        access checks of the app protect stored responses, too. A view that another one calls runs
        as it does in plain Flask.

        :param name: the endpoint of the view.
        """
        as_it_is = PlainView(view, self._files)

        @functools.wraps(view)
        def serve(*args: Any, **kwargs: Any) -> Any:
            this = request_object()
            mark = mark_of(this)
            if this.endpoint != name or (mark is not None and is_running(mark)):
                return view(*args, **kwargs)
            if mark is None or this.method == "OPTIONS":
                return as_it_is.serve(*args, **kwargs)
            app, policy = app_object(), mark.policy

            def call(function: Callable[..., Any]) -> Any:
                return app.ensure_sync(function)(*args, **kwargs)

            key: RouteKey | None = None
            if policy.has_key or policy.unless is not None:
                from .route_key import RouteKey, is_exempt  # few apps need it

                if is_exempt(self._parts.log, mark, this, call):
                    mark.view.exempt = True
                    with running(mark):
                        return call(view)
                if policy.has_key:
                    key = RouteKey(self._parts.log, mark, this, call)
            store, path = self._open_store(), this.environ["PATH_INFO"]
            if store.leaves_out(name, path) and self._files.takes(mark, this.environ):
                with running(mark):
                    response = as_it_is.respond(app, mark, this, args, kwargs)
                if mark.view.representation is None:  # It sends something else now.
                    store.leave_out(name, path, left=False)
                return response

            answer = StoredAnswer(self._parts, store, app, this, mark, as_it_is.serve, call, key)
            response = answer.response()
            if mark.view.representation is not None and not policy.store:
                store.leave_out(name, path, left=True)
            return response

        return serve
