"""Routes whose stored responses the lane serves without Flask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from ..config.bounded import Bounded
from ..requests.paths import Gate
from ..store.entry import GOOD

if TYPE_CHECKING:
    from flask import Flask

    from ..config.policy import CachePolicy
    from ..http.answer import Answer
    from ..monitoring.counters import Stats
    from ..requests.endpoints import EndpointTable
    from ..store.store import Store

#: The number of paths whose endpoint is remembered, and the number of characters of the longest.
_PATHS = 4096
_LONGEST = 256

#: A value for a path that no request had yet.
_NEW = object()


class StoredRoutes:
    """The routes whose stored responses need no Flask.

    :param endpoints: the names of the endpoints for which Flask would run only the view.
    """

    def __init__(
        self,
        table: EndpointTable,
        store: Store,
        stats: Stats,
        app: Flask,
        endpoints: Iterable[str],
    ) -> None:
        self._stats = stats
        self._store = store
        self._urls = table.urls
        #: The static endpoints by name.
        self.endpoints = {name: table.get(name) for name in endpoints}
        rules = (rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in self.endpoints)
        #: The routes' URL rules, in the form of ``PATH_INFO``, and the gate for them.
        self.rules = [rule.encode().decode("latin-1") for rule in rules]
        self.gate = Gate.over(self.rules)
        self._known: Bounded[str, Any] = Bounded(_PATHS)

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """Return the answer to a GET or HEAD request, or ``None`` if Flask has to be asked."""
        raw = environ["PATH_INFO"]
        known = self._known.get(raw, _NEW)
        if known is _NEW:
            known = self._match(raw)
            if len(raw) <= _LONGEST:
                self._known[raw] = known
        if known is None or self._store.leaves_out(known[0], raw):
            return None
        answer = self._store.answer(environ, *known)
        if answer is None or answer.status not in GOOD:
            return None
        self._stats.served_stored(known[0], environ, answer)
        return answer

    def _match(self, raw: str) -> tuple[str, CachePolicy] | None:
        """Return the endpoint of a path and its policy, if it is one of these routes."""
        urls = self._urls
        if urls is None:
            return None
        try:
            path = raw.encode("latin-1").decode()
            rule, view_args = urls.match(path, method="GET", return_rule=True)
        except (UnicodeError, HTTPException):
            return None
        endpoint = self.endpoints.get(rule.endpoint)
        policy = endpoint.policy(view_args) if endpoint else None
        return None if endpoint is None or policy is None else (endpoint.name, policy)
