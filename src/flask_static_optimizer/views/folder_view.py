"""The views that replace those of Flask's static folders."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Response, abort, after_this_request, got_request_exception

from ..assets.files import FileChangingError
from ..headers.freshness import decides_freshness
from ..headers.response_class import Patterns
from ..headers.sent_bytes import hide_accept_encoding
from ..http.bodies import MemorySlice
from ..http.fields import forbid_storing
from ..requests.current import app_object, request_object
from ..requests.folders import blueprint_of
from ..requests.known import Chosen
from ..requests.mark import mark_of
from .file_choice import FileChooser
from .plain_view import serve_static

if TYPE_CHECKING:
    from flask import Flask, Request

    from ..assets.mount import Mount
    from ..monitoring.log import Log
    from ..requests.endpoints import EndpointTable
    from ..requests.known_requests import KnownRequests
    from ..requests.mark import Mark
    from ..requests.static_endpoint import StaticEndpoint

View = Callable[..., Any]

#: The number of attempts to open a file that is replaced after it was looked up.
_ATTEMPTS = 5


def serve_folder(
    files: FileChooser,
    requests: KnownRequests,
    log: Log,
    endpoints: EndpointTable,
    endpoint: StaticEndpoint,
    mount: Mount,
    patterns: Patterns,
    view: View,
) -> View:
    """Make the view of a static folder, which chooses among what is known of its files.

    :param requests: the memory of the app's static requests.
    :param patterns: the patterns of responses.
    :param view: Flask's own view. It answers requests that are not static, and requests for files
        that are being written.
    """
    as_it_is = serve_static(view)
    blueprint = blueprint_of(view)

    def choose(app: Flask, mark: Mark, environ: dict[str, Any], name: str) -> Chosen | None:
        scaffold = blueprint or app
        found = files.choose(app, scaffold, mount, mark.policy, name, environ)
        if found is None:
            return None
        chosen = Chosen(found, files.plain(found))
        # Neither a hook nor the app has a say in what is chosen.
        if name == mark.view_args.get("filename") and not decides_freshness(scaffold):
            requests.learn_file(app, environ, mark, name, chosen)
        return chosen

    @functools.wraps(view)
    def serve(**view_args: Any) -> Any:
        this = request_object()
        mark = mark_of(this)
        if mark is None or mark.endpoint.mount is not mount:
            if this.endpoint != endpoint.name or endpoint.policy(view_args) is None:
                return view(**view_args)  # called by another view, or left alone by a rule
            there = endpoints.has_file(endpoint, view_args)
            return _answer_late(view, view_args) if there else abort(404)
        app = app_object()
        known = mark.known
        found: Chosen | None = None
        if known is not None and known.is_for(app, this.environ, view_args):
            found = known
        try:
            for _ in range(_ATTEMPTS):
                with suppress(FileChangingError):
                    found = found or choose(app, mark, this.environ, view_args["filename"])
                    return (
                        abort(404) if found is None else respond(patterns, app, mark, this, found)
                    )
                found = None
            response = as_it_is(**view_args)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return abort(404)  # it was there when it was looked up
        except OSError as error:
            log.warn_once(
                # The key has no file name from the URL, as a client can invent any number of
                # names below a folder that can't be read.
                ("unreadable", mount.endpoint, error.filename),
                "static_optimizer: %r of %r is answered with 404, as it can't be read: %s",
                view_args["filename"],
                mount.endpoint,
                error,
            )
            return abort(404)
        # Nothing can be said of its bytes, so it is not what the policy speaks of.
        mark.view.response = None
        response.headers.pop("ETag", None)
        response.headers.pop("Last-Modified", None)
        return response

    return serve


def respond(patterns: Patterns, app: Flask, mark: Mark, this: Request, chosen: Chosen) -> Response:
    """Return a response as Flask's own view would make it: the whole file, without a coding.

    Which bytes are sent is decided after all hooks (``headers.sent_bytes``).

    :param patterns: the patterns of responses.
    :raises FileChangingError: if the file has been replaced since it was looked up.
    :raises OSError: if it can't be read.
    """
    plain, view, pattern = chosen.plain, mark.view, patterns[app.response_class]
    body = plain.body or plain.asset.open()
    file = MemorySlice(body) if isinstance(body, bytes) else body
    response = pattern.response(file, plain.headers, passes=True)
    view.response, view.body, view.pattern = response, file, pattern
    view.etag, view.cache_control = plain.etag, plain.cache_control
    view.sent = plain.headers  # what the class of the app adds is like what a hook adds
    view.representation = chosen.representation
    if chosen.representation is not plain and app.after_request_funcs:
        hide_accept_encoding(view, this)
    return response


def _answer_late(view: View, view_args: dict[str, Any]) -> Any:
    """Answer with a file that was not there when the session was opened. Nobody is to keep it."""

    @after_this_request
    def forbid_storing_it(response: Response) -> Response:
        forbid_storing(response.headers)
        for name in ("ETag", "Last-Modified"):
            response.headers.pop(name, None)
        return response

    return view(**view_args)


def show_headers_to_error_handlers(app: Flask) -> Callable[..., None]:
    """Give a request its own header fields back as soon as a hook has raised.

    Error handlers, and the hooks that then see the error page, find what the client sent.

    :returns: the receiver of a signal, which blinker holds weakly.
    """

    def raised(_: Flask, **__: Any) -> None:
        this = request_object()
        mark = mark_of(this)
        if mark is not None and mark.view.request_headers is not None:
            this.headers = mark.view.request_headers

    got_request_exception.connect(raised, app)
    return raised
