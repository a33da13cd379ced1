"""The revalidation of a stale stored response by the view that made it (RFC 9111 §4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from ..store import validation

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.datastructures import Headers

    from ..requests.mark import Mark
    from ..store.entry import Entry
    from .storing import StoringRun


def ask_view(
    app: Flask, mark: Mark, run: StoringRun | None, call: Callable[[], Response]
) -> Response:
    """Run a view, and return its response, complete even if the view says that it is as stored.

    A view whose stored response has validators of the view's own sees these as the conditions of
    the request, and may answer 304. Then its response is the stored one with the header fields of
    the 304, and all that holds for a new one holds for it. A 304 that is about another response is
    not used: the view runs once more, without conditions.

    :param run: the run, with the stored response that it may replace.
    :param call: a function that runs the view.
    """
    entry = None if run is None else run.replaced
    if entry is None or mark.policy.etag is not None or mark.policy.last_modified is not None:
        return call()
    mark.view.conditions = validation.conditions(entry.head)
    try:
        response = call()
    except HTTPException as error:
        # An error without a response has no status of 304.
        if error.response is None or error.response.status_code != 304 or not mark.view.conditions:
            raise
        response = app.make_response(error.get_response())
    if response.status_code != 304 or not mark.view.conditions:
        return response
    mark.view.conditions, mark.view.raised = {}, None
    response.close()
    fields = validation.updated(entry.head, _own_fields(app, response))
    if fields is None or run is None:
        return call()
    run.validated()
    return _whole(app, mark, entry, fields)


def _own_fields(app: Flask, response: Response) -> Headers:
    """Return the header fields of a 304 without those that the app's class gives to each."""
    given = app.response_class(status=304).headers.to_wsgi_list()
    headers = response.headers.copy()
    for name, value in given:
        if headers.getlist(name) == [value]:
            del headers[name]
    return headers


def _whole(app: Flask, mark: Mark, entry: Entry, fields: Headers) -> Response:
    response = app.response_class(entry.body, entry.head.status)
    response.headers.clear()
    response.headers.extend(fields)
    mark.view.response = response
    return response
