"""What a static view's response says of its bytes: their validator and their freshness."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO, cast

from werkzeug.wsgi import FileWrapper

from ..assets.fingerprints import etag, sha256
from ..assets.javascript import is_javascript, is_module
from ..assets.media_types import breaks_when_old, media_type
from ..http.fields import fold, forbid_storing, is_offloaded
from ..http.statuses import CACHEABLE
from .freshness import default_max_age, flask_max_age

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..config.settings import Settings
    from ..requests.mark import Mark
    from .etags import FileETags

#: What of a response's Cache-Control says how long it is fresh.
_FRESHNESS = frozenset({"max-age", "s-maxage", "no-cache"})

#: What Flask's ``send_file`` says of every file.
_SAID_OF_FILES = frozenset({"max-age", "no-cache", "public"})

#: What a response may have said in Cache-Control that is no freshness, and stays.
_KEPT = ("no-transform", "must-revalidate", "proxy-revalidate", "must-understand")


def describe(
    settings: Settings,
    etags: FileETags,
    app: Flask,
    mark: Mark,
    request: Request,
    response: Response,
) -> None:
    """Give the view's own response its validator and its freshness, before any other hook."""
    mark.view.status = response.status_code
    mark.view.succeeded = response is mark.view.response and response.status_code in CACHEABLE
    if request.method == "OPTIONS" or (mark.view.succeeded and mark.view.sent is not None):
        return
    if not mark.view.succeeded:
        # Said again at the end; if a hook raises there may be none.
        forbid_storing(response.headers)
        return
    fold(response.headers)
    _describe_bytes(etags, mark, request, response)
    said = response.cache_control
    max_age = _max_age(settings, etags, app, mark, request, response)
    if max_age is not None:
        response.headers.pop("Expires", None)
        kept = (name for name in _KEPT if name in said)
        value = ", ".join([mark.policy.cache_control(max_age), *kept])
        response.headers["Cache-Control"] = value
        mark.view.cache_control = value


def same_body(seen: object, response: Response) -> bool:
    """Whether a response still has the body that :func:`describe` saw."""
    if not response.is_sequence or not isinstance(seen, tuple):
        return response.response is seen
    now = tuple(response.response)
    return len(now) == len(seen) and all(map(operator.is_, now, seen))


def _describe_bytes(etags: FileETags, mark: Mark, request: Request, response: Response) -> None:
    """A strong validator from the bytes (RFC 9110 §8.8.3), instead of Flask's from mtime and path.

    A view's own ETag on a body it made stays.
    """
    body = response.response
    if isinstance(body, FileWrapper):
        # Whoever puts a compressed stream in its place may forget to close it.
        response.call_on_close(body.close)
        response.headers.pop("ETag", None)
    if "01 Jan 1970" in response.headers.get("Last-Modified", ""):
        # Of a reproducible build; the next one will have the same date and other bytes.
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


def _etag(etags: FileETags, request: Request, response: Response) -> str | None:
    body, headers = response.response, response.headers
    if isinstance(body, FileWrapper):
        return etags.of(cast("BinaryIO", body.file))
    if "X-Sendfile" in headers and response.direct_passthrough:
        return etags.of_path(headers["X-Sendfile"])
    if response.direct_passthrough or not response.is_sequence or "ETag" in headers:
        return None
    if is_offloaded(headers):  # an empty body stands for another
        return None
    data = response.get_data()
    # A view may leave the body out for HEAD.
    return etag(sha256(data)) if data or request.method != "HEAD" else None


def _max_age(
    settings: Settings,
    etags: FileETags,
    app: Flask,
    mark: Mark,
    request: Request,
    response: Response,
) -> int | None:
    """The freshness to say, in seconds, or ``None`` if what the response says is to stay.

    What a response says of itself comes first, except for what Flask says of every file. Over
    a folder a rule comes first: there all else is a default.
    """
    policy = mark.policy
    said: Mapping[str, str | None] = response.cache_control
    if "no-store" in said or "private" in said:
        return None
    if policy.max_age is not None and mark.endpoint.folder:
        return policy.max_age
    flask_default = flask_max_age(app)
    expires = "Expires" in response.headers
    # Flask's send_file says Expires only beside a max-age; alone it is the view's own.
    of_flask = (
        response.direct_passthrough
        and said.keys() <= _SAID_OF_FILES
        and said.get("max-age") == (None if flask_default is None else str(flask_default))
        and not (expires and flask_default is None)
    )
    if not of_flask and (expires or said.keys() & _FRESHNESS):
        return None
    breaks = mark.endpoint.folder and _breaks_when_old(etags, mark, request, response)
    return default_max_age(settings, app, policy, breaks_when_old=breaks)


def _breaks_when_old(etags: FileETags, mark: Mark, request: Request, response: Response) -> bool:
    """Return whether pages may break while a browser has an old version of a folder's file."""
    name = str((request.view_args or {}).get("filename", request.path))
    if not is_javascript(name):
        return breaks_when_old(name, media_type(name)[0])
    if is_module(name, b""):  # by its name
        return True
    body = response.response
    if isinstance(body, FileWrapper):
        return etags.is_module(cast("BinaryIO", body.file), mark.view.etag)
    if "X-Sendfile" in response.headers:
        return etags.is_module_at(response.headers["X-Sendfile"], mark.view.etag)
    return is_module(name, response.get_data() if response.is_sequence else None)
