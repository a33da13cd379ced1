"""The mark that a static request carries from its first moment to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flask import current_app, has_request_context, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from .endpoints import SAFE_METHODS, StaticEndpoint

if TYPE_CHECKING:
    from flask import Flask, Request
    from werkzeug.routing import MapAdapter

    from .policy import CachePolicy
    from .state import AppState

#: Where an app keeps the extension's state: ``app.extensions[EXTENSION]``.
EXTENSION = "static_optimizer"


class Mark:
    """What is known of one static request."""

    __slots__ = (
        "answered",
        "body",
        "cache_control",
        "endpoint",
        "etag",
        "failed",
        "personal",
        "policy",
        "protected",
        "status",
    )

    def __init__(self, endpoint: StaticEndpoint, policy: CachePolicy, *, protected: bool) -> None:
        self.endpoint = endpoint
        self.policy = policy
        #: Whether the real session could be read while the request was served.
        self.protected = protected
        #: Whether the static view itself made the response, or raised an exception.
        self.answered = False
        self.failed = False
        #: Whether something about the visitor was written into the session before that.
        self.personal = False
        #: What the extension said when the view had returned, to tell later changes by others.
        self.etag: str | None = None
        self.cache_control: str | None = None
        self.body: object = None
        #: The status then, before a hook could make a page of an error or a redirect.
        self.status: int | None = None

    def __repr__(self) -> str:
        mode = "protected" if self.protected else "isolated"
        return f"<Mark {self.endpoint.name} {mode}>"


def match(state: AppState, app: Flask, request: Request) -> Mark | None:
    """Decide by the matched endpoint whether a request is static, and mark it if so.

    Flask opens the session before it matches the URL, so the match is made here first, with
    the adapter that Flask itself would use.
    """
    if request.method not in SAFE_METHODS or mark_of(state, request) is not None:
        return None
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    found = _match(adapter, request)
    return None if found is None else mark(state, request, *found)


def mark(
    state: AppState, request: Request, endpoint_name: str, view_args: dict[str, Any]
) -> Mark | None:
    """Mark a request if the endpoint it matched is static."""
    endpoint = state.endpoints.get(endpoint_name)
    policy = endpoint.policy(view_args) if endpoint else None
    if endpoint is None or policy is None:
        return None
    mode = policy.session or state.settings.session
    mark = Mark(endpoint, policy, protected=mode == "protected")
    request.environ[state.environ_key] = mark
    return mark


def mark_of(state: AppState, request: Request) -> Mark | None:
    """The mark of a request, if it is static."""
    return request.environ.get(state.environ_key)


def current_mark() -> Mark | None:
    """The mark of the current request, if there is one and it is static."""
    if not has_request_context():
        return None
    state = current_app.extensions.get(EXTENSION)
    return None if state is None else mark_of(state, request)


def is_static_request() -> bool:
    """Whether the current request is for something static, so that a hook can step aside.

    True for GET, HEAD and OPTIONS on the app's and its blueprints' static folders, views with
    :func:`~flask_static_optimizer.cacheable_static` and endpoints named in
    ``STATIC_OPTIMIZER_RULES``; in every hook of the request, from ``request_started`` to
    teardown. False outside a request and where the extension is not installed.
    """
    return current_mark() is not None


def _match(adapter: MapAdapter, request: Request) -> tuple[str, dict[str, Any]] | None:
    try:
        rule, view_args = adapter.match(return_rule=True)
    except RequestRedirect as redirect:
        # To another spelling of the same URL: it belongs to the endpoint that it leads to.
        path = unquote(urlsplit(redirect.new_url).path).removeprefix(request.root_path)
        try:
            rule, view_args = adapter.match(path_info=path, return_rule=True)
        except HTTPException:
            return None
    except HTTPException:
        return None
    return rule.endpoint, dict(view_args)
