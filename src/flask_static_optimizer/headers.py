"""The last word on a static response's headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from werkzeug.http import dump_header
from werkzeug.wsgi import FileWrapper, wrap_file

from .digests import digest
from .http.conditional import answer_conditions
from .notices import stricter_word
from .serving import CACHEABLE, same_body
from .signals import cookies_dropped

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from .marking import Mark
    from .state import AppState

_SUCCESSFUL = frozenset(range(200, 300))

#: What speaks to shared caches alone, and must not outlive a Cache-Control that forbids them.
_SHARED_FRESHNESS = ("CDN-Cache-Control", "Surrogate-Control")


def last_word(
    state: AppState, app: Flask, mark: Mark, request: Request, response: Response
) -> None:
    """Make a static response say what is true of it, after every other hook has run.

    No cookie leaves with it; what the static view made carries its policy; what may depend on a
    visitor is private; errors and redirects are not to be stored.
    """
    _drop_cookies(app, mark, response)
    if request.method == "OPTIONS":
        return
    if mark.answered and {mark.status, response.status_code} <= CACHEABLE:
        _renew_etag(mark, response)
        answer_conditions(response, request.environ)
        _hand_file_to_server(mark, request, response)
    # Asked again: the answer to a condition or a range may be an error.
    ours = mark.answered and {mark.status, response.status_code} <= CACHEABLE
    if not ours and _is_mistake(mark, response):
        _forbid_storing(response)
    if ours and mark.policy.vary:
        response.vary.update(mark.policy.vary)
    public = state.settings.public if mark.policy.public is None else mark.policy.public
    if mark.protected:
        _protect(response)
    elif _is_personal(mark, request, response, public=public):
        _keep_private(response)
    elif ours:
        _share(state, app, mark, response, public=public)


def _drop_cookies(app: Flask, mark: Mark, response: Response) -> None:
    cookies = response.headers.getlist("Set-Cookie")
    if cookies:
        del response.headers["Set-Cookie"]
        names = tuple(cookie.partition("=")[0] for cookie in cookies)
        cookies_dropped.send(app, endpoint=mark.endpoint.name, names=names)


def _is_mistake(mark: Mark, response: Response) -> bool:
    """Whether this is an error, a redirect or a page that nobody said may be stored."""
    successful = {mark.status, response.status_code} <= _SUCCESSFUL
    return mark.failed or not successful or "Cache-Control" not in response.headers


def _is_personal(mark: Mark, request: Request, response: Response, *, public: bool) -> bool:
    """Whether a response may be meant for one visitor only, as far as can be seen."""
    if "HTTP_AUTHORIZATION" in request.environ and not public:
        return True
    if "Vary" in response.headers and "cookie" in response.vary:
        return True
    # What is written into a session is about its visitor: a user restored from a remember-me
    # cookie, a CSRF token. The response may hold it.
    return mark.personal and ("HTTP_COOKIE" in request.environ or not mark.endpoint.folder)


def _forbid_storing(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Expires", None)
    _forbid_sharing(response)


def _protect(response: Response) -> None:
    if "no-store" not in response.cache_control:
        response.headers["Cache-Control"] = "private, no-cache"
    response.headers.pop("Expires", None)
    _forbid_sharing(response)
    response.vary.add("Cookie")


def _keep_private(response: Response) -> None:
    if "no-store" not in response.cache_control:
        _scope(response, "private")
    _forbid_sharing(response)


def _share(state: AppState, app: Flask, mark: Mark, response: Response, *, public: bool) -> None:
    if response.headers.get("Cache-Control") != mark.cache_control:
        # Somebody else's word on freshness. It may be stricter than ours, and stays.
        if response.cache_control.keys() & {"no-store", "private"}:
            _forbid_sharing(response)
            stricter_word(state, app, mark, response)
        return
    if public:
        _scope(response, "public")
    if state.settings.cdn_cache_control and "*" not in response.vary:
        response.headers.setdefault("CDN-Cache-Control", state.settings.cdn_cache_control)


def _scope(response: Response, scope: str) -> None:
    said = {
        name: value
        for name, value in response.cache_control.items()
        if name not in ("public", "private") and not (scope == "private" and name == "s-maxage")
    }
    response.headers["Cache-Control"] = dump_header({scope: None, **said})


def _forbid_sharing(response: Response) -> None:
    for name in _SHARED_FRESHNESS:
        response.headers.pop(name, None)


def _renew_etag(mark: Mark, response: Response) -> None:
    """Keep the validator true where a later hook changed the body (compressed it, say)."""
    if mark.etag is None or response.headers.get("ETag") != mark.etag:
        return
    if same_body(mark.body, response):
        return
    if response.is_sequence:
        response.set_etag(digest(response.get_data()))
    elif "Content-Encoding" in response.headers:
        response.set_etag(f"{response.get_etag()[0]}-{response.headers['Content-Encoding']}")
    else:
        del response.headers["ETag"]


def _hand_file_to_server(mark: Mark, request: Request, response: Response) -> None:
    """Let the server send an untouched file its own way (PEP 3333, file_wrapper)."""
    body = response.response
    if body is mark.body and isinstance(body, FileWrapper) and response.status_code == 200:
        response.response = wrap_file(request.environ, cast(BinaryIO, body.file), body.buffer_size)
