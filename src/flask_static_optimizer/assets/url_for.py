"""A ``url_for`` that puts fingerprints into the URLs of static files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import signature
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request

from .urls import PLAIN, with_version

if TYPE_CHECKING:
    from flask import Flask

    from .host import Host
    from .mount import Mount
    from .urls import Urls

#: A function called with the endpoint, the file name and the URL, after each URL of a static file
#: that was built for a page.
Listener = Callable[[str, str, str], None]


def fingerprint_urls(
    app: Flask,
    find_mount: Callable[[str], Mount | None],
    urls: Urls,
    listeners: Sequence[Listener] = (),
    host: Host | None = None,
) -> None:
    """Replace the app's ``url_for`` by one that puts fingerprints into static URLs.

    :func:`flask.url_for` and templates call :meth:`flask.Flask.url_for`. Flask still builds the
    URL, with ``SCRIPT_NAME``, hosts, blueprints and ``_external``.

    :param find_mount: returns the static folder of an endpoint, if it has one.
    :param host: the host that pages load static files from, if it is not the app's.
    """
    kind = type(app)
    replaced = vars(app).get("url_for")
    known_to_templates = "jinja_env" in vars(app) and (
        app.jinja_env.globals.get("url_for") == app.url_for
    )

    def url_for(endpoint: str, **values: Any) -> str:
        mount = find_mount(endpoint if endpoint[:1] != "." else _absolute(endpoint))
        version, on_host, name, told = None, False, None, listeners
        if mount is not None:
            name = values.get(mount.variable)
            is_plain = values.get(PLAIN)
            if is_plain:  # a page fetches a worker's script itself, and later
                told = ()
            is_elsewhere = host is not None and not is_plain and host.is_used(app)
            version = urls.add(mount, values)
            if mount.by_view and version is None:  # who knows what the view sends
                told = ()
            if is_elsewhere and host is not None:
                is_shared = version is not None or values.get(mount.variable) != name
                on_host = host.has(mount, name, is_shared=is_shared)
        url = replaced(endpoint, **values) if replaced else kind.url_for(app, endpoint, **values)
        if version is not None:
            url = with_version(url, version)
        if on_host and host is not None:
            url = host.before(url)
        if mount is not None:
            # Only now, as there may be no such file, or no such URL.
            for listener in told:
                listener(mount.endpoint, str(name), url)
        return url

    _dress(url_for, app.url_for)
    app.url_for = url_for  # type: ignore[method-assign]
    if known_to_templates:
        app.jinja_env.globals["url_for"] = url_for


def _dress(function: Callable[..., str], original: Callable[..., str]) -> None:
    """Give a function the names, the documentation and the signature of the one it stands for."""
    update_wrapper(function, original)
    function.__signature__ = signature(original)  # type: ignore[attr-defined]
    del function.__wrapped__  # type: ignore[attr-defined]  # a method of the app has none


def _absolute(endpoint: str) -> str:
    """Return the full name of an endpoint that is relative to the current blueprint."""
    blueprint = request.blueprint if has_request_context() else None
    return endpoint[1:] if blueprint is None else f"{blueprint}{endpoint}"
