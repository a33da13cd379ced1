"""The final headers of a static response, set after all other hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from werkzeug.wsgi import FileWrapper, wrap_file

from ..assets.fingerprints import etag, sha256
from ..http.apply import answer_conditions
from ..http.bodies import SMALL_BODY, FileSlice, wrapped, wrapped_bytes
from ..http.conditional import has_precondition
from ..http.fields import (
    drop_repeated,
    fields_of,
    fold,
    forbid_reuse,
    forbid_sharing,
    forbid_storing,
    is_authenticated,
    keep_private,
    set_scope,
    vary_names,
    withdraw_freshness,
)
from ..http.statuses import CACHEABLE
from ..http.workers import is_for_worker
from ..monitoring.signals import cookies_dropped
from .response_class import set_ready
from .sent_bytes import is_edited, put_chosen_bytes
from .view_headers import same_body

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..config.settings import Settings
    from ..monitoring.log import Log
    from ..requests.mark import Mark, ViewResponse


def last_word(
    settings: Settings, log: Log, app: Flask, mark: Mark, request: Request, response: Response
) -> int:
    """Set the final headers of a static response, after every other hook has run.

    Cookies are removed. A response of the static view carries the caching headers of its policy.
    A response that may depend on the visitor is private. Every other response, such as an error
    or a redirect, gets ``no-store``.

    :returns: the status that is sent.
    """
    view, environ = mark.view, request.environ
    if view.request_headers is not None:
        request.headers = view.request_headers
    if mark.policy.headers:
        drop_repeated(response.headers, mark.policy.sent_headers)
    if mark.run is not None:
        mark.run.end(app, mark, request, response)
    if view.succeeded and (view.representation is not None or view.hit is not None):
        status = put_chosen_bytes(view, environ, response)
    else:
        is_final = view.succeeded and _is_complete(view, environ, response)
        status = response.status_code if is_final else 0
    if status and not (mark.policy.vary or _is_for_worker(view, environ)):
        # All come this way, and few of them go on to the look at what may be of the visitor.
        if (
            mark.protected
            or mark.session.written
            or "HTTP_AUTHORIZATION" in environ
            or "REMOTE_USER" in environ
        ):
            _restrict(mark, request, response, public=mark.policy.is_public(settings.public))
        set_ready(response, status)
        body = response.response
        if not isinstance(body, tuple):
            response.response = wrapped(body, environ)
        # Most bodies are small, and all come this way, so the size is looked at before the call.
        elif body and len(body[0]) > SMALL_BODY and response.direct_passthrough:
            response.response = wrapped_bytes(body, environ)
        return status
    cookies = response.headers.getlist("Set-Cookie")
    if cookies:
        mark.cookies_dropped = len(cookies)
        del response.headers["Set-Cookie"]
    if request.method != "OPTIONS":
        fold(response.headers)
        _say(settings, log, app, mark, request, response)
    if cookies:
        # This comes last, because a receiver that raises must not leave the headers incomplete.
        names = tuple(cookie.partition("=")[0] for cookie in cookies)
        cookies_dropped.send(app, endpoint=mark.endpoint.name, names=names)
    return response.status_code


def _is_complete(view: ViewResponse, environ: Mapping[str, Any], response: Response) -> bool:
    """Return whether a response of a view is the answer, with all fields that are to be said."""
    return (
        fields_of(response.headers) == view.sent
        and ("HTTP_RANGE" not in environ or response.status_code in (206, 304))
        and (response.status_code == 304 or not has_precondition(environ))
        and same_body(view.body, response)
    )


def _is_for_worker(view: ViewResponse, environ: Mapping[str, Any]) -> bool:
    """Return whether a response may be a script for a service worker."""
    chosen = view.representation
    return (chosen is None or chosen.is_script) and is_for_worker(environ)


def _say(
    settings: Settings, log: Log, app: Flask, mark: Mark, request: Request, response: Response
) -> None:
    view = mark.view
    if view.exempt:  # It says what the view says, unless that may be about a visitor.
        _restrict(mark, request, response, public=False)
        return
    if response.is_sequence:
        response.direct_passthrough = False
    if view.succeeded and response.status_code in CACHEABLE:
        _keep_true(mark, response)
        # A coded body that the extension made stays the same; one that a hook has coded may not.
        is_chosen = view.sent is not None and response.headers.get("ETag") == view.etag
        answer_conditions(response, request.environ, coded_ranges=is_chosen)
        _hand_file_to_server(mark, request, response)
    # Asked again: the answer to a condition or a range may be an error.
    succeeded = view.succeeded and response.status_code in CACHEABLE
    if not (succeeded or is_stated(view, response)):
        forbid_storing(response.headers)
    elif mark.policy.vary:
        response.vary.update(mark.policy.vary)
    public = mark.policy.is_public(settings.public)
    if not _restrict(mark, request, response, public=public) and succeeded:
        share(settings, log, app, mark, response, public=public)
    if succeeded and is_for_worker(request.environ):
        # A service worker outlives its pages, and may keep a site from ever being new again.
        forbid_reuse(response.headers)


def _keep_true(mark: Mark, response: Response) -> None:
    """Keep the validator and the freshness true where hooks have changed the body.

    A file's URL may have the fingerprint of other bytes than those that leave, so these are
    revalidated on each use.
    """
    view, headers = mark.view, response.headers
    is_file, chosen = mark.endpoint.folder, view.representation
    edited = (is_file or chosen is not None) and is_edited(view, response)
    _renew_etag(mark, response)
    if edited:
        view.representation = None  # another body is sent, whose date nobody knows
        headers.pop("Last-Modified", None)
    # Of a view's own file only the URL's fingerprint speaks of the bytes.
    is_version = is_file or (chosen is not None and chosen.verified is not None)
    if edited and is_version and withdraw_freshness(headers, view.cache_control):
        headers.pop("Expires", None)
        forbid_sharing(headers)


def is_stated(view: ViewResponse, response: Response) -> bool:
    """Return whether a redirect or an error, and how long it holds, are still the view's word."""
    return view.stated is response and (
        (response.status_code, response.headers.get("Cache-Control"))
        == (view.status, view.cache_control)
    )


