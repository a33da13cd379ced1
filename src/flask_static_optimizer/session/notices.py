"""Warnings and a signal about static requests that used the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http.statuses import REFUSALS
from ..monitoring.signals import session_writes_dropped

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..monitoring.log import Log
    from ..requests.mark import Mark


def session_kept_out(log: Log, app: Flask, mark: Mark, response: Response, path: str) -> None:
    """Log a warning, once for each endpoint, if a static request needed or changed the session.

    The signal ``session_writes_dropped`` is sent for each request.

    :param log: the log.
    :param app: the sender of the signal.
    :param mark: the mark of the request.
    :param response: the response after all hooks.
    :param path: the path of the request.
    """
    name = mark.endpoint.name
    refusals = REFUSALS & {mark.view.status, response.status_code}
    if mark.session.looked and not mark.protected and refusals:
        log.warn_once(
            ("wall", name),
            "static_optimizer: %r read the session, which is empty for static requests, and"
            " answered %d to %s. If that is behind a log-in, let it read the real one: %s%s",
            name,
            min(refusals),
            path,
            f'STATIC_OPTIMIZER_RULES = {{"{name}": {{"session": "protected"}}}}',
            f' (or "{name}:part/*" for a part of the folder)' if mark.endpoint.folder else "",
        )
    elif mark.session.dropped and not mark.protected and (app.debug or mark.session.written):
        log.warn_once(
            ("dropped", name),
            "static_optimizer: %r is static, so what it wrote into the session (%s) was dropped,"
            " and responses that may hold it are sent as 'private', which no CDN keeps. If the"
            " hook that did meant pages only, let it return early where"
            " flask_static_optimizer.is_static_request() is true; if the endpoint is no static"
            " one, take it out with STATIC_OPTIMIZER_RULES = {%r: False}.",
            name,
            ", ".join(sorted(mark.session.dropped)),
            name,
        )
    if mark.session.dropped:
        session_writes_dropped.send(app, endpoint=name, keys=mark.session.dropped)
