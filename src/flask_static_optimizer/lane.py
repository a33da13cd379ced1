"""The express lane: files that are the same for everybody, answered before Flask is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from flask import Flask
from werkzeug.datastructures import Headers

from .choice import Choice, choose
from .headers import offer_to_shared_caches
from .prepared import NOT_MODIFIED, OK, Answer, Prepared, start
from .shortcut import NOWHERE, Shortcut
from .stats import bytes_saved

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Blueprint

    from .assets.asset import Asset
    from .assets.mount import Mount
    from .policy import CachePolicy
    from .state import AppState

#: Where Werkzeug's test client asks that the context be kept.
_KEPT = "werkzeug.debug.preserve_context"

#: What makes a request one for Flask: it may be answered in private, or by another protocol.
_FOR_FLASK = frozenset({"HTTP_AUTHORIZATION", "HTTP_UPGRADE", _KEPT})

#: Answers remembered for each file, and files: a client may spell a header in endless ways.
_ANSWERS = 64
_FILES = 100_000


class Folder(NamedTuple):
    """A static folder in the lane."""

    mount: Mount
    #: The blueprint that it belongs to; ``None``: the app.
    scaffold: Blueprint | None
    #: The policy of a file, or ``None`` if that is not one for everybody.
    policy: Callable[[str], CachePolicy | None]


class Lane:
    """WSGI middleware that answers as Flask would, where all that it would run is our view.

    It is closed, and leaves everything to Flask, until the app is complete. Then it leaves to
    Flask whatever is not plainly a request for a file in one of its folders, and all errors.

    :param inner: a middleware that the app has already; what is answered here does not reach it.
    """

    def __init__(self, state: AppState, app: Flask, inner: WSGIApplication | None) -> None:
        self.inner = inner
        self._state = state
        # The app holds this; a strong reference back would keep a dropped app alive.
        self._get_app = ref(app)
        self._shortcut: Shortcut = NOWHERE
        self._folders: Mapping[str, Folder] = {}
        self._prefixes: tuple[str, ...] = ()
        self._recheck = 0.0
        self._counts = True
        self._cookie = ""
        self._is_closed: Callable[[Flask], bool] | None = None
        self._assets: dict[str, Asset] = {}

    def open(
        self,
        shortcut: Shortcut,
        folders: Mapping[str, Folder],
        recheck: float,
        is_closed: Callable[[Flask], bool] | None,
        *,
        counts: bool,
    ) -> None:
        """Answer for some folders from now on.

        :param folders: by endpoint.
        :param recheck: seconds for which a file is believed to be still the same.
        :param is_closed: asked each time whether the request is to be left to Flask.
        :param counts: whether to count what is answered.
        """
        self._shortcut = shortcut
        self._recheck = recheck
        self._is_closed = is_closed
        self._counts = counts
        self._cookie = self._app().config["SESSION_COOKIE_NAME"]
        self._folders = folders
        prefixes = (folder.mount.prefix or "" for folder in folders.values())
        self._prefixes = tuple(prefix.encode().decode("latin-1") for prefix in prefixes)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        # What is asked most comes first, and costs a microsecond.
        get = environ.get
        path = get("PATH_INFO", "")
        asset = self._assets.get(path)
        if asset is None:
            if not path.startswith(self._prefixes):  # a page, which should not wait
                return self._flask(environ, start_response)
        elif (
            (
                prepared := asset.answers.get(
                    (path, get("QUERY_STRING"), get("HTTP_ACCEPT_ENCODING"))
                )
            )
            and (monotonic() < asset.believed_until or self._is_current(asset))
            and not (
                "HTTP_AUTHORIZATION" in environ
                or "HTTP_RANGE" in environ
                or "HTTP_IF_MATCH" in environ
                or "HTTP_IF_UNMODIFIED_SINCE" in environ
                or "HTTP_UPGRADE" in environ
                or _KEPT in environ
            )
            and not (self._is_closed and self._is_watched())
            and ((method := environ["REQUEST_METHOD"]) == "GET" or method == "HEAD")
        ):
            tag = get("HTTP_IF_NONE_MATCH")
            since = get("HTTP_IF_MODIFIED_SINCE")
            if tag == prepared.etag or (tag is None and since == prepared.last_modified):
                start_response(NOT_MODIFIED, prepared.of_304[:])
                if self._counts:
                    self._count(prepared, environ, NOT_MODIFIED)
                return ()
            if tag is None and since is None and prepared.body is not None:
                start_response(OK, prepared.headers[:])
                if self._counts:
                    self._count(prepared, environ, OK)
                return () if method == "HEAD" else (prepared.body,)
        answer = self._answer(environ)
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

    def _is_watched(self) -> bool:
        return self._is_closed is not None and self._is_closed(self._app())

    def _is_current(self, asset: Asset) -> bool:
        if not asset.is_current():
            return False
        asset.believed_until = monotonic() + self._recheck
        self._state.memory.touch(asset)
        return True

    def _answer(self, environ: WSGIEnvironment) -> Answer | None:
        """What a request is to get, or ``None`` if it is one for Flask."""
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD") or not environ.keys().isdisjoint(_FOR_FLASK):
            return None
        if self._is_watched():
            return None
        try:
            prepared = self._remembered(environ) or self._find(environ)
            answer = None if prepared is None else prepared.answer(environ)
        except OSError:
            return None  # Flask's own view says what is wrong
        if answer is not None and prepared is not None and self._counts:
            self._count(prepared, environ, answer[0])
        return answer

    def _count(self, prepared: Prepared, environ: WSGIEnvironment, status: str) -> None:
        unmodified = status == NOT_MODIFIED
        saved = bytes_saved(prepared.selected, unmodified=unmodified)
        came = self._cookie in environ.get("HTTP_COOKIE", "")
        self._state.stats.add((1, came, came, 0, unmodified, saved))

    def _remembered(self, environ: WSGIEnvironment) -> Prepared | None:
        raw = environ["PATH_INFO"]
        asset = self._assets.get(raw)
        if asset is None or "HTTP_IF_RANGE" in environ:  # which may be for another coding
            return None
        if not (monotonic() < asset.believed_until or self._is_current(asset)):
            return None
        key = raw, environ.get("QUERY_STRING"), environ.get("HTTP_ACCEPT_ENCODING")
        prepared: Prepared | None = asset.answers.get(key)
        return prepared

    def _find(self, environ: WSGIEnvironment) -> Prepared | None:
        raw = environ["PATH_INFO"]
        try:
            path = raw if raw.isascii() else raw.encode("latin-1").decode()
        except UnicodeError:
            return None
        found = self._shortcut.find(path, environ)
        folder = self._folders.get(found[0]) if found else None
        policy = folder.policy(found[1]) if found and folder else None
        if found is None or folder is None or policy is None:
            return None
        app = self._app()
        name = found[1]
        scaffold = folder.scaffold or app
        choice = choose(self._state, app, scaffold, folder.mount, policy, name, environ)
        if choice is None:
            return None
        selected = choice.selected
        headers = Headers(selected.headers(choice.cache_control, policy.vary))
        offer_to_shared_caches(self._state, app, headers, public=policy.public)
        prepared = Prepared.of(selected, headers.to_wsgi_list(), selected.in_memory)
        if name == selected.asset.name or choice.verified:
            self._remember(environ, choice, prepared)
        return prepared

    def _remember(self, environ: WSGIEnvironment, choice: Choice, prepared: Prepared) -> None:
        asset, dictionary = choice.selected.asset, choice.selected.dictionary
        raw, query = environ["PATH_INFO"], environ.get("QUERY_STRING")
        # What depends on more than that is chosen anew each time.
        if not asset.settled or dictionary or (query and not choice.verified):
            return
        if "HTTP_IF_RANGE" in environ or choice.selected.passing:
            return
        if self._assets.get(raw) is not asset:
            if len(self._assets) >= _FILES:
                self._assets.clear()
            self._assets[raw] = asset
            asset.believed_until = monotonic() + self._recheck
        if len(asset.answers) >= _ANSWERS:
            asset.answers.clear()
        asset.answers[raw, query, environ.get("HTTP_ACCEPT_ENCODING")] = prepared
