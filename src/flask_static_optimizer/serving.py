"""Running the view behind a static endpoint, and what its response says of its bytes."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from flask import current_app, request
from werkzeug.wsgi import FileWrapper

from .digests import digest
from .marking import current_mark

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.datastructures import ResponseCacheControl
    from werkzeug.wrappers import Request

    from .marking import Mark
    from .state import AppState

_WRAPPED = "_static_optimizer_wrapped"

#: Freshness in seconds of a static URL that nobody gave one.
DEFAULT_MAX_AGE = 3600

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

#: The statuses whose responses a policy speaks of; all others are not to be remembered.
CACHEABLE = frozenset({200, 203, 204, 206, 304})


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
        try:
            with _whole_representation(request.environ):
                answer = run(*args, **kwargs)
        except Exception:
            mark.failed = True
            raise
        mark.answered = True
        return answer

    setattr(serve, _WRAPPED, True)
    return serve


@contextmanager
def _whole_representation(environ: dict[str, Any]) -> Iterator[None]:
    hidden = {key: environ.pop(key) for key in _HIDDEN if key in environ}
    try:
        yield
    finally:
        environ.update(hidden)


def describe(state: AppState, app: Flask, mark: Mark, request: Request, response: Response) -> None:
    """Give the view's own response its validator and its freshness, before any other hook."""
    mark.status = response.status_code
    if not mark.answered or response.status_code not in CACHEABLE or request.method == "OPTIONS":
        return
    if response.status_code != 204:
        mark.etag = _set_etag(state, response)
    if isinstance(response.response, FileWrapper):
        # Whoever puts a compressed stream in its place may forget to close it.
        response.call_on_close(response.response.close)
    mark.body = tuple(response.response) if response.is_sequence else response.response
    said = response.cache_control
    max_age = _max_age(state, app, mark, response, said)
    if max_age is not None:
        response.headers.pop("Expires", None)
        value = ", ".join(
            [mark.policy.cache_control(max_age), *(name for name in _KEPT if name in said)]
        )
        response.headers["Cache-Control"] = value
        mark.cache_control = value


#: What of a response's Cache-Control says how long it is fresh.
_FRESHNESS = frozenset({"max-age", "s-maxage", "no-cache"})

#: What a response may have said in Cache-Control that is no freshness, and stays.
_KEPT = ("no-transform", "must-revalidate", "proxy-revalidate", "must-understand")


def same_body(seen: object, response: Response) -> bool:
    """Whether a response still has the body that :func:`describe` saw."""
    if not response.is_sequence or not isinstance(seen, tuple):
        return response.response is seen
    now = tuple(response.response)
    return len(now) == len(seen) and all(map(operator.is_, now, seen))


def _set_etag(state: AppState, response: Response) -> str | None:
    """A strong validator from the bytes (RFC 9110 §8.8.3), instead of Flask's from mtime and path.

    A view's own ETag on a body it made stays. Returns what was set.
    """
    if response.direct_passthrough:
        found = _file_digest(state, response)
    elif response.is_sequence and "ETag" not in response.headers:
        found = digest(response.get_data())
    else:
        return None
    if found is None:
        response.headers.pop("ETag", None)
        return None
    response.set_etag(found)
    return response.headers["ETag"]


def _file_digest(state: AppState, response: Response) -> str | None:
    body = response.response
    if isinstance(body, FileWrapper):
        return state.digests.of(cast(BinaryIO, body.file))
    path = response.headers.get("X-Sendfile")
    if path is None:
        return None
    with open(path, "rb") as file:
        return state.digests.of(file)


def _max_age(
    state: AppState, app: Flask, mark: Mark, response: Response, said: ResponseCacheControl
) -> int | None:
    """The freshness to say, in seconds, or ``None`` if what the response says is to stay.

    What a response says of itself comes first, except for what Flask says of every file. Over
    a folder a rule comes first: there all else is a default.
    """
    policy = mark.policy
    if "no-store" in said or "private" in said:
        return None
    if policy.max_age is not None and mark.endpoint.folder:
        return policy.max_age
    flask_default = _seconds(app.config["SEND_FILE_MAX_AGE_DEFAULT"])
    expires = "Expires" in response.headers
    # Flask's send_file says Expires only beside a max-age; alone it is the view's own.
    of_flask = (
        response.direct_passthrough
        and said.max_age == flask_default
        and not (expires and flask_default is None)
    )
    if not of_flask and (expires or said.keys() & _FRESHNESS):
        return None
    for age in (policy.max_age, state.settings.unversioned_max_age, flask_default):
        if age is not None:
            return age
    return 0 if app.debug else DEFAULT_MAX_AGE


def _seconds(value: int | timedelta | None) -> int | None:
    return int(value.total_seconds()) if isinstance(value, timedelta) else value
