"""A view that is run as it is, and whose response is known as its own."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Response, current_app
from werkzeug.exceptions import HTTPException

from ..requests.current import request_object
from ..requests.mark import current_mark

if TYPE_CHECKING:
    from flask import Request

    from ..requests.mark import Mark

#: The attribute of a request that has its cookies.
_COOKIES = "cookies"

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
        this = request_object()
        with _running(mark, this):
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
def _running(mark: Mark, this: Request) -> Iterator[None]:
    """Let the view render the whole, and note what of the visitor it reads.

    Werkzeug keeps the cookies in the request object when they are first read.
    """
    environ, kept = this.environ, vars(this)
    hidden = {key: environ.pop(key) for key in _HIDDEN if key in environ}
    cookies = kept.pop(_COOKIES, None)
    mark.view.runs = True
    try:
        yield
    finally:
        mark.view.runs = False
        environ.update(hidden)
        if _COOKIES in kept:
            mark.session.note_read_by_view("request.cookies")
        if cookies is not None:
            kept[_COOKIES] = cookies
