"""The invalidation of stored responses: by unsafe requests, and by the app (RFC 9111 §4.4)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import after_this_request, current_app, request

from ..config.errors import nearest
from ..http import methods
from ..requests.current import request_object

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..requests.endpoints import EndpointTable
    from ..store.store import Store

View = Callable[..., Any]

_WRAPPED = "_static_optimizer_invalidating"

#: The fields by which the response to an unsafe request names other URLs that it has changed.
_NAMING = ("Location", "Content-Location")


def invalidate_after_unsafe(endpoints: EndpointTable, store: Store, app: Flask) -> None:
    """Wrap the views that answer unsafe requests at stored URLs, to invalidate these URLs.

    Views with other URLs are not wrapped.
    """
    for name in _unsafe_endpoints(endpoints, app):
        view = app.view_functions[name]
        if not getattr(view, _WRAPPED, False):
            app.view_functions[name] = _invalidating(store, view)


def wsgi_path(path: str) -> str:
    """Return a path, given as a URL or as text, as WSGI has it (PEP 3333)."""
    return unquote_to_bytes(urlsplit(path).path).decode("latin-1")


def _unsafe_endpoints(endpoints: EndpointTable, app: Flask) -> Iterator[str]:
    rules = list(app.url_map.iter_rules())
    names = endpoints.stored()
    stored = {_shape(rule.rule) for rule in rules if rule.endpoint in names}
    unsafe = {
        rule.endpoint
        for rule in rules
        if _shape(rule.rule) in stored and rule.methods is not None and rule.methods - methods.SAFE
    }
    yield from unsafe & app.view_functions.keys()


def _shape(rule: str) -> str:
    """Return a URL rule without the names of its variables and a slash at its end."""
    return re.sub(r"<[^>]*>", "<>", rule).rstrip("/")


def _invalidating(store: Store, view: View) -> View:
    @functools.wraps(view)
    def serve(*args: Any, **kwargs: Any) -> Any:
        if request.method not in methods.SAFE:
            after_this_request(functools.partial(_invalidate, store))
        return current_app.ensure_sync(view)(*args, **kwargs)

    setattr(serve, _WRAPPED, True)
    return serve


def _invalidate(store: Store, response: Response) -> Response:
    """Invalidate the URL of a successful request, and those its response names (RFC 9111 §4.4)."""
    status = response.status_code
    if status < 400:
        this = request_object()
        keys = {store.keys.of_request_path(this.environ)}
        # A 303 says that the request was carried out, and where its result is (RFC 9110 §15.4.4).
        # Other redirects lead elsewhere before anything is done, such as to a log-in page: what
        # they name has not changed, and a stranger could empty the store of it.
        for name in _NAMING if status < 300 or status == 303 else ():
            url = urlsplit(response.headers.get(name, ""))
            if url.path.startswith("/") and url.netloc in ("", this.host):
                keys.add(store.keys.of_path(wsgi_path(url.path)))

        def purge() -> None:
            # The store logs what it can't do, and remembers it. The request has succeeded.
            with suppress(Exception):
                store.index.purge(*keys)

        store.count_purge()
        purge()
        # The app may commit its change only after the response, so it is purged again then.
        response.call_on_close(purge)
    return response


def purge(
    endpoints: EndpointTable,
    store: Store,
    *,
    endpoint: str | None = None,
    tag: str | None = None,
    path: str | None = None,
) -> None:
    """Purge the stored responses of an endpoint, with a tag or at a path; without any, all.

    :raises ValueError: if there is no such stored endpoint or tag.
    :raises Exception: any exception of the backend.
    """
    stored = endpoints.stored()
    _check("endpoint", endpoint, stored, "no view of this app is stored")
    _check(
        "tag",
        tag,
        {name for policies in stored.values() for each in policies for name in each.tags},
        "no stored view of this app has tags; give some with @cacheable_static(tags=[...]) or a"
        " rule",
    )
    if path is not None and not path.startswith(("/", "http://", "https://")):
        raise ValueError(f"path={path!r}: give a path that starts with '/'.")
    located = None if path is None else wsgi_path(path)
    store.purge(endpoint=endpoint, tag=tag, path=located)


def _check(what: str, name: str | None, known: Iterable[str], none: str) -> None:
    """Check that a name is known.

    :param none: a text that says that there are no such names.
    """
    known = set(known)
    if name is not None and name not in known:
        valid = nearest(name, known) if known else f"{none}."
        raise ValueError(f"{what}={name!r}: nothing is stored by it; {valid}")
