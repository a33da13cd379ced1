"""The hosts that Flask takes for valid ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.exceptions import BadHost
from werkzeug.routing import Map
from werkzeug.wsgi import get_host

from ..config.bounded import Bounded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The number of valid hosts that are remembered, as a client can invent any number of them.
_HOSTS = 1024

#: The most characters of a host that is remembered. A name has at most 253 (RFC 1035 §2.3.4).
_LONGEST = 260

_ANY_URLS = Map()


class ValidHosts:
    """A check of the hosts of requests, as Flask checks them, which remembers the valid ones."""

    def __init__(self) -> None:
        self._known: Bounded[str | None, bool] = Bounded(_HOSTS)

    def take(self, environ: WSGIEnvironment) -> bool:
        """Return whether Flask would take a request's host for a valid one."""
        host = environ.get("HTTP_HOST")
        if host in self._known:
            return True
        try:
            _ANY_URLS.bind(get_host(environ))
        except BadHost:
            return False
        if host is None or len(host) <= _LONGEST:
            self._known[host] = True
        return True
