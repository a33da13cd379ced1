"""The invalidation of stored responses: by unsafe requests, and by the app (RFC 9111 §4.4)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from flask import after_this_request, current_app, request

from ..config.errors import nearest
from ..http import methods
from ..monitoring.signals import responses_purged
from ..requests.current import app_object, request_object

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..config.policy import CachePolicy
    from ..requests.endpoints import EndpointTable
    from ..store.store import Store

View = Callable[..., Any]

_RECEIVER_FAILED = (
    "static_optimizer: a receiver of responses_purged failed, so that another cache may still have"
    " what was purged. It is gone from the app's own store."
)

_WRAPPED = "_static_optimizer_invalidating"

#: The fields by which the response to an unsafe request names other URLs that it has changed.
_NAMING = ("Location", "Content-Location")

#: What a path may have in a URL as it is, beside letters, digits and ``_.-~`` (RFC 3986 §3.3).
_IN_PATHS = "/:@!$&'()*+,;="


class ReceiverError(RuntimeError):
    """An error of a receiver of ``responses_purged``, after all was purged and all were called."""


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
            after_this_request(functools.partial(_invalidate, store, app_object()))
        return current_app.ensure_sync(view)(*args, **kwargs)

    setattr(serve, _WRAPPED, True)
    return serve


def _invalidate(store: Store, app: Flask, response: Response) -> Response:
    """Invalidate the URL of a successful request, and those its response names (RFC 9111 §4.4)."""
    status = response.status_code
    if status < 400:
        this = request_object()
        paths = {this.environ.get("SCRIPT_NAME", "") + this.environ.get("PATH_INFO", "")}
        # A 303 says that the request was carried out, and where its result is (RFC 9110 §15.4.4).
        # Other redirects lead elsewhere before anything is done, such as to a log-in page: what
        # they name has not changed, and a stranger could empty the store of it.
        for name in _NAMING if status < 300 or status == 303 else ():
            url = urlsplit(response.headers.get(name, ""))
            if url.path.startswith("/") and url.netloc in ("", this.host):
                paths.add(wsgi_path(url.path))
        keys = set(map(store.keys.of_path, paths))

        def purge() -> None:
            # The store logs what it can't do, and remembers it. The request has succeeded.
            with suppress(Exception):
                store.index.purge(*keys)

        def purge_again() -> None:
            purge()
            _tell(app, paths=paths)

        store.count_purge()
        purge()
        # The app may commit its change only after the response, so it is purged again then. Who
        # purges other caches is told once, when it is certain that these get what is new.
        response.call_on_close(purge_again)
    return response


def _tell(
    app: Flask,
    *,
    endpoint: str | None = None,
    tag: str | None = None,
    paths: Iterable[str] = (),
) -> list[Exception]:
    """Send the signal about a purge to all of its receivers, whatever one of them raises.

    :param paths: the paths as WSGI has them.
    :returns: the exceptions that were raised. The log has them.
    """
    raised: list[Exception] = []
    if not responses_purged.receivers:
        return raised
    quoted = tuple(sorted(quote(path.encode("latin-1"), safe=_IN_PATHS) for path in paths))
    with app.app_context():
        for receiver in list(responses_purged.receivers_for(app)):
            call = functools.partial(
                app.ensure_sync(receiver), app, endpoint=endpoint, tag=tag, paths=quoted
            )
            raised += _raised_by(app, call)
    return raised


def _raised_by(app: Flask, call: Callable[[], object]) -> list[Exception]:
    """Call a receiver, log what it raises, and return that."""
    try:
        call()
    except Exception as error:
        app.logger.exception(_RECEIVER_FAILED)
        return [error]
    return []


def purge(
    app: Flask,
    endpoints: EndpointTable,
    store: Store,
    *,
    endpoint: str | None = None,
    tag: str | None = None,
    path: str | None = None,
) -> None:
    """Purge the stored responses of an endpoint, with a tag or at a path; without any, all.

    Then the receivers of :data:`responses_purged` are called, even if the backend fails.

    :raises ValueError: if there is no such stored endpoint or tag.
    :raises ReceiverError: if a receiver failed. All others have been called.
    :raises Exception: any exception of the backend.
    """
    stored = endpoints.stored()
    _check("endpoint", endpoint, stored, "no view of this app is stored")
    _check(
        "tag",
        # A tag of files is known only to a CDN, which is told; in the store nothing has it.
        None if tag in endpoints.sent_tags() else tag,
        {tag for each in stored.values() for tag in _tags(each)},
        "no stored view of this app has tags; give some with @cacheable_static(tags=[...]) or a"
        " rule",
    )
    if path is not None and not path.startswith(("/", "http://", "https://")):
        raise ValueError(f"path={path!r}: give a path that starts with '/'.")
    located = None if path is None else wsgi_path(path)
    paths = () if located is None else (located,)
    raised: list[Exception] = []
    try:
        store.purge(endpoint=endpoint, tag=tag, path=located)
    finally:
        raised += _tell(app, endpoint=endpoint, tag=tag, paths=paths)
    if raised:
        error = raised[0]
        raise ReceiverError(
            f"a receiver of responses_purged failed ({type(error).__name__}: {error}), so that"
            " another cache may still have what was purged here"
        ) from error


def _tags(policies: Iterable[CachePolicy]) -> set[str]:
    return {tag for policy in policies for tag in policy.tags}


def _check(what: str, name: str | None, known: Iterable[str], none: str) -> None:
    """Check that a name is known.

    :param none: a text that says that there are no such names.
    """
    known = set(known)
    if name is not None and name not in known:
        valid = nearest(name, known) if known else f"{none}."
        raise ValueError(f"{what}={name!r}: nothing is stored by it; {valid}")
