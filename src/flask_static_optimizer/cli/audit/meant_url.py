"""The URL that somebody means who names a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from flask import url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from ...assets.missing import similar
from ...assets.urls import PLAIN
from ..current import application_root
from ..exchange import matched

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...state import AppState


class MeantUrl(NamedTuple):
    """A URL of the app, and the reason for it; the reason is empty if it is the one given."""

    url: str
    why: str = ""


def meant_url(state: AppState, app: Flask, given: str) -> MeantUrl:
    """Return the URL that is meant by a URL, a path without its first slash, or a file.

    A file is named as in its static folder (``css/app.css``), or by its path on the disk.

    :param state: the parts of the extension.
    :param app: the app.
    :param given: what is to be explained.
    """
    parts = urlsplit(given)
    if parts.scheme or parts.netloc:
        return MeantUrl(given)
    rooted = "/" + given.lstrip("/")
    found = matched(app, rooted.removeprefix(application_root(app)))
    if found is not None:
        rule, values = found
        endpoint = state.endpoints.get(rule.endpoint)
        if given.startswith("/") or (endpoint and state.endpoints.has_file(endpoint, values)):
            return MeantUrl(rooted)
    for mount, name in _files(state, given):
        plain: dict[str, Any] = {"filename": name, PLAIN: True}
        try:
            with app.test_request_context():
                url = url_for(mount.endpoint, **plain)
        except (BuildError, HTTPException):  # only the app knows all variables of its URL
            continue
        return MeantUrl(url, f"the URL of the file {name!r} of {mount.endpoint!r}")
    if found is not None or given.startswith("/"):
        return MeantUrl(rooted)
    near = next(filter(None, (similar(mount, given) for mount in state.endpoints.mounts())), "")
    meant = f"; did you mean {near!r}?" if near else ""
    return MeantUrl(rooted, f"no file {given!r} in a static folder{meant}")


def _files(state: AppState, given: str) -> Iterator[tuple[Mount, str]]:
    """Yield the files that a name may mean, each with its static folder."""
    for mount in state.endpoints.mounts():
        if not given.startswith("/") and mount.has(given):
            yield mount, given
    if not os.path.isfile(given):
        return
    for mount in state.endpoints.mounts():
        name = os.path.relpath(given, mount.folder).replace(os.sep, "/")
        if not name.startswith("../") and mount.has(name):
            yield mount, name
