"""The express lane: WSGI middleware that answers some static requests without Flask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from flask import Flask

from ..config.errors import ConfigurationError
from ..http.answer import STATUS_LINES, Answer, start
from ..http.bodies import sent, wrapped_bytes
from ..http.workers import is_for_worker
from ..requests.paths import CLOSED, Gate
from .observers import KEPT, anybody_listens
from .valid_hosts import ValidHosts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ..assets.asset import Asset
    from ..assets.representation import Representation
    from ..monitoring.counters import Stats
    from ..requests.endpoints import EndpointTable
    from ..requests.known import Known
    from ..requests.remembered import Key
    from .files import LaneFiles
    from .steps import Steps
    from .stored import StoredRoutes

#: The keys of an environ that leave the request to Flask, as its response may be private, or use
#: another protocol.
_FOR_FLASK = frozenset({"HTTP_AUTHORIZATION", "REMOTE_USER", "HTTP_UPGRADE"})

OK, NOT_MODIFIED = STATUS_LINES[200], STATUS_LINES[304]


class Lane:
    """A WSGI middleware that answers as Flask would, where Flask would run only a static view.

    Until the installation is finished the lane is closed, and leaves all requests to Flask. Once
    open, it leaves to Flask all errors and all requests that it can't answer with certainty.

    :param complete: a function that finishes the installation at the first request, and may open
        the lane.
    """

    def __init__(
        self,
        endpoints: EndpointTable,
        stats: Stats,
        app: Flask,
        complete: Callable[[Flask], None],
    ) -> None:
        #: The middleware that the lane was put inside of, if there was one.
        self.outer: object = None
        self._is_reached = False
        self._endpoints = endpoints
        self._stats = stats
        self._complete = complete
        # Strong, as in a bound method: whoever keeps only app.wsgi_app keeps the app.
        self._app = app
        self._files: LaneFiles | None = None
        self._routes: StoredRoutes | None = None
        self._answers: Mapping[Key, Representation] = {}
        self._take: Callable[..., Iterable[bytes]] | None = None
        self._hooked: Mapping[Key, Known] = {}
        self._rules: list[str] = []
        #: The endpoints that the lane may answer without hooks.
        self._without_hooks: frozenset[str] = frozenset()
        # Until the installation is finished, the lane looks at every request.
        self._admit(Gate())
        self._watched = self._counts = self._is_wrapped = True
        self._recheck = 0.0
        self._is_current: Callable[[Asset], bool] = _unknown
        self._hosts = ValidHosts()

    def open(
        self,
        files: LaneFiles,
        routes: StoredRoutes | None,
        *,
        recheck: float,
        watched: bool,
        counts: bool,
        wrapped: bool,
    ) -> None:
        """Open the lane for some folders and routes for which Flask would run no hook.

        :param routes: the routes; ``None`` if the app stores no responses.
        :param recheck: the time in seconds for which a file is taken as unchanged after a check.
        :param watched: whether files are left to Flask where a signal receiver or a test client
            would notice that Flask did not run. Stored routes always are.
        :param counts: whether to count the files that the lane serves.
        :param wrapped: whether a middleware gets what the lane returns. It may take it for an
            iterator that can be closed, which all bodies of Flask are. Servers do not.
        """
        self._files, self._routes = files, routes
        self._recheck, self._is_current = recheck, files.remembered.is_current
        self._watched, self._counts, self._is_wrapped = watched, counts, wrapped
        self._answers = files.remembered.values
        self._without_hooks = frozenset({*files.endpoints, *(routes.endpoints if routes else ())})
        self._admit_more(files.rules + (routes.rules if routes else []))

    def open_steps(self, steps: Steps, rules: list[str]) -> None:
        """Open the lane for known static requests, with all of the app's hooks.

        :param rules: the URL rules of these requests, in the form of ``PATH_INFO``.
        """
        self._take, self._hooked = steps.take, steps.files
        self._admit_more(rules)

    @property
    def is_bypassed(self) -> bool:
        """True as long as the middleware around the lane has called the app in another way.

        The first request shows it, or one without a ``Host``.
        """
        return self.outer is not None and not self._is_reached

    def _admit_more(self, rules: list[str]) -> None:
        self._rules += rules
        self._admit(Gate.over(self._rules))

    def _admit(self, gate: Gate) -> None:
        self._length, self._heads = gate.length, gate.heads

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let Flask answer it."""
        # The most frequent requests come first, and cost less than a microsecond: those for a small
        # whole file, and those that a 304 answers, as they have exactly the validator that was
        # sent. Representation.answer() gives the same answers (tests/lane/test_fast_path.py
        # compares the two).
        get = environ.get
        try:
            path = environ["PATH_INFO"]
            key = (path, environ["QUERY_STRING"], get("HTTP_ACCEPT_ENCODING"), environ["HTTP_HOST"])
        except KeyError:  # The environ is incomplete, or the request is HTTP/1.0 without a Host.
            return self._ask(environ, start_response)
        known = self._answers.get(key)
        if known is None:
            app = self._app
            if path[: self._length] not in self._heads:  # A page must not wait.
                if path[:1] != "/":
                    return self._below(path, self._known(key), environ, start_response)
                return type(app).wsgi_app(app, environ, start_response)
            hooked = self._known(key)
            if (hooked is not None or not self._without_hooks) and self._take is not None:
                return self._take(app, hooked, environ, start_response)
        elif (
            (
                (self._recheck and monotonic() - known.asset.seen < self._recheck)
                or self._is_current(known.asset)
            )
            # One field after the other: a set of them takes longer, although it is shorter.
            and not (
                "HTTP_AUTHORIZATION" in environ
                or "REMOTE_USER" in environ
                or "HTTP_UPGRADE" in environ
                or (known.is_script and is_for_worker(environ))
            )
            and not (self._watched and self._is_observed(environ))
            and ((method := environ["REQUEST_METHOD"]) == "GET" or method == "HEAD")
        ):
            if not ("HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ):
                tag = get("HTTP_IF_NONE_MATCH")
                if tag is None:
                    since = get("HTTP_IF_MODIFIED_SINCE")
                    same = since == known.last_modified
                else:
                    same = tag == known.etag
                if same:
                    start_response(NOT_MODIFIED, known.headers_304.copy())
                    if self._counts:
                        self._stats.served_file(known, environ, 304)
                    return sent() if self._is_wrapped else ()
                if (
                    tag is None
                    and since is None
                    and known.small_body is not None
                    and "HTTP_RANGE" not in environ
                ):
                    start_response(OK, known.headers.copy())
                    if self._counts:
                        self._stats.served_file(known, environ, 200)
                    body = () if method == "HEAD" else (known.small_body,)
                    return sent(*body) if self._is_wrapped else body
            if "HTTP_IF_RANGE" not in environ:
                answer = self._answer_with(known, environ)
                if answer is not None:
                    return start(answer, start_response)
        return self._ask(environ, start_response)

    def _ask(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._is_reached = True
        answer = self.answer(environ)
        if answer is not None:
            return start(answer, start_response)
        if self._take is not None:
            return self._take(self._app, None, environ, start_response)
        return self._flask(environ, start_response)

    def _below(
        self,
        path: str,
        hooked: Known | None,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Answer a request whose path has lost its first slash to a middleware's prefix.

        Werkzeug puts it back, so for Flask it is a request like any other.
        """
        if hooked is not None and self._take is not None:
            return self._take(self._app, hooked, environ, start_response)
        answer = self.answer(environ | {"PATH_INFO": f"/{path}"})
        if answer is not None:
            return start(answer, start_response)
        return self._flask(environ, start_response)

    def _known(self, key: Key) -> Known | None:
        """Return what is known of a request for a file, unless the lane itself may answer it."""
        hooked = self._hooked.get(key)
        if hooked is not None and hooked.match.endpoint.name in self._without_hooks:
            return None
        return hooked

    def _flask(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return type(self._app).wsgi_app(self._app, environ, start_response)

    def _begin(self) -> None:
        """Finish the installation, so that the lane can answer the first request, too."""
        # The extension's before_request hook raises the error again, where Flask reports it.
        with suppress(ConfigurationError):
            self._complete(self._app)
        if not self._rules:
            self._admit(CLOSED)

    def answer(self, environ: WSGIEnvironment) -> Answer | None:
        """Return the answer to a request, or ``None`` if Flask has to be asked.

        The caller has to close the body, if it has a ``close`` method.
        """
        if self._files is None and not self._endpoints.complete:
            self._begin()
        files, routes = self._files, self._routes
        if files is None or "PATH_INFO" not in environ:
            return None
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD") or not environ.keys().isdisjoint(_FOR_FLASK):
            return None
        if is_for_worker(environ) or not self._hosts.take(environ):
            return None
        path = environ["PATH_INFO"]
        answer = None
        gate = files.gate
        if path[: gate.length] in gate.heads and not (self._watched and self._is_observed(environ)):
            answer = self._file(files, self._app, environ)
        if answer is not None or routes is None:
            return answer
        gate = routes.gate
        if path[: gate.length] in gate.heads and not self._is_observed(environ):
            return routes.answer(environ)
        return None

    def _is_observed(self, environ: WSGIEnvironment) -> bool:
        """Return whether a signal receiver or a test client would notice that Flask did not run."""
        return KEPT in environ or anybody_listens(self._app)

    def _file(self, files: LaneFiles, app: Flask, environ: WSGIEnvironment) -> Answer | None:
        try:
            found = files.find(app, environ)
        except OSError:
            return None  # Flask's own view reports the error.
        return None if found is None else self._answer_with(found, environ)

    def _answer_with(
        self, representation: Representation, environ: WSGIEnvironment
    ) -> Answer | None:
        try:
            answer = representation.answer(environ)
        except OSError:
            return None  # Flask's own view reports the error.
        if answer is None:
            return None
        if self._counts:
            self._stats.served_file(representation, environ, answer.status)
        return answer._replace(body=wrapped_bytes(answer.body, environ))


def _unknown(_: Asset) -> bool:
    """Return ``False``, as no file has been checked before the lane is open."""
    return False
