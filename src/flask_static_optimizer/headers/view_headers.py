"""The validator and the freshness of a static view's response."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from werkzeug.wsgi import FileWrapper

from ..assets.files import Identity
from ..assets.fingerprints import etag, sha256
from ..assets.javascript import is_javascript, is_module
from ..assets.media_types import breaks_when_old, media_type
from ..http.fields import (
    add_missing,
    fold,
    forbid_storing,
    is_offloaded,
    said_in,
    seconds_of,
)
from ..http.statuses import CACHEABLE, LASTING
from .etags import is_plain_file, made_by_send_file
from .freshness import default_max_age, flask_max_age

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..config.settings import Settings
    from ..requests.mark import Mark, ViewResponse
    from .etags import FileETags

#: The directives of ``Cache-Control`` that determine freshness.
_FRESHNESS = frozenset({"max-age", "s-maxage", "no-cache"})

#: The directives that say how long a redirect or an error holds, and the fields that do.
_STATEMENTS = _FRESHNESS | {"immutable", "private", "public"}
_AGES = ("Cache-Control", "Expires")

#: The directives of ``Cache-Control`` that Flask's ``send_file`` sets on every file.
_SAID_OF_FILES = frozenset({"max-age", "no-cache", "public"})

#: The directives of ``Cache-Control`` that have nothing to do with freshness, and are kept.
_KEPT = ("no-transform", "must-revalidate", "proxy-revalidate", "must-understand")


def view_returned(
    settings: Settings,
    etags: FileETags,
    app: Flask,
    mark: Mark,
    request: Request,
    response: Response,
) -> Response:
    """Describe the response of a static view, or what came in its place, before any other hook.

    :returns: the same response.
    """
    mark.has_returned = True
    describe(settings, etags, app, mark, request, response)
    if mark.run is not None:
        mark.run.described(mark, response)
    return response


def describe(
    settings: Settings,
    etags: FileETags,
    app: Flask,
    mark: Mark,
    request: Request,
    response: Response,
) -> None:
    """Set the validator and the freshness of a static view's response, before any other hook."""
    mark.view.status = response.status_code
    mark.view.succeeded = response is mark.view.response and response.status_code in CACHEABLE
    if mark.view.succeeded and mark.view.sent is not None:
        return
    if request.method == "OPTIONS":
        if response.status_code < 300:
            add_missing(response.headers, mark.policy.sent_headers)
        return
    if not mark.view.succeeded:
        if mark.view.exempt:
            return
        if _states_freshness(mark.view, response):
            fold(response.headers)
            add_missing(response.headers, mark.policy.sent_headers)
            mark.view.stated = response
            mark.view.cache_control = response.headers.get("Cache-Control")
        else:
            # last_word sets this again, but may not run if a hook raises.
            forbid_storing(response.headers)
        return
    fold(response.headers)
    add_missing(response.headers, mark.policy.sent_headers)
    _describe_bytes(etags, mark, request, response)
    breaks = partial(_breaks_when_old, etags, mark, request, response)
    max_age = stated_max_age(settings, app, mark, response, breaks)
    if max_age is not None:
        response.headers.pop("Expires", None)
        value = with_kept(mark.policy.cache_control(max_age), response)
        response.headers["Cache-Control"] = value
        mark.view.cache_control = value


def same_body(seen: object, response: Response) -> bool:
    """Return whether a response still has the body that :func:`describe` saw."""
    if not response.is_sequence or not isinstance(seen, tuple):
        return response.response is seen
    now = tuple(response.response)
    return len(now) == len(seen) and all(map(operator.is_, now, seen))


def _states_freshness(view: ViewResponse, response: Response) -> bool:
    """Return whether the view itself says how long its redirect or error holds.

    It may have returned the response, or raised it in an exception that no error handler changed.
    """
    raised, headers = view.raised, response.headers
    return (
        response.status_code in LASTING
        and ("Expires" in headers or not _STATEMENTS.isdisjoint(said_in(headers)))
        and (
            response is view.response
            or (
                raised is not None
                and raised.status_code == response.status_code
                and all(raised.headers.getlist(name) == headers.getlist(name) for name in _AGES)
            )
        )
    )


def _describe_bytes(etags: FileETags, mark: Mark, request: Request, response: Response) -> None:
    """Set a strong ``ETag`` from the bytes (RFC 9110 §8.8.3), not Flask's from mtime and path.

    It replaces Flask's ``ETag``, which is made from the mtime and the path. An ``ETag`` that a
    view itself has set stays.
    """
    body = response.response
    if isinstance(body, FileWrapper):
        # A hook that replaces the body by a compressed stream may forget to close the file.
        response.call_on_close(body.close)
    if response.direct_passthrough and made_by_send_file(response.headers.get("ETag", "")):
        del response.headers["ETag"]
    if _is_date_of_packing(response):
        del response.headers["Last-Modified"]
    if mark.view.validator is not None:
        response.headers.pop("ETag", None)
        if mark.view.validator:
            mark.view.etag = response.headers["ETag"] = mark.view.validator
    elif response.status_code in (200, 203):
        found = _etag(etags, request, response)
        if found is not None:
            mark.view.etag = response.headers["ETag"] = found
    mark.view.body = tuple(response.response) if response.is_sequence else body


