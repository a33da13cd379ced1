"""Static views that run unchanged, and whose responses are noted in the request's mark."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, current_app, request

from ..requests.mark import current_mark

_WRAPPED = "_static_optimizer_wrapped"

#: The keys of an environ that are hidden from the view: the fields that lead to a partial or an
#: empty response, and the server's file wrapper, which hides the file whose bytes are hashed.
_HIDDEN = (
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_RANGE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_RANGE",
    "wsgi.file_wrapper",
)


def serve_static(view: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a view, so that the mark of the request holds the view's own response.

    For a static request the view makes the whole representation. Conditions and ranges are
    evaluated afterwards, with an ``ETag`` of the bytes. Other requests, such as POST, reach the
    view unchanged.
    """
    if getattr(view, _WRAPPED, False):
        return view

    @functools.wraps(view)
    def serve(*args: Any, **kwargs: Any) -> Any:
        mark = current_mark()
        run = current_app.ensure_sync(view)
        if mark is None:
            return run(*args, **kwargs)
        with _whole_representation(request.environ):
            mark.view.response = _copy(current_app.make_response(run(*args, **kwargs)))
        return mark.view.response

    setattr(serve, _WRAPPED, True)
    return serve


def _copy(response: Response) -> Response:
    # The view may keep its response and return it again. The headers that are set for this
    # request must not be in it.
    copied = copy.copy(response)
    copied.headers = response.headers.copy()
    return copied


@contextmanager
def _whole_representation(environ: dict[str, Any]) -> Iterator[None]:
    hidden = {key: environ.pop(key) for key in _HIDDEN if key in environ}
    try:
        yield
    finally:
        environ.update(hidden)
