"""The steps of Flask for a known request, with all of the app's hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol

from flask import (
    Flask,
    after_this_request,
    has_request_context,
    request_finished,
    request_started,
)

from ..requests.current import request_object
from ..requests.known_adapter import hand_on
from ..requests.mark import mark_of
from .observers import KEPT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Request, Response

    from ..requests.known import Known, Match
    from ..requests.known_requests import KnownRequests
    from ..requests.mark import Mark
    from .before_view import BeforeView

#: The parameters of the steps as Flask has them up to 3.1. With others, Flask takes its own way.
_PARAMETERS = {
    "request_context": ("self", "environ"),
    "preprocess_request": ("self",),
    "dispatch_request": ("self",),
    "make_response": ("self", "rv"),
    "process_response": ("self", "response"),
    "handle_user_exception": ("self", "e"),
    "handle_exception": ("self", "e"),
    "should_ignore_error": ("self", "error"),
}

Returned = Callable[[Flask, "Mark", "Request", "Response"], "Response"]
Respond = Callable[[Flask, "Mark", "Request", "Known"], "Response"]


class Sessions(Protocol):
    """A part that knows which session interface requests are served with."""

    @property
    def served(self) -> object:
        """The session interface."""


class Steps:
    """The steps that Flask takes for a request, in which a known response is the view's.

    They are those of ``Flask.wsgi_app`` and ``Flask.full_dispatch_request``, by the same public
    methods and in the same order, but for the dispatch to the view. All hooks, error handlers,
    signals and teardown functions run.

    :param before: calls the app's functions that run before the view.
    :param requests: the known requests.
    :param sessions: has the session interface that keeps sessions out of static requests.
    :param respond: makes the response of a known file.
    :param returned: describes the response of a view, before hooks see it.
    """

    def __init__(
        self,
        before: BeforeView,
        requests: KnownRequests,
        sessions: Sessions,
        respond: Respond,
        returned: Returned,
    ) -> None:
        self._before = before
        #: What is known of requests for files, by what selects a representation.
        self.files = requests.files.values
        self._requests = requests
        self._sessions = sessions
        self._respond = respond
        self._returned = returned

    def take(
        self,
        app: Flask,
        known: Known | None,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Answer a request, as ``Flask.wsgi_app`` does.

        :param known: what is known of it, if it is for a file.
        """
        if known is not None and not self._requests.answers(known, environ):
            known = None
        match = self._requests.route(environ) if known is None else known.match
        # An interface that was assigned meanwhile opens the real session, until the hook adopts it.
        is_adopted = app.session_interface is self._sessions.served
        if match is None or not is_adopted or KEPT in environ:
            return type(app).wsgi_app(app, environ, start_response)
        hand_on(match, known, environ)
        context = app.request_context(environ)
        error: BaseException | None = None
        try:
            try:
                context.push()
                response = self._dispatched(app, match, known, context.request)
            except Exception as raised:  # noqa: BLE001  # Flask logs it
                error = raised
                response = self._failed(app, context.request, raised)
            except BaseException as raised:
                error = raised
                raise
            return response(environ, start_response)
        finally:
            if error is not None and app.should_ignore_error(error):
                error = None
            context.pop(error)

    def _dispatched(self, app: Flask, match: Match, known: Known | None, this: Request) -> Response:
        """Return the final response, as ``Flask.full_dispatch_request`` does."""
        mark = mark_of(this)
        response: Response | None = None
        returned: Any = None
        try:
            if request_started.receivers:
                request_started.send(app, _async_wrapper=app.ensure_sync)
            returned = self._before.call(app, this, match)
            if returned is None:
                response = self._known(app, known, mark, this)
                if response is None:
                    returned = app.dispatch_request()
        except Exception as error:  # noqa: BLE001  # Flask decides about it
            returned = app.handle_user_exception(error)
        if response is None:
            response = app.make_response(returned)
            if mark is not None:
                self._returned(app, mark, this, response)
        response = app.process_response(response)
        if request_finished.receivers:
            request_finished.send(app, _async_wrapper=app.ensure_sync, response=response)
        return response

    def _known(
        self, app: Flask, known: Known | None, mark: Mark | None, this: Request
    ) -> Response | None:
        """Return the known response, unless hooks have changed the request or the file has gone."""
        if (
            known is None
            or mark is None
            or this.routing_exception is not None
            or this.url_rule is not known.match.rule
            or this.method != "GET"
            or request_object() is not this
        ):
            return None
        if not known.is_for(app, this.environ, this.view_args or {}):
            return None
        try:
            response = self._respond(app, mark, this, known)
        except OSError:
            return None
        view = mark.view
        view.status, view.succeeded, mark.has_returned = 200, True, True
        return response

    def _failed(self, app: Flask, this: Request, error: Exception) -> Response:
        """Return the response for an unhandled exception, as ``Flask.wsgi_app`` does."""
        mark, described = mark_of(this), False
        if mark is not None and has_request_context():

            @after_this_request
            def returned(response: Response) -> Response:
                nonlocal described
                described = True
                return self._returned(app, mark, this, response)

        response = app.handle_exception(error)
        if mark is not None and not described:  # an earlier function of this request has raised
            self._returned(app, mark, this, response)
        return response


def has_known_steps() -> bool:
    """Return whether Flask has the steps that are known here."""
    return all(
        tuple(signature(getattr(Flask, name)).parameters) == parameters
        for name, parameters in _PARAMETERS.items()
    )
