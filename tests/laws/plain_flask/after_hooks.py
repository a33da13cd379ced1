"""Functions that an app runs after its views: they read, edit or replace the response."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from flask import Response, abort, g, make_response, request, session

After = Callable[[Response], Response]

AFTER: dict[str, After] = {}


def hook(function: After) -> After:
    AFTER[function.__name__] = function
    return function


def opened(response: Response) -> Response:
    response.direct_passthrough = False
    return response


# -- The body ---------------------------------------------------------------------------------


@hook
def inject(response: Response) -> Response:
    if response.mimetype == "text/html" and not response.is_streamed:
        user = session.get("user", "nobody")
        data = response.get_data(as_text=True)
        response.set_data(data.replace("</body>", f"<i>{user}</i></body>"))
    return response


@hook
def inject_everywhere(response: Response) -> Response:
    if response.mimetype == "text/html":
        data = opened(response).get_data(as_text=True)
        response.set_data(data.replace("</body>", f"<i>{g.get('user')}</i></body>"))
    return response


@hook
def append(response: Response) -> Response:
    opened(response).data += b" /* more */"
    return response


@hook
def append_as_it_is(response: Response) -> Response:
    """Raise at files, as Flask's documentation says."""
    response.data += b" /* more */"
    return response


@hook
def write_to_stream(response: Response) -> Response:
    response.stream.write(b" /* more */")
    return response


@hook
def replace(response: Response) -> Response:
    if response.mimetype == "text/css":
        response.set_data(b"p { all: unset }")
    return response


@hook
def replace_for_all(response: Response) -> Response:
    """Edit, and add a directive to those of the file."""
    response.set_data(b"the same for all")
    response.cache_control.public = True
    return response


@hook
def empty(response: Response) -> Response:
    if response.mimetype == "image/png":
        response.set_data(b"")
    return response


@hook
def read(response: Response) -> Response:
    if response.status_code == 200:
        response.headers["X-Length"] = str(len(opened(response).get_data()))
    return response


@hook
def read_text(response: Response) -> Response:
    """Raise at pictures, which are no text."""
    opened(response).get_data(as_text=True)
    return response


@hook
def put_back(response: Response) -> Response:
    opened(response).set_data(response.get_data())
    return response


def _each(body: Any, change: Callable[[bytes], bytes], last: bytes) -> Iterator[bytes]:
    try:
        for chunk in body:
            yield change(chunk.encode() if isinstance(chunk, str) else chunk)
        yield last
    finally:
        getattr(body, "close", lambda: None)()


@hook
def stream_changed(response: Response) -> Response:
    response.response = _each(response.response, bytes.upper, b"")
    return response


@hook
def stream_longer(response: Response) -> Response:
    response.headers.pop("Content-Length", None)
    response.response = _each(response.response, bytes, b" /* the end */")
    return response


@hook
def encode(response: Response) -> Response:
    response.response = list(response.iter_encoded())
    return response


@hook
def make_sequence(response: Response) -> Response:
    response.make_sequence()
    return response


@hook
def freeze(response: Response) -> Response:
    response.freeze()
    return response


@hook
def compress(response: Response) -> Response:
    if "gzip" in request.headers.get("Accept-Encoding", "") and (
        "Content-Encoding" not in response.headers and response.status_code == 200
    ):
        opened(response).set_data(gzip.compress(response.get_data(), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


# -- Another response -------------------------------------------------------------------------


class Mine(Response):
    default_mimetype = "text/html"


@hook
def other_response(response: Response) -> Response:
    return Response(
        opened(response).get_data(), status=response.status_code, headers=response.headers
    )


@hook
def other_class(response: Response) -> Response:
    return Mine(opened(response).get_data(), response.status_code, mimetype=response.mimetype)


@hook
def force_type(response: Response) -> Response:
    return Mine.force_type(response)


@hook
def page_in_place(response: Response) -> Response:
    return make_response("<p>another</p>") if request.path.endswith(".svg") else response


@hook
def fail(response: Response) -> Response:
    if request.path.endswith((".svg", "/hello")):
        raise RuntimeError("a broken hook")
    return response


@hook
def refuse(response: Response) -> Response:
    return abort(403) if request.path.endswith((".json", "/stream")) else response


# -- What is said -----------------------------------------------------------------------------


@hook
def conditional(response: Response) -> Response:
    return response.make_conditional(request)


@hook
def conditional_etag(response: Response) -> Response:
    opened(response).add_etag(overwrite=True)
    return response.make_conditional(request)


@hook
def own_etag(response: Response) -> Response:
    response.set_etag("of-the-app")
    return response


@hook
def no_validator(response: Response) -> Response:
    response.headers.pop("ETag", None)
    response.headers.pop("Last-Modified", None)
    return response


@hook
def old(response: Response) -> Response:
    response.last_modified = datetime(2020, 1, 1, tzinfo=timezone.utc)
    return response


@hook
def short(response: Response) -> Response:
    response.headers["Cache-Control"] = "max-age=5"
    return response


@hook
def never(response: Response) -> Response:
    response.cache_control.no_store = True
    return response


@hook
def public(response: Response) -> Response:
    response.cache_control.public = True
    return response


@hook
def shorter(response: Response) -> Response:
    response.cache_control.max_age = 5
    return response


@hook
def another_type(response: Response) -> Response:
    if response.mimetype == "application/json":
        response.mimetype = "text/plain"
    return response


@hook
def another_status(response: Response) -> Response:
    if response.status_code == 200 and request.path.endswith((".png", "/hello")):
        response.status_code = 404
    return response


@hook
def status_203(response: Response) -> Response:
    if response.status_code == 200 and request.path.endswith((".css", "/hello")):
        response.status_code = 203
    return response


@hook
def more_fields(response: Response) -> Response:
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.add("Link", "</a>; rel=preload")
    response.content_language.add("en")
    return response


@hook
def no_fields(response: Response) -> Response:
    response.headers.clear()
    return response


@hook
def vary(response: Response) -> Response:
    response.vary.add("X-Thing")
    return response


@hook
def cookie(response: Response) -> Response:
    response.set_cookie("tracker", "1")
    return response


# -- The session ------------------------------------------------------------------------------


@hook
def look(response: Response) -> Response:
    response.headers["X-User"] = f"{session.get('user')} {session.get('hits')}"
    return response


@hook
def write(response: Response) -> Response:
    session["last"] = request.endpoint
    return response
