"""A view that is run as it is, and whose response is known as its own."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from ..requests.mark import current_mark

_WRAPPED = "_static_optimizer_wrapped"

#: What makes a view answer with something else than the whole representation, and a server's
#: own file wrapper, which hides the file whose bytes are to be fingerprinted.
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
    """Put around a view what marks a response as its own.

    On a static request the view renders the whole representation; conditional and range
    requests are answered on the fingerprint of its bytes afterwards. Other requests (POST, say)
    reach the view as they are.
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
            try:
                returned = run(*args, **kwargs)
            except HTTPException as error:
                mark.view.raised = error.response
                raise
            mark.view.response = _copy(current_app.make_response(returned))
        return mark.view.response

    setattr(serve, _WRAPPED, True)
    return serve


def _copy(response: Response) -> Response:
    # The view may keep its response and return it again; what is said for this request is not
    # to be said in it.
    mine = copy.copy(response)
    mine.headers = response.headers.copy()
    return mine


@contextmanager
def _whole_representation(environ: dict[str, Any]) -> Iterator[None]:
    hidden = {key: environ.pop(key) for key in _HIDDEN if key in environ}
    try:
        yield
    finally:
        environ.update(hidden)
