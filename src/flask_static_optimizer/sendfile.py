"""Guarded files whose bodies the front server sends: the app checks, nginx or Apache delivers."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Response, request

from .marking import mark_of
from .values import X_ACCEL

if TYPE_CHECKING:
    from .assets.mount import Mount
    from .state import AppState

#: Conditions that nginx would judge again, by a validator that it does not know.
_JUDGED_TWICE = frozenset({"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})


def internal_prefix(endpoint: str) -> str:
    """What the URL paths begin with under which nginx is handed an endpoint's files."""
    return f"/_static_optimizer/{quote(endpoint, safe='')}/"


def offload(state: AppState, mount: Mount, view: Callable[..., Any]) -> Callable[..., Any]:
    """Put around the view of a static folder what hands guarded files to the front server.

    Only a whole file from the folder is handed over. A coded variant or a rewritten stylesheet
    is nowhere on the disk, so the app sends it; it has it in memory. Ranges are the front
    server's, as it has the bytes.

    :param view: of :func:`static_view.serve_folder`.
    """
    header = state.settings.sendfile
    assert header is not None, "it is not asked for otherwise"

    def serve(**view_args: Any) -> Any:
        response = view(**view_args)
        mark = mark_of(request._get_current_object())  # type: ignore[attr-defined]
        if mark is None or not mark.protected or response is not mark.response:
            return response
        if response.status_code != 200 or not _JUDGED_TWICE.isdisjoint(request.environ):
            return response
        asset = state.catalogue.find(mount, view_args["filename"])
        if asset is None or asset.body is not None or response.headers["ETag"] != asset.etag:
            return response
        return _handed_over(response, header, _place(header, mount, asset.name, asset.path))

    serve.__name__ = getattr(view, "__name__", "static")
    return serve


def _place(header: str, mount: Mount, name: str, path: str) -> str:
    if header == X_ACCEL:
        return internal_prefix(mount.endpoint) + quote(name)
    return quote(posixpath.abspath(path))


def _handed_over(response: Response, header: str, place: str) -> Response:
    mark = mark_of(request._get_current_object())  # type: ignore[attr-defined]
    assert mark is not None, "it was asked before"
    close = getattr(response.response, "close", None)
    if close is not None:
        close()
    response.direct_passthrough = False
    response.response = body = [b""]
    for name in ("Content-Length", "Accept-Ranges"):
        response.headers.pop(name, None)
    response.headers[header] = place
    mark.body = tuple(body)
    return response
