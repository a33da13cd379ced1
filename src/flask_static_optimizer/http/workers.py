"""Requests for the scripts of service workers (Service Workers §6.5, Fetch Metadata §2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_SCRIPTS = (".js", ".mjs")


def is_for_worker(environ: Mapping[str, Any]) -> bool:
    """Return whether a request is for the script of a service worker, or for what one imports.

    Browsers send ``Service-Worker`` with the script itself and ``Sec-Fetch-Dest: serviceworker``
    with the modules that it imports, too. What a worker of any kind loads by ``importScripts`` is
    asked for like a page's script, but by another script: ``Referer`` names that.

    :param environ: the request's WSGI environ.
    """
    if "HTTP_SERVICE_WORKER" in environ:
        return True
    destination = environ.get("HTTP_SEC_FETCH_DEST")
    if destination == "script" and environ.get("HTTP_SEC_FETCH_MODE") == "no-cors":
        referer = str(environ.get("HTTP_REFERER", "")).lower()
        if "js" not in referer:  # the usual case, at no cost
            return False
        try:
            path = urlsplit(referer).path
        except ValueError:  # it is no URL
            return False
        return path.endswith(_SCRIPTS)
    return str(destination) == "serviceworker"
