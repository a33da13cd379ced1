"""Flask's own static views, answered from the catalogue of assets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Response, abort, current_app, request
from werkzeug.datastructures import Headers

from .assets.files import FileChangingError
from .choice import Choice, choose
from .express.prepared import NOT_MODIFIED, Prepared
from .folders import blueprint_of
from .marking import mark_of
from .ready import ReadyClasses
from .serving import serve_static

if TYPE_CHECKING:
    from flask import Flask, Request

    from .assets.mount import Mount
    from .marking import Mark
    from .state import AppState

View = Callable[..., Any]

#: Times that a file may be replaced between being looked up and being opened.
_ATTEMPTS = 5


def serve_folder(state: AppState, mount: Mount, view: View) -> View:
    """The view of a static folder, which only chooses among what is known of its files.

    :param view: Flask's own, for requests that the extension leaves alone, and for files that
        are being written.
    """
    as_it_is = serve_static(view)
    response_classes = ReadyClasses()
    blueprint = blueprint_of(view)

    def serve(**view_args: Any) -> Any:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        mark = mark_of(this)
        if mark is None:
            return view(**view_args)
        name = view_args["filename"]
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        scaffold = blueprint or app
        try:
            for _ in range(_ATTEMPTS):
                with suppress(FileChangingError):
                    choice = choose(state, app, scaffold, mount, mark.policy, name, this.environ)
                    if choice is None:
                        return abort(404)
                    # What another hook may code has to be judged afterwards.
                    now = None if app.after_request_funcs else this.environ
                    return _respond(response_classes[app.response_class], mark, choice, now)
            response = as_it_is(**view_args)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return abort(404)  # it was there when it was looked up
        except OSError as error:
            state.warn_once(
                app,
                # Not by the name alone: below a closed folder a client may think up any.
                ("unreadable", mount.endpoint, error.filename),
                "static_optimizer: %r of %r is answered with 404, as it can't be read: %s",
                name,
                mount.endpoint,
                error,
            )
            return abort(404)
        # Nothing can be said of its bytes, so it is not what the policy speaks of.
        mark.response = None
        response.headers.pop("ETag", None)
        response.headers.pop("Last-Modified", None)
        return response

    serve.__name__ = getattr(view, "__name__", "static")
    serve.__wrapped__ = view  # type: ignore[attr-defined]
    return serve


def _respond(
    kind: type[Response], mark: Mark, choice: Choice, environ: dict[str, Any] | None
) -> Response:
    """The response with a representation, or what a request makes of it.

    :param environ: of the request, if its conditions and its range are to be judged now. Whether
        they lead to an error is judged later in any case.
    """
    selected, cache_control, _ = choice
    headers = selected.headers(cache_control, mark.policy.vary)
    prepared = Prepared.of(selected, headers, selected.in_memory)
    status, headers, body = (environ and prepared.answer(environ)) or prepared.whole()
    response = kind(body, status, Headers(headers), direct_passthrough=not isinstance(body, tuple))
    if status == NOT_MODIFIED:
        del response.headers["Content-Type"]
    mark.response = response
    mark.selected = selected
    mark.etag = selected.etag
    mark.cache_control = cache_control
    mark.body = body
    mark.sent = response.headers.to_wsgi_list()
    return response
