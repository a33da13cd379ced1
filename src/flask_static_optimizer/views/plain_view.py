"""Static views that run unchanged, and whose responses are noted in the request's mark."""

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

#: The attribute of a request that has its cookies, and those that have conditions and the range.
_COOKIES = "cookies"
_PARSED = (
    "if_match",
    "if_modified_since",
    "if_none_match",
    "if_range",
    "if_unmodified_since",
    "range",
)

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
    evaluated afterwards, with an ``ETag`` of the bytes. The only conditions that it sees are those
    by which it may say that a stored response has not changed. Other requests, such as POST, reach
    the view unchanged.
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
    # The view may keep its response and return it again. The headers that are set for this
    # request must not be in it.
    copied = copy.copy(response)
    copied.headers = response.headers.copy()
    return copied


@contextmanager
def _running(mark: Mark, this: Request) -> Iterator[None]:
    """Let the view render the whole, and note what of the visitor it reads.

    Werkzeug keeps cookies and conditions in the request object when they are first read.
    """
    environ, kept, conditions = this.environ, vars(this), mark.view.conditions
    hidden = {key: environ.pop(key) for key in _HIDDEN if key in environ}
    parsed = {name: kept.pop(name) for name in _PARSED if name in kept}
    cookies = kept.pop(_COOKIES, None)
    environ.update(conditions)
    mark.view.runs = True
    try:
        yield
    finally:
        mark.view.runs = False
        for key in conditions:
            environ.pop(key, None)
        environ.update(hidden)
        for name in _PARSED:
            kept.pop(name, None)
        kept.update(parsed)
        if _COOKIES in kept:
            mark.session.note_read_by_view("request.cookies")
        if cookies is not None:
            kept[_COOKIES] = cookies
