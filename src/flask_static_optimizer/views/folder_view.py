"""Flask's own static views, answered from the catalogue of assets."""

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

#: Times that a file may be replaced between being looked up and being opened.
_ATTEMPTS = 5


def serve_folder(files: FileChooser, log: Log, mount: Mount, view: View) -> View:
    """The view of a static folder, which only chooses among what is known of its files.

    :param view: Flask's own, for requests that the extension leaves alone, and for files that
        are being written.
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
                    # What another hook may code has to be judged afterwards.
                    now = None if app.after_request_funcs else this.environ
                    return _respond(response_classes[app.response_class], mark, found, now)
        except OSError as error:
            log.warn_once(
                # Not by the name alone: below a closed folder a client may think up any.
                ("unreadable", mount.endpoint, error.filename),
                "static_optimizer: %r of %r is answered with 404, as it can't be read: %s",
                name,
                mount.endpoint,
                error,
            )
            return abort(404)
        response = as_it_is(**view_args)
        # Nothing can be said of its bytes, so it is not what the policy speaks of.
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
    """Return the response with a representation, or what a request makes of it.

    :param environ: of the request, if its conditions and its range are to be judged now. Whether
        they lead to an error is judged later in any case.
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
