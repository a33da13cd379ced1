"""Warnings and a signal about static requests that used the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.protecting import folder_key, protecting
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
    name, use = mark.endpoint.name, mark.session
    if not (use.looked or use.read_by_view or use.dropped):
        return
    if not mark.protected:
        refusals = REFUSALS & {mark.view.status, response.status_code}
        if mark.session.looked and refusals and mark.view.stated is None:
            _refused(log, mark, min(refusals), path)
        elif mark.session.read_by_view and not _says_so(mark, response):
            _read_by_view(log, mark)
        elif mark.session.dropped and (app.debug or mark.session.written):
            _dropped(log, mark)
    if mark.session.dropped:
        session_writes_dropped.send(app, endpoint=name, keys=mark.session.dropped)


def _refused(log: Log, mark: Mark, status: int, path: str) -> None:
    log.warn_once(
        ("wall", mark.endpoint.name),
        "static_optimizer: the app (a hook, a decorator or the view) answered %d to a request for"
        " %s, which is static (%r), and something read the session on the way, which is empty for"
        " static requests. If that is a guard that goes by the session, this rule gives it the real"
        " one; if it goes by something else (an API key, an address), the rule keeps what it guards"
        " out of shared caches: %s. If it is no guard (a CSRF check), let it return early where"
        " flask_static_optimizer.is_static_request() is true.",
        status,
        path,
        mark.endpoint.name,
        _protected_folder(mark),
    )


def _read_by_view(log: Log, mark: Mark) -> None:
    log.warn_once(
        ("read", mark.endpoint.name),
        "static_optimizer: the view of %r read %s, but static responses are the same for everybody,"
        " and their session is empty. If the page shows who asks, let it be protected: %s, or let"
        " it be no static one: take @cacheable_static off, or the rule that names it.",
        mark.endpoint.name,
        " and ".join(mark.session.read_by_view),
        _protected(mark),
    )


def _dropped(log: Log, mark: Mark) -> None:
    name = mark.endpoint.name
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


def _says_so(mark: Mark, response: Response) -> bool:
    """Return whether the view read cookies only, and the response may not be shared by them."""
    said = response.cache_control
    return "the session" not in mark.session.read_by_view and bool(
        said.private or (said.no_store and mark.view.succeeded) or "cookie" in response.vary
    )


def _protected(mark: Mark) -> str:
    return protecting([mark.endpoint.name])


def _protected_folder(mark: Mark) -> str:
    """Return the setting for the folder of the file, or for all where it is in no folder."""
    name = mark.view_args.get("filename")
    if mark.endpoint.folder and isinstance(name, str) and "/" in name:
        return protecting([folder_key(mark.endpoint.name, name)])
    part = f' (or "{mark.endpoint.name}:part/*" for a part of the folder)'
    return _protected(mark) + (part if mark.endpoint.folder else "")
