"""The decision, by the URL match, whether a request is static."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ..http import methods
from .mark import Mark, mark_of, set_mark, set_missing, watch_parameters

if TYPE_CHECKING:
    from flask import Flask, Request
    from werkzeug.routing import MapAdapter

    from .endpoints import EndpointTable


def match(endpoints: EndpointTable, app: Flask, request: Request) -> Mark | None:
    """Decide by the matched endpoint whether a request is static, and mark it if so.

    Flask opens the session before it matches the URL, so the URL is matched here first. Where the
    host does not matter, one adapter serves all requests; else one is made as Flask makes it.

    :returns: the mark, or ``None`` if the request is not static.
    """
    if request.method not in methods.STATIC or mark_of(request) is not None:
        return None
    if not endpoints.gate.admits(request.path):
        return None
    if not endpoints.complete:
        endpoints.refresh()  # routes of the app's own come before root files from the first request
    if request.routing_exception is None:
        file = endpoints.shortcut.find(request.path, request.environ)
        if file is not None:
            return mark(endpoints, request, file[0], {"filename": file[1]})
        urls = endpoints.urls
        if urls is not None and "HTTP_UPGRADE" not in request.environ:
            with suppress(RequestRedirect):
                found = _match(urls, request)
                return None if found is None else mark(endpoints, request, *found)
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    is_redirect = False
    try:
        found = _match(adapter, request)
    except RequestRedirect as redirect:
        # It leads to another spelling of the same URL, and belongs to the endpoint that is there.
        is_redirect = True
        path = unquote(urlsplit(redirect.new_url).path).removeprefix(request.root_path)
        with suppress(RequestRedirect):
            found = _match(adapter, request, path)
    return None if found is None else mark(endpoints, request, *found, is_redirect=is_redirect)


def mark(
    endpoints: EndpointTable,
    request: Request,
    endpoint_name: str,
    view_args: dict[str, Any],
    *,
    is_redirect: bool = False,
) -> Mark | None:
    """Mark a request if the endpoint it matched is static, and the file that it asks for is there.

    An error page for a file that is not there is like any other page of the app.

    :param is_redirect: whether Flask will redirect to another spelling of the URL.
    """
    endpoint = endpoints.get(endpoint_name)
    policy = endpoint.policy(view_args) if endpoint else None
    if endpoint is None or policy is None:
        return None
    if not is_redirect and not endpoints.has_file(endpoint, view_args):
        set_missing(request)
        return None
    mark = Mark(endpoint, policy, view_args, endpoints.protects(policy))
    set_mark(request, mark)
    if not endpoint.folder:
        watch_parameters(request, mark)
    return mark


def _match(
    adapter: MapAdapter, request: Request, path: str | None = None
) -> tuple[str, dict[str, Any]] | None:
    """Return the endpoint and the view arguments of a path, by default the request's.

    :raises RequestRedirect: if Werkzeug redirects to another spelling of the URL.
    """
    try:
        rule, view_args = adapter.match(path or request.path, request.method, return_rule=True)
    except RequestRedirect:
        raise
    except HTTPException:
        return None
    return rule.endpoint, dict(view_args)
