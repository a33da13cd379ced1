"""The answer to one request of a view whose responses are stored (RFC 9111)."""

from __future__ import annotations

import functools
import io
import sys
import time
from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask, Response, abort, after_this_request, got_request_exception
from flask.globals import app_ctx
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from ..headers.response_class import Patterns
from ..http.content import has_content
from ..requests.running import running
from ..store import rules, validation
from ..store.entry import HIT, Entry
from ..store.hit import Hit
from ..store.single_flight import Role
from .refresh import Refresher, is_refresh
from .revalidation import ask_view
from .storing import StoringRun
from .validators import ViewValidators

if TYPE_CHECKING:
    from flask import Request

    from ..config.settings import Settings
    from ..monitoring.counters import Stats
    from ..monitoring.log import Log
    from ..requests.mark import Mark
    from ..store.index import Place
    from ..store.store import Store
    from .route_key import RouteKey

View = Callable[..., Any]

#: Whether Flask's own steps take the context, as from Flask 3.2.
_TAKES_CONTEXT = "ctx" in signature(Flask.log_exception).parameters


class StoredParts(NamedTuple):
    """The parts of the extension that answer requests of stored views."""

    settings: Settings
    log: Log
    stats: Stats
    refresher: Refresher
    patterns: Patterns


class StoredAnswer:
    """A request to a stored view, and the steps that answer it."""

    def __init__(
        self,
        parts: StoredParts,
        store: Store,
        app: Flask,
        this: Request,
        mark: Mark,
        view: View,
        call: Callable[[View], Any],
        key: RouteKey | None = None,
    ) -> None:
        self._parts = parts
        self._app = app
        self._this = this
        self._environ = this.environ
        self._mark = mark
        self._view = view
        self._call = call
        self._store = store
        self._scope = self._store.scope(mark.endpoint.name, mark.policy)
        self._key = key
        self._text = None if key is None else key.text
        if key is not None:
            self._call = key.showing(call)
        self._validators = ViewValidators(mark, self._call)

    def response(self) -> Response:
        """Return the response, out of the store or of the view."""
        self._mark.is_refresh = is_refresh(self._environ)
        if has_content(self._environ):
            return self._run(self._new_run(None, "bypass"))
        if not self._scope.stored or self._mark.protected:
            return self._not_modified() or self._run(None)
        if self._lacks_key() or not self._store.admits(self._environ, self._scope):
            return self._not_modified() or self._run(self._new_run(None, "bypass"))
        if self._mark.is_refresh:
            place = self._store.find(self._environ, self._scope, self._text)
            run = self._new_run(place, "stale", leading=True)
            return self._renewed(place) or self._run(run)
        return self._look_up()

    def _lacks_key(self) -> bool:
        """Return whether the response may depend on more than its key, or there is no key."""
        key = self._key
        return key is not None and (not key.is_known or key.leaks())

    def _look_up(self) -> Response:
        store, environ = self._store, self._environ
        until, how, result = None, HIT, "hit"
        while True:
            place = store.find(environ, self._scope, self._text)
            entry = None if place is None else place.entry
            now = time.time()
            if entry is not None and store.is_fresh(entry, now, environ):
                return self._hit(entry, now, how, result)
            if until is None:
                until = store.single_flight.deadline()
                answer = self._not_modified() or self._renewed(place)
                if answer is not None:
                    return answer
            if place is not None and entry is not None and store.may_be_stale(entry, now, environ):
                self._parts.refresher.start(self._app, environ, store.single_flight, place.selected)
                return self._hit(entry, now, result="stale")
            if store.options.obeys_requests and rules.only_if_cached(environ):
                abort(504)
            forwarded = "bypass" if place is None else place.why_forwarded(now)
            unshared = rules.why_not_asked(environ, public=self._scope.public)
            if place is None or unshared or forwarded == "request":
                return self._run(self._new_run(None if unshared else place, forwarded), place)
            is_over = functools.partial(self._is_over, place)
            role = store.single_flight.join(place.selected, until, is_over)
            if role is not Role.WAITED:
                leading = role is Role.LEADING
                return self._run(self._new_run(place, forwarded, leading=leading), place)
            how, result = f"fwd={forwarded}; collapsed", "collapsed"

    def _is_over(self, before: Place) -> bool:
        """Return whether the response that was missing at a place is there by now."""
        place = self._store.find(self._environ, self._scope, self._text)
        if place is None:
            return False
        # The response turned out to vary, so that this request may need another variant.
        if place.selected != before.selected:
            return True
        entry = place.entry
        return entry is not None and self._store.is_fresh(entry, time.time(), self._environ)

    def _new_run(self, place: Place | None, forwarded: str, *, leading: bool = False) -> StoringRun:
        parts = self._parts
        return StoringRun(
            parts.settings,
            parts.log,
            self._store,
            self._scope,
            self._environ,
            place,
            forwarded,
            leading=leading,
        )

    def _run(self, run: StoringRun | None, place: Place | None = None) -> Response:
        """Run the view; return its response, or a stale one in place of an error.

        :param place: the place in the store where a stale response may be.
        """
        self._validators.ask()
        self._mark.run = run
        if run is not None:
            _at_close(self._this, run.give_up)
            if run.wanted:
                self._environ["wsgi.input"] = io.BytesIO()  # The key contains no content.
                after_this_request(run.view_begins)
        try:
            with running(self._mark):
                response = ask_view(self._app, self._mark, run, lambda: self._call(self._view))
            stale = self._instead_of(response.status_code, place)
        except BaseException as error:
            if run is not None:
                run.give_up()
            stale = self._instead_of_exception(error, place)
            if stale is None:
                self._count_run(run)
                raise
        if stale is not None:
            if run is not None:
                run.give_up()
            self._mark.run = None
            return stale
        if run is not None and run.wanted:
            after_this_request(run.view_ended)
            if self._lacks_key():  # what a hook has kept of the parameters was read by the view
                run.withhold("it may depend on parameters that its key leaves out")
        if run is not None and self._mark.view.representation is not None:
            run.leave()
            self._mark.run = None
        else:
            self._count_run(run)
        self._validators.say(response)
        return response

    def _instead_of_exception(self, error: BaseException, place: Place | None) -> Response | None:
        if isinstance(error, HTTPException):
            return self._instead_of(error.code or 500, place)
        if not isinstance(error, Exception):
            return None
        stale = self._instead_of(500, place)
        if stale is not None:
            # Receivers and logs that monitor errors must get the exception all the same.
            got_request_exception.send(self._app, _async_wrapper=None, exception=error)
            _log_exception(self._app)
        return stale

    def _instead_of(self, status: int, place: Place | None) -> Response | None:
        """Return a stale response that may stand in for an error (RFC 5861 §4), if there is one."""
        entry = None if place is None else place.entry
        now = time.time()
        if status < 500 or entry is None or not rules.usable_if_error(entry.head, now):
            return None
        return self._hit(entry, now, f"fwd=stale; fwd-status={status}", "stale")

    def _not_modified(self) -> Response | None:
        """Return a 304 if a validator shows, before the view runs, that the client has it all."""
        response = self._validators.not_modified(self._app, self._environ)
        if response is not None:
            self._count("revalidated")
        return response

    def _renewed(self, place: Place | None) -> Response | None:
        """Return a stale response that a validator shows to be still what the view would make."""
        etag, _ = self._validators.ask()
        entry = None if place is None else place.entry
        if place is None or entry is None or etag is None or etag != entry.head.etag:
            return None
        if any(name.lower() == "expires" for name, _ in entry.head.fields):
            return None
        now = time.time()
        renewed = Entry(entry.head._replace(made=now, initial_age=0), entry.body)
        kept = self._store.index.keep(
            place, renewed, place.varying, self._environ, spare=validation.spare(entry.head)
        )
        stored = "; stored" if kept else ""
        return self._hit(renewed, now, f"fwd=stale; fwd-status=304{stored}", "revalidated")

    def _hit(self, entry: Entry, now: float, how: str = HIT, result: str = "hit") -> Response:
        """Return a stored response, complete but for what other hooks do.

        :param how: how it was found, as ``Cache-Status`` says it.
        :param result: how it is counted.
        """
        app, view, status = self._app, self._mark.view, entry.head.status
        pattern, body = self._parts.patterns[app.response_class], [entry.body]
        if status == 200:  # Hooks see the whole; conditions and ranges are judged after them.
            hit = Hit(entry, now, how)
            fields = hit.headers
            response = pattern.response(body, fields, passes=False)
            view.hit, view.pattern = hit, pattern
        else:
            fields = entry.answer(now, status, how=how).headers
            response = pattern.kind(body, status, Headers(fields))
        if len(response.headers) > len(fields):  # The class has added a Content-Type.
            del response.headers["Content-Type"]
        self._parts.stats.add((0, 0, 0, 0, 0, 0, 1))
        self._count(result)
        view.response = response
        view.etag = entry.head.etag
        view.body = tuple(body)
        view.sent = response.headers.to_wsgi_list()
        return response

    def _count_run(self, run: StoringRun | None) -> None:
        """Count that the view has run, where its responses are stored and are no files."""
        if run is not None:
            self._count("miss" if run.has_place else "bypass")

    def _count(self, result: str) -> None:
        if self._scope.stored and not self._mark.protected and not self._mark.is_refresh:
            self._parts.stats.looked_up(self._mark.endpoint.name, result)


def _log_exception(app: Flask) -> None:
    """Log the exception that is being handled as Flask does, which an app may do in its own way."""
    given: list[Any] = [sys.exc_info()]
    if _TAKES_CONTEXT:
        given.insert(0, app_ctx._get_current_object())  # type: ignore[attr-defined]
    app.log_exception(*given)


def _at_close(request: Request, function: Callable[[], None]) -> None:
    """Call a function when Flask closes a request, which it does whatever hooks raise."""

    def close() -> None:
        del request.close  # a circle of references, else
        function()
        request.close()

    request.close = close  # type: ignore[method-assign]
