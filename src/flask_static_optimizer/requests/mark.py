"""The mark that a static request carries from its first moment to its last."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flask import has_request_context, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from werkzeug.routing import MapAdapter

    from .assets.selection import Selected
    from .endpoints import StaticEndpoint
    from .policy import CachePolicy
    from .state import AppState
    from .stored.errand import Errand

#: Where an app keeps the extension's state: ``app.extensions[EXTENSION]``.
EXTENSION = "static_optimizer"

#: Methods under which a static endpoint is static; anything else is an ordinary request.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: The request object carries its mark, and not the environ: an app may forward that.
_MARK = "_static_optimizer_mark"


class Mark:
    """What is known of one static request."""

    __slots__ = (
        "body",
        "cache_control",
        "cookies_dropped",
        "dropped",
        "endpoint",
        "errand",
        "etag",
        "looked",
        "opened",
        "ours",
        "policy",
        "protected",
        "response",
        "selected",
        "sent",
        "started",
        "status",
        "validator",
        "written",
    )

    def __init__(self, endpoint: StaticEndpoint, policy: CachePolicy, *, protected: bool) -> None:
        self.endpoint = endpoint
        self.policy = policy
        #: Whether the real session may be read while the request is served.
        self.protected = protected
        #: Of its session: whether anybody read it, or wrote anything but ``_permanent`` into it,
        #: before the view had returned; and the keys that were written at any time.
        self.looked = False
        self.written = False
        self.dropped: frozenset[str] = frozenset()
        #: Whether the real session was opened.
        self.opened = False
        #: How many cookies were taken off the response.
        self.cookies_dropped = 0
        #: What the static view made, and whether that, with success, became the response.
        self.response: Response | None = None
        self.ours = False
        #: What the response was before any other hook could change it.
        self.status: int | None = None
        self.etag: str | None = None
        #: The ``ETag`` that its policy knows of, ``""`` if there is to be none.
        self.validator: str | None = None
        self.cache_control: str | None = None
        self.body: object = None
        #: The header fields of a response whose view has said all there is to say.
        self.sent: list[tuple[str, str]] | None = None
        #: The representation of a file that was chosen.
        self.selected: Selected | None = None
        #: In debug mode, when the request was marked (``time.perf_counter``).
        self.started: float | None = None
        #: What the view was run for, where that is more than this one request.
        self.errand: Errand | None = None

    def __repr__(self) -> str:
        mode = "protected" if self.protected else "isolated"
        return f"<Mark {self.endpoint.name} {mode}>"


def match(state: AppState, app: Flask, request: Request) -> Mark | None:
    """Decide by the matched endpoint whether a request is static, and mark it if so.

    Flask opens the session before it matches the URL, so the match is made here first: with what
    is known of all URLs where the host does not matter, else with an adapter as Flask makes one.
    """
    if request.method not in SAFE_METHODS or mark_of(request) is not None:
        return None
    if not state.endpoints.gate.admits(request.path):
        return None
    if not state.endpoints.complete:
        state.endpoints.refresh(app)
    if request.routing_exception is None:
        file = state.endpoints.shortcut.find(request.path, request.environ)
        if file is not None:
            return mark(state, request, file[0], {"filename": file[1]})
        urls = state.endpoints.urls
        if urls is not None and "HTTP_UPGRADE" not in request.environ:
            with suppress(RequestRedirect):
                found = _match(urls, request)
                return None if found is None else mark(state, request, *found)
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    try:
        found = _match(adapter, request)
    except RequestRedirect as redirect:
        # To another spelling of the same URL: it belongs to the endpoint that it leads to.
        path = unquote(urlsplit(redirect.new_url).path).removeprefix(request.root_path)
        with suppress(RequestRedirect):
            found = _match(adapter, request, path)
    return None if found is None else mark(state, request, *found)


def mark(
    state: AppState, request: Request, endpoint_name: str, view_args: dict[str, Any]
) -> Mark | None:
    """Mark a request if the endpoint it matched is static."""
    endpoint = state.endpoints.get(endpoint_name)
    policy = endpoint.policy(view_args) if endpoint else None
    if endpoint is None or policy is None:
        return None
    mode = state.settings.mode(policy)
    mark = Mark(endpoint, policy, protected=mode == "protected")
    setattr(request, _MARK, mark)
    return mark


def mark_of(request: Request) -> Mark | None:
    """The mark of a request, if it is static."""
    return getattr(request, _MARK, None)


def current_mark() -> Mark | None:
    """The mark of the current request, if there is one and it is static."""
    return mark_of(request) if has_request_context() else None


def is_static_request() -> bool:
    """Whether the current request is for something static, so that a hook can step aside.

    True for GET, HEAD and OPTIONS (safe methods that ask for a representation or about it,
    RFC 9110 §9.2.1) on the app's and its blueprints' static folders, views with
    :func:`~flask_static_optimizer.cacheable_static` and endpoints named in
    ``STATIC_OPTIMIZER_RULES``; in every hook of the request, from ``request_started`` to
    teardown. False outside a request and where the extension is not installed.
    """
    return current_mark() is not None


def _match(
    adapter: MapAdapter, request: Request, path: str | None = None
) -> tuple[str, dict[str, Any]] | None:
    """The endpoint and the view arguments of a path, by default the request's.

    :raises RequestRedirect: if it is another spelling of a URL.
    """
    try:
        rule, view_args = adapter.match(path or request.path, request.method, return_rule=True)
    except RequestRedirect:
        raise
    except HTTPException:
        return None
    return rule.endpoint, dict(view_args)
