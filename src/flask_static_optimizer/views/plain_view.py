"""Static views that run unchanged, and whose responses are noted in the request's mark."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ..requests.current import app_object, request_object
from ..requests.mark import current_mark

if TYPE_CHECKING:
    from flask import Request

    from ..requests.mark import Mark
    from .file_views import FileViews

#: The attribute of a request that has its cookies, and those that have conditions and the range.
_COOKIES = "cookies"
_PARSED = frozenset(
    {
        "if_match",
        "if_modified_since",
        "if_none_match",
        "if_range",
        "if_unmodified_since",
        "range",
    }
)

_WRAPPED = "_static_optimizer_wrapped"

#: The keys of an environ that are hidden from the view: the fields that lead to a partial or an
#: empty response, and the server's file wrapper, which hides the file whose bytes are hashed.
_HIDDEN = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_RANGE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_RANGE",
        "wsgi.file_wrapper",
    }
)


class PlainView:
    """A static view that runs unchanged, and whose own response the mark of the request holds.

    For a static request the view makes the whole representation. Conditions and ranges are
    evaluated afterwards, with an ``ETag`` of the bytes. The only conditions that it sees are those
    by which it may say that a stored response has not changed. Other requests, such as POST, reach
    the view unchanged.

    :param files: what is known of the files that views send; ``None``: nothing is.
    """

    def __init__(self, view: Callable[..., Any], files: FileViews | None = None) -> None:
        self._view = view
        self._files = files
        self._is_async = iscoroutinefunction(view)

    def serve(self, *args: Any, **kwargs: Any) -> Any:
        """Run the view, if it is called for a static request as Flask calls it."""
        mark = current_mark()
        if mark is None:
            return self._run(app_object())(*args, **kwargs)
        return self.respond(app_object(), mark, request_object(), args, kwargs)

    def respond(
        self,
        app: Flask,
        mark: Mark,
        this: Request,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Response:
        """Run the view for a static request, and return its response.

        What leads to another response than the whole is hidden meanwhile, and what the view reads
        of the visitor is noted. Werkzeug keeps cookies and conditions in the request object when
        they are first read.
        """
        environ, kept, view = this.environ, vars(this), mark.view
        conditions = view.conditions
        hidden = _taken(environ, _HIDDEN)
        parsed = _taken(kept, _PARSED)
        cookies = kept.pop(_COOKIES, None)
        if conditions:
            environ.update(conditions)
        view.runs = True
        try:
            response = app.make_response(self._run(app)(*args, **kwargs))
        except HTTPException as error:
            view.raised = error.response
            raise
        finally:
            view.runs = False
            for key in conditions:
                environ.pop(key, None)
            environ.update(hidden)
            _taken(kept, _PARSED)
            kept.update(parsed)
            if _COOKIES in kept:
                mark.session.note_read_by_view("request.cookies")
            if cookies is not None:
                kept[_COOKIES] = cookies
        known = None if self._files is None else self._files.answer(app, mark, this, response)
        view.response = known or _copy(response)
        return view.response

    def _run(self, app: Flask) -> Callable[..., Any]:
        is_plain = not self._is_async and type(app).ensure_sync is Flask.ensure_sync
        return self._view if is_plain else app.ensure_sync(self._view)


def serve_static(view: Callable[..., Any], files: FileViews | None = None) -> Callable[..., Any]:
    """Wrap a view as :class:`PlainView` runs it.

    :param files: what is known of the files that views send; ``None``: nothing is.
    """
    if getattr(view, _WRAPPED, False):
        return view
    plain = PlainView(view, files)

    @functools.wraps(view)
    def serve(*args: Any, **kwargs: Any) -> Any:
        return plain.serve(*args, **kwargs)

    setattr(serve, _WRAPPED, True)
    return serve


def _taken(items: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Take the items with some names out of a dictionary, and return them."""
    if items.keys().isdisjoint(names):  # the usual case
        return {}
    return {name: items.pop(name) for name in names if name in items}


def _copy(response: Response) -> Response:
    # The view may keep its response and return it again. The headers that are set for this
    # request must not be in it.
    copied = copy.copy(response)
    copied.headers = response.headers.copy()
    return copied