def is_personal(mark: Mark, request: Request, response: Response, *, public: bool) -> bool:
    """Return whether a response may be meant for one visitor only, as far as can be seen."""
    if is_authenticated(request.environ) and not public:
        return True
    # Data that is written into a session is about its visitor, such as a CSRF token or a user who
    # was restored from a remember-me cookie. The response may contain it.
    if mark.session.written and ("HTTP_COOKIE" in request.environ or not mark.endpoint.folder):
        return True
    return "cookie" in vary_names(response.headers)


def _restrict(mark: Mark, request: Request, response: Response, *, public: bool) -> bool:
    """Let nobody but the visitor keep a response that may be for this visitor only.

    :returns: whether it may be.
    """
    if mark.protected:
        _protect(response)
    elif is_personal(mark, request, response, public=public):
        keep_private(response.headers)
    else:
        return False
    return True


def _protect(response: Response) -> None:
    if "no-store" not in response.cache_control:
        response.headers["Cache-Control"] = "private, no-cache"
    response.headers.pop("Expires", None)
    forbid_sharing(response.headers)
    response.vary.add("Cookie")


def share(
    settings: Settings, log: Log, app: Flask, mark: Mark, response: Response, *, public: bool
) -> None:
    """Set the headers of a response that all visitors may share."""
    if response.headers.get("Cache-Control") != mark.view.cache_control:
        # The view or another hook has set it. It stays, as it may be stricter than the policy.
        if response.cache_control.keys() & {"no-store", "private"}:
            forbid_sharing(response.headers)
            _stricter_word(log, mark, response)
        return
    if public:
        set_scope(response.headers, "public")
    if settings.cdn_cache_control and not app.debug and "*" not in vary_names(response.headers):
        response.headers.setdefault("CDN-Cache-Control", settings.cdn_cache_control)


def _renew_etag(mark: Mark, response: Response) -> None:
    """Replace the ``ETag`` if a later hook has changed the body, for example compressed it."""
    if mark.view.etag is None or response.headers.get("ETag") != mark.view.etag:
        return
    if same_body(mark.view.body, response):
        return
    if response.is_sequence:
        response.headers["ETag"] = etag(sha256(response.get_data()))
    elif "Content-Encoding" in response.headers:
        response.set_etag(f"{response.get_etag()[0]}-{response.headers['Content-Encoding']}")
    else:
        del response.headers["ETag"]


def _hand_file_to_server(mark: Mark, request: Request, response: Response) -> None:
    """Let the server send an unchanged file by its ``wsgi.file_wrapper`` (PEP 3333)."""
    body = response.response
    if body is mark.view.body and isinstance(body, FileWrapper) and response.status_code == 200:
        file = cast("BinaryIO", body.file)
        response.response = wrap_file(request.environ, file, body.buffer_size)
    elif isinstance(body, FileSlice):
        response.response = wrapped(body, request.environ)


def _stricter_word(log: Log, mark: Mark, response: Response) -> None:
    """Warn that the app forbids caching which the policy of a static folder allows.

    A view may set ``Cache-Control`` on its own response without a warning.
    """
    if not mark.endpoint.folder:
        return
    log.warn_once(
        ("stricter", mark.endpoint.name),
        "static_optimizer: the app set 'Cache-Control: %s' on %r, so its policy was not applied."
        " If the hook that did meant pages only, let it return early where"
        " flask_static_optimizer.is_static_request() is true.",
        response.headers["Cache-Control"],
        mark.endpoint.name,
    )
