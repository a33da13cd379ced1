"""Making stored responses useless when an unsafe request changes what they show."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import after_this_request, current_app, request

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..state import AppState

View = Callable[..., Any]

_WRAPPED = "_static_optimizer_invalidating"

#: Methods that change nothing (RFC 9110 §9.2.1).
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def invalidate_after_unsafe(state: AppState, app: Flask) -> None:
    """Put around the views that answer unsafe requests at stored URLs what invalidates these.

    Views that have none of these URLs stay as they are.
    """
    for name in _unsafe_endpoints(state, app):
        view = app.view_functions[name]
        if not getattr(view, _WRAPPED, False):
            app.view_functions[name] = _invalidating(state, view)


def wsgi_path(path: str) -> str:
    """A path, as a URL or as text, as WSGI has it (PEP 3333)."""
    return unquote_to_bytes(urlsplit(path).path).decode("latin-1")


def _unsafe_endpoints(state: AppState, app: Flask) -> Iterator[str]:
    rules = list(app.url_map.iter_rules())
    endpoints = state.endpoints.stored()
    stored = {_shape(rule.rule) for rule in rules if rule.endpoint in endpoints}
    names = {
        rule.endpoint
        for rule in rules
        if _shape(rule.rule) in stored and rule.methods is not None and rule.methods - _SAFE
    }
    yield from names & app.view_functions.keys()


def _shape(rule: str) -> str:
    """A URL rule without the names of its variables, and however its end is spelled."""
    return re.sub(r"<[^>]*>", "<>", rule).rstrip("/")


def _invalidating(state: AppState, view: View) -> View:
    @functools.wraps(view)
    def serve(*args: Any, **kwargs: Any) -> Any:
        if request.method not in _SAFE:
            after_this_request(functools.partial(_invalidate, state))
        return current_app.ensure_sync(view)(*args, **kwargs)

    setattr(serve, _WRAPPED, True)
    return serve


def _invalidate(state: AppState, response: Response) -> Response:
    """Invalidate the URL of a request that did not fail, and those it names (RFC 9111 §4.4)."""
    if response.status_code < 400:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        store = state.open_store(current_app)
        keys = {store.keys.of_path(this.environ)}
        for name in ("Location", "Content-Location"):
            url = urlsplit(response.headers.get(name, ""))
            if url.path.startswith("/") and url.netloc in ("", this.host):
                keys.add(store.keys.of_group(wsgi_path(url.path)))
        purge = functools.partial(store.responses.try_to_purge, *keys)
        purge()
        # Again when all is done: what was changed may be committed only then.
        response.call_on_close(purge)
    return response
