"""Protected files that the app authorizes, and whose bodies nginx or Apache sends."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import request

from ..config.values import X_ACCEL
from ..requests.mark import current_mark

if TYPE_CHECKING:
    from flask import Response

    from ..assets.asset import Asset
    from ..assets.mount import Mount
    from ..config.values import SendfileHeader

#: The conditions that nginx would evaluate again, without the file's ``ETag``.
_JUDGED_TWICE = frozenset({"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})


def internal_prefix(endpoint: str) -> str:
    """Return the beginning of the URL paths under which nginx is handed an endpoint's files."""
    return f"/_static_optimizer/{quote(endpoint, safe='')}/"


def offload(header: SendfileHeader, mount: Mount, view: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the view of a static folder, so that the front server sends protected files.

    The front server sends only whole files of the folder. A compressed variant or a rewritten
    stylesheet is not a file in the folder, so the app sends it from memory. The front server
    answers range requests, as it has the bytes.

    :param header: the name of the field that the front server reads.
    :param view: the view that :func:`folder_view.serve_folder` returned.
    """

    @functools.wraps(view)
    def serve(**view_args: Any) -> Any:
        response: Response = view(**view_args)
        mark = current_mark()
        if mark is None or not mark.protected or response is not mark.view.response:
            return response
        if response.status_code != 200 or not _JUDGED_TWICE.isdisjoint(request.environ):
            return response
        asset = (
            mark.view.representation.asset
            if mark.view.representation and not mark.view.representation.variant
            else None
        )
        if asset is None or asset.body is not None:
            return response
        _empty(response)
        response.headers[header] = _place(header, mount, asset)
        mark.view.body = tuple(response.response)
        return response

    return serve


def _place(header: str, mount: Mount, asset: Asset) -> str:
    if header == X_ACCEL:
        return internal_prefix(mount.endpoint) + quote(asset.name)
    return quote(os.path.abspath(asset.path))


def _empty(response: Response) -> None:
    """Remove the body and the fields about its length, which the front server sets."""
    close = getattr(response.response, "close", None)
    if close is not None:
        close()
    response.direct_passthrough = False
    response.response = [b""]
    for name in ("Content-Length", "Accept-Ranges"):
        response.headers.pop(name, None)
