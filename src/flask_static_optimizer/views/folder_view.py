"""The views that replace those of Flask's static folders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Response, abort
from werkzeug.datastructures import Headers

from ..assets.files import FileChangingError
from ..headers.response_class import ReadyClasses
from ..http.answer import STATUS_LINES, Answer
from ..requests.current import app_object, request_object
from ..requests.folders import blueprint_of
from ..requests.mark import mark_of
from .file_choice import FileChooser
from .plain_view import serve_static

if TYPE_CHECKING:
    from ..assets.mount import Mount
    from ..assets.representation import Representation
    from ..monitoring.log import Log
    from ..requests.mark import Mark

View = Callable[..., Any]

#: The number of attempts to open a file that is replaced after it was looked up.
_ATTEMPTS = 5


def serve_folder(files: FileChooser, log: Log, mount: Mount, view: View) -> View:
    """Return a view of a static folder that serves representations the extension has prepared.

    :param view: Flask's own view. It answers requests that are not static, and requests for files
        that are being written.
    """
    as_it_is = serve_static(view)
    response_classes = ReadyClasses()
    blueprint = blueprint_of(view)

    def serve(**view_args: Any) -> Any:
        this = request_object()
        mark = mark_of(this)
        if mark is None:
            return view(**view_args)
        name = view_args["filename"]
        app = app_object()
        scaffold = blueprint or app
        try:
            for _ in range(_ATTEMPTS):
                with suppress(FileChangingError):
                    found = files.choose(app, scaffold, mount, mark.policy, name, this.environ)
                    if found is None:
                        return abort(404)
                    # Another hook may encode the body, so conditions have to wait for it.
                    now = None if app.after_request_funcs else this.environ
                    return _respond(response_classes[app.response_class], mark, found, now)
        except OSError as error:
            log.warn_once(
                # The key has no file name from the URL, as a client can invent any number of
                # names below a folder that can't be read.
                ("unreadable", mount.endpoint, error.filename),
                "static_optimizer: %r of %r is answered with 404, as it can't be read: %s",
                name,
                mount.endpoint,
                error,
            )
            return abort(404)
        response = as_it_is(**view_args)
        # The file is changing, so that its bytes have no validator. With no response of the view
        # the policy does not apply, and last_word forbids storing.
        mark.view.response = None
        response.headers.pop("ETag", None)
        response.headers.pop("Last-Modified", None)
        return response

    serve.__name__ = getattr(view, "__name__", "static")
    serve.__wrapped__ = view  # type: ignore[attr-defined]
    return serve


def _respond(
    kind: type[Response],
    mark: Mark,
    representation: Representation,
    environ: dict[str, Any] | None,
) -> Response:
    """Return the response with a representation, or the answer to a condition or a range.

    :param environ: the WSGI environ, if the request's conditions and range are evaluated now;
        ``None`` leaves them for later. Those that lead to an error are always left for later.
    """
    answer = None if environ is None else representation.answer(environ)
    if answer is None:
        answer = Answer(200, representation.headers, representation.open())
    body = answer.body
    response = kind(
        body,
        STATUS_LINES[answer.status],
        Headers(answer.headers),
        direct_passthrough=not isinstance(body, tuple),
    )
    if answer.status == 304:
        del response.headers["Content-Type"]
    view = mark.view
    view.response = response
    view.representation = representation
    view.etag = representation.etag
    view.cache_control = response.headers["Cache-Control"]
    view.body = body
    view.sent = response.headers.to_wsgi_list()
    return response
