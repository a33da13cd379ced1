"""Turn a full response into the 206, 304, 412 or 416 that the request asks for (RFC 9110 §13.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import FileWrapper

from .bodies import FileSlice
from .conditional import outcome
from .fields import OF_BODY, is_offloaded, seconds_of
from .ranges import Partial, Range

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

#: Header fields that describe a representation. An error response has none.
_OF_REPRESENTATION = (
    "Content-Encoding",
    "Content-Disposition",
    "ETag",
    "Last-Modified",
    "Use-As-Dictionary",
)

#: Header fields by which the app tells a front server to send a file as the body. A 304 has to do
#: without them, or the front server would send the file all the same.
_OFFLOADING = ("X-Accel-Redirect", "X-Sendfile")


def answer_conditions(
    response: Response, environ: dict[str, Any], *, coded_ranges: bool = False
) -> None:
    """Apply the preconditions and the range of a request to a full 200 response.

    Preconditions come first and the range last (RFC 9110 §13.2.2).

    :param response: a whole representation with its validators. It is changed in place to a 206,
        304, 412 or 416 where that is the answer.
    :param environ: the WSGI environ of the request.
    :param coded_ranges: whether a part of the representation may be sent although it has a content
        coding. That is safe only if the next request for a part will get the same coded bytes.
    """
    if response.status_code != 200:
        return
    headers = response.headers
    modified = seconds_of(headers.get("Last-Modified"))
    length = None
    if not is_offloaded(headers) and (coded_ranges or "Content-Encoding" not in headers):
        length = _length(response)
    status, ranges = outcome(environ, headers.get("ETag"), modified, length)
    if status == 412:
        _replace(response, 412)
    elif status == 304:
        response.status_code = 304
        for name in (*OF_BODY, *_OFFLOADING):
            headers.pop(name, None)
    elif length is not None:
        headers["Accept-Ranges"] = "bytes"
        if status == 416:
            _replace(response, 416)
            headers["Content-Range"] = f"bytes */{length}"
        elif status == 206:
            _send_parts(response, ranges, length)


def _send_parts(response: Response, ranges: list[Range], length: int) -> None:
    headers = response.headers
    response.status_code = 206
    partial = Partial.of(ranges, length, headers.get("Content-Type"))
    for name, value in partial.headers.items():
        headers[name] = value
    body: Any = response.response
    if isinstance(body, FileWrapper):
        body = FileSlice(body.file, body.file.tell(), 2**63)
    if isinstance(body, FileSlice):
        response.direct_passthrough = True
    else:
        body = b"".join(body)
    response.response = partial.body_of(body)


def _length(response: Response) -> int | None:
    """Return the size in bytes of a body that parts can be cut from, or ``None`` for any other."""
    body = response.response
    if isinstance(body, FileSlice):
        return body.stop - body.start
    if isinstance(body, FileWrapper):
        seekable = getattr(body.file, "seekable", None)
        return response.content_length if seekable and seekable() else None
    return response.calculate_content_length() if response.is_sequence else None


def _replace(response: Response, status: int) -> None:
    """Turn a response into an error without a body, in place of the representation."""
    close = getattr(response.response, "close", None)
    if close is not None:
        response.call_on_close(close)
    response.status_code = status
    response.direct_passthrough = False
    response.set_data(b"")
    for name in (*_OF_REPRESENTATION, *_OFFLOADING):
        response.headers.pop(name, None)
