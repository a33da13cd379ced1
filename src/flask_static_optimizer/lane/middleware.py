"""The express lane: what is the same for everybody, answered before Flask is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING
from weakref import ref

from flask import Flask
from werkzeug.exceptions import BadHost
from werkzeug.routing import Map
from werkzeug.wsgi import get_host

from ..config.bounded import Bounded
from ..config.errors import ConfigurationError
from ..http.answer import STATUS_LINES, Answer, start
from ..http.bodies import wrapped_bytes
from ..http.workers import is_for_worker
from .observers import anybody_listens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ..assets.asset import Asset
    from ..assets.representation import Representation
    from ..monitoring.counters import Stats
    from ..requests.endpoints import EndpointTable
    from .files import Key, LaneFiles
    from .stored import StoredRoutes

#: What makes a request one for Flask: it may be answered in private, or by another protocol.
_FOR_FLASK = frozenset({"HTTP_AUTHORIZATION", "REMOTE_USER", "HTTP_UPGRADE"})

#: Where Flask's test client asks for the context, to look into it afterwards.
_KEPT = "werkzeug.debug.preserve_context"

OK, NOT_MODIFIED = STATUS_LINES[200], STATUS_LINES[304]

_ANY_URLS = Map()

#: Hosts remembered as good ones: a client may think up any.
_HOSTS = 1024


class Lane:
    """WSGI middleware that answers as Flask would, where all that it would run is our view.

    It is closed, and leaves everything to Flask, until the app is complete. Then it leaves to
    Flask whatever it does not plainly know the answer to, and all errors.

    :param inner: a middleware that the app has already; what is answered here does not reach it.
    :param complete: finishes the installation at the first request, and may open the lane.
    """

    def __init__(
        self,
        endpoints: EndpointTable,
        stats: Stats,
        app: Flask,
        inner: WSGIApplication | None,
        complete: Callable[[Flask], None],
    ) -> None:
        self.inner = inner
        self._endpoints = endpoints
        self._stats = stats
        self._complete = complete
        # The app holds this; a strong reference back would keep a dropped app alive.
        self._get_app = ref(app)
        self._files: LaneFiles | None = None
        self._routes: StoredRoutes | None = None
        self._answers: Mapping[Key, Representation] = {}
        # Until the app is complete any request is looked at.
        self._prefixes: tuple[str, ...] = ("",)
        self._watched = self._counts = True
        self._recheck = 0.0
        self._is_current: Callable[[Asset], bool] = _unknown
        self._hosts: Bounded[str | None, bool] = Bounded(_HOSTS)

    def open(
        self,
        files: LaneFiles,
        routes: StoredRoutes,
        *,
        recheck: float,
        watched: bool,
        counts: bool,
    ) -> None:
        """Answer for some folders and routes from now on.

        :param recheck: seconds for which a file is believed to be still the same.
        :param watched: whether files are left to Flask where somebody could tell: who listens to
            its signals, or a test client that keeps the context. Routes always are.
        :param counts: whether to count files that are answered.
        """
        self._files, self._routes = files, routes
        self._recheck, self._is_current = recheck, files.is_current
        self._watched, self._counts = watched, counts
        self._answers = files.answers
        self._prefixes = files.prefixes + routes.prefixes

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        # What is asked most comes first, and costs less than a microsecond: a small whole file, and
        # a 304 by the very validator that was sent. Representation.answer() would say the same
        # (tests/lane/test_fast_path.py holds the two together).
        get = environ.get
        try:
            path = environ["PATH_INFO"]
            known = self._answers.get(
                (path, environ["QUERY_STRING"], get("HTTP_ACCEPT_ENCODING"), environ["HTTP_HOST"])
            )
        except KeyError:  # a bare environ, or HTTP/1.0
            return self._ask(environ, start_response)
        if known is None:
            if not path.startswith(self._prefixes):  # a page, which should not wait
                app = self._get_app()
                if self.inner is None and app is not None:
                    return type(app).wsgi_app(app, environ, start_response)
                return self._flask(environ, start_response)
        elif (
            (
                (self._recheck and monotonic() - known.asset.seen < self._recheck)
                or self._is_current(known.asset)
            )
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
                        self._count(known, environ, unmodified=True)
                    return ()
                if (
                    tag is None
                    and since is None
                    and known.small_body is not None
                    and "HTTP_RANGE" not in environ
                ):
                    start_response(OK, known.headers.copy())
                    if self._counts:
                        self._count(known, environ, unmodified=False)
                    return () if method == "HEAD" else (known.small_body,)
            if "HTTP_IF_RANGE" not in environ:
                answer = self._answer_with(known, environ)
                if answer is not None:
                    return start(answer, start_response)
        return self._ask(environ, start_response)

    def _ask(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self.answer(environ)
        if answer is None:
            return self._flask(environ, start_response)
        return start(answer, start_response)

    def _flask(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.inner is not None:
            return self.inner(environ, start_response)
        app = self._app()
        return type(app).wsgi_app(app, environ, start_response)

    def _app(self) -> Flask:
        app = self._get_app()
        assert app is not None, "it is being called"
        return app

    def _begin(self) -> None:
        """Have the app completed, so that the first request is answered as the next ones are."""
        self._prefixes = ()
        with suppress(ConfigurationError):  # which our hook raises again, where Flask reports it
            self._complete(self._app())

    def answer(self, environ: WSGIEnvironment) -> Answer | None:
        """What a request is to get, or ``None`` if it is one for Flask.

        A body that can be closed has to be.
        """
        if self._files is None and not self._endpoints.complete:
            self._begin()
        files, routes = self._files, self._routes
        if files is None or routes is None or "PATH_INFO" not in environ:
            return None
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD") or not environ.keys().isdisjoint(_FOR_FLASK):
            return None
        if is_for_worker(environ) or not self._takes_host(environ):
            return None
        path = environ["PATH_INFO"]
        answer = None
        if path.startswith(files.prefixes) and not (self._watched and self._is_observed(environ)):
            answer = self._file(files, self._app(), environ)
        if answer is None and path.startswith(routes.prefixes) and not self._is_observed(environ):
            answer = routes.answer(environ)
        return answer

    def _is_observed(self, environ: WSGIEnvironment) -> bool:
        """Whether somebody could tell that Flask was not asked."""
        return _KEPT in environ or anybody_listens(self._app())

    def _takes_host(self, environ: WSGIEnvironment) -> bool:
        """Whether Flask would find URLs at a request's host, which is none if it can't be one."""
        host = environ.get("HTTP_HOST")
        if host in self._hosts:
            return True
        try:
            _ANY_URLS.bind(get_host(environ))
        except BadHost:
            return False
        self._hosts[host] = True
        return True

    def _file(self, files: LaneFiles, app: Flask, environ: WSGIEnvironment) -> Answer | None:
        try:
            found = files.find(app, environ)
        except OSError:
            return None  # Flask's own view says what is wrong
        return None if found is None else self._answer_with(found, environ)

    def _answer_with(
        self, representation: Representation, environ: WSGIEnvironment
    ) -> Answer | None:
        try:
            answer = representation.answer(environ)
        except OSError:
            return None  # as above
        if answer is None:
            return None
        if self._counts:
            self._count(representation, environ, unmodified=answer.status == 304)
        return answer._replace(body=wrapped_bytes(answer.body, environ))

    def _count(
        self, representation: Representation, environ: WSGIEnvironment, *, unmodified: bool
    ) -> None:
        saved = representation.saved(unmodified=unmodified)
        self._stats.served_file(environ, unmodified=unmodified, saved=saved)


def _unknown(_: Asset) -> bool:
    """Stand for the look at a file until the lane is open."""
    return False