def _name_of_file(response: Response) -> str:
    """Return the path of the file that a view sends, ``""`` if it sends something else."""
    body = response.response
    if isinstance(body, FileWrapper):
        return str(body.file.name) if is_plain_file(body.file) else ""
    return response.headers.get("X-Sendfile", "") if response.direct_passthrough else ""


def _is_date_of_packing(response: Response) -> bool:
    """Return whether ``Last-Modified`` is the date of a file and says nothing of its bytes.

    A date that the view gave is the view's own word.
    """
    headers, body = response.headers, response.response
    try:
        if isinstance(body, FileWrapper) and is_plain_file(body.file):
            stat = os.fstat(body.file.fileno())
        elif "X-Sendfile" in headers and response.direct_passthrough:
            stat = os.stat(headers["X-Sendfile"])
        else:
            return False
    except OSError:  # only the front server may know the path
        return False
    said = seconds_of(headers.get("Last-Modified"))
    return said == int(stat.st_mtime) and Identity.of(stat).last_modified is None


def _etag(etags: FileETags, request: Request, response: Response) -> str | None:
    body, headers = response.response, response.headers
    if "ETag" in headers:
        return None
    if isinstance(body, FileWrapper):
        return etags.of(cast("BinaryIO", body.file))
    if "X-Sendfile" in headers and response.direct_passthrough:
        return etags.of_path(headers["X-Sendfile"])
    if response.direct_passthrough or not response.is_sequence:
        return None
    if is_offloaded(headers):  # The front server replaces the empty body.
        return None
    data = response.get_data()
    # A view may leave the body out for HEAD.
    return etag(sha256(data)) if data or request.method != "HEAD" else None


def stated_max_age(
    settings: Settings,
    app: Flask,
    mark: Mark,
    response: Response,
    breaks_when_old: Callable[[], bool],
) -> int | None:
    """Return the freshness to say, in seconds; ``None``: what the response says stays.

    A freshness that the view has set takes precedence. The default that Flask sets on every file
    does not. For a static folder the ``max_age`` of a rule takes precedence over both.

    :param breaks_when_old: returns whether pages may break while a client has an old version.
    """
    policy = mark.policy
    said: Mapping[str, str | None] = response.cache_control
    if "no-store" in said or "private" in said:
        return None
    if policy.max_age is not None and mark.endpoint.folder:
        return policy.max_age
    flask_default = flask_max_age(app)
    expires = "Expires" in response.headers
    # Flask's send_file sets Expires only together with max-age. Without that the view has set it.
    set_by_flask = (
        response.direct_passthrough
        and said.keys() <= _SAID_OF_FILES
        and said.get("max-age") == (None if flask_default is None else str(flask_default))
        and not (expires and flask_default is None)
    )
    if not set_by_flask and (expires or said.keys() & _FRESHNESS):
        return None
    return default_max_age(settings, app, policy, breaks_when_old=breaks_when_old())


def said_by_flask(response: Response) -> bool:
    """Return whether ``Cache-Control`` has nothing but what ``send_file`` says of a file.

    A view may have given it a ``max_age``.
    """
    return response.direct_passthrough and response.cache_control.keys() <= _SAID_OF_FILES


def with_kept(value: str, response: Response) -> str:
    """Return a ``Cache-Control`` value with what a response says beside its freshness."""
    said = response.cache_control
    return ", ".join([value, *(name for name in _KEPT if name in said)])


def _breaks_when_old(etags: FileETags, mark: Mark, request: Request, response: Response) -> bool:
    """Return whether pages may break while a browser has an old version of a file.

    What else a view makes is not judged.
    """
    body = response.response
    if mark.endpoint.folder:
        name = str((request.view_args or {}).get("filename", request.path))
        content_type = media_type(name)[0]
    else:
        name, content_type = _name_of_file(response), response.headers.get("Content-Type", "")
    if not is_javascript(name):
        return bool(name) and breaks_when_old(name, content_type)
    if is_module(name, b""):  # by its name
        return True
    if isinstance(body, FileWrapper):
        return etags.is_module(cast("BinaryIO", body.file), mark.view.etag)
    if "X-Sendfile" in response.headers:
        return etags.is_module_at(response.headers["X-Sendfile"], mark.view.etag)
    return is_module(name, response.get_data() if response.is_sequence else None)
