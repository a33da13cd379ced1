"""Answering conditional and range requests (RFC 9110 §13 and §14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import is_resource_modified, parse_etags, parse_range_header

from .fields import is_offloaded

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

_PRECONDITIONS = frozenset({"HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH"})


def answer_conditions(response: Response, environ: dict[str, Any]) -> None:
    """Make a full 200 response what the request's conditions and range ask for.

    Preconditions come first and the range last (RFC 9110 §13.2.2). A Range header that can't
    be parsed, or asks for more than one range, is ignored, which §14.2 allows; so is one on
    anything but GET.

    :param response: a whole representation with its validators; changed in place to 206, 304,
        412 or 416 where that is the answer.
    :param environ: the WSGI environ of the request.
    """
    if response.status_code != 200:
        return
    if not _PRECONDITIONS.isdisjoint(environ) and not is_resource_modified(
        environ, response.headers.get("ETag"), last_modified=response.headers.get("Last-Modified")
    ):
        if parse_etags(environ.get("HTTP_IF_MATCH")):
            response.status_code = 412
            _empty(response)
        else:
            response.status_code = 304
        return
    _answer_range(response, environ)


def _answer_range(response: Response, environ: dict[str, Any]) -> None:
    headers = response.headers
    if "Content-Encoding" in headers or is_offloaded(headers):
        return  # coded bytes may differ the next time
    length = response.content_length
    if length is None and response.is_sequence:
        length = response.calculate_content_length()
    if length is None:
        return
    response.accept_ranges = "bytes"
    if environ["REQUEST_METHOD"] != "GET" or not _one_range(environ.get("HTTP_RANGE")):
        return
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        response.status_code = 416
        _empty(response)
        headers["Content-Range"] = f"bytes */{length}"


def _one_range(header: str | None) -> bool:
    parsed = parse_range_header(header)
    return parsed is not None and parsed.units == "bytes" and len(parsed.ranges) == 1


def _empty(response: Response) -> None:
    close = getattr(response.response, "close", None)
    if close is not None:
        response.call_on_close(close)
    response.direct_passthrough = False
    response.set_data(b"")
    for name in ("Content-Encoding", "Content-Disposition", "ETag", "Last-Modified"):
        response.headers.pop(name, None)
