"""The test's own decision which requests are static."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.security import safe_join

_FOLDERS = {"static": "static", "shop.static": "other"}


class StaticFile(NamedTuple):
    """What a request to a static folder asks for."""

    name: str
    there: bool
    is_dotfile: bool


def static_file(app: Flask, method: str, url: str) -> StaticFile | None:
    """Return what a request to a static folder asks for; ``None`` if it is one for a page.

    :param app: an app without the extension.
    """
    if method == "POST":
        return None
    adapter, path = app.url_map.bind("localhost"), _path(url)
    try:
        endpoint, view_args = adapter.match(path, method)
    except RequestRedirect as redirect:
        endpoint, view_args = adapter.match(_path(redirect.new_url), method)
    except HTTPException:
        return None
    if endpoint not in _FOLDERS:
        return None
    name = view_args["filename"]
    found = safe_join(str(Path(app.root_path, _FOLDERS[endpoint])), name)
    there = found is not None and Path(found).is_file()
    parts = set(Path(name).parts) - {".", ".."}
    return StaticFile(name, there, any(part.startswith(".") for part in parts))


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
