"""The store as a whole: what is asked before a view runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..http.fields import is_authenticated
from . import rules
from .backends import Backend, has_locks, in_process
from .breaker import CircuitBreaker
from .index import Index, Place
from .keys import Keys
from .single_flight import SingleFlight

if TYPE_CHECKING:
    from ..config.policy import CachePolicy
    from ..http.answer import Answer
    from .entry import Entry

#: A key in the WSGI environ, where no client can put one: the view itself is to be asked.
ASK_VIEW = "flask_static_optimizer.ask_view"

#: What servers say where a request has no content.
_NO_CONTENT = frozenset({None, "", "0"})

#: Into how many groups paths are put for purging, where others share the backend, and where its
#: few places are needed for responses.
_PATHS, _PATHS_IN_PROCESS = 1024, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """What the settings say of the store."""

    #: Whether responses are stored where no policy says so.
    enabled: bool
    #: Whether static endpoints whose policy does not say so can read the session.
    protected: bool
    #: Whether responses are for those who authenticate where no policy says so.
    public: bool
    #: Bytes of the largest body that is stored, and seconds to wait for another who makes one.
    max_body: int
    wait: float
    #: Whether a request can demand a new response.
    obeys_requests: bool


class Scope(NamedTuple):
    """An endpoint under one policy."""

    endpoint: str
    #: Whether its responses are stored at all.
    stored: bool
    #: Whether they are for those who authenticate, too (RFC 9111 §3.5).
    public: bool
    #: The keys of what all of them can be purged by.
    purgeable: tuple[str, ...]


class Store:
    """The stored responses of one app, and who makes those that are missing.

    It knows no framework: a request is its WSGI environ. What only reads never raises because
    of the backend.

    :param namespace: what sets this app apart from others that use the same backend.
    :param warn: called with a message that an operator should read.
    """

    def __init__(
        self,
        backend: Backend,
        namespace: tuple[str, ...],
        options: StoreOptions,
        warn: Callable[[str], None],
    ) -> None:
        breaker = CircuitBreaker(warn)
        locks = has_locks(backend)
        self.options = options
        self.in_process = in_process(backend)
        self.index = Index(backend, breaker)
        self.single_flight = SingleFlight(backend if locks else None, breaker, options.wait)
        self.keys = Keys(namespace, _PATHS if locks else _PATHS_IN_PROCESS)
        self._scopes: dict[tuple[str, CachePolicy], Scope] = {}

    def answer(
        self, environ: Mapping[str, Any], endpoint: str, policy: CachePolicy
    ) -> Answer | None:
        """The answer to a request out of the store, or ``None`` where the view has to be asked.

        That is also where a part is asked for: the whole can be had by :meth:`find`.

        :param environ: the WSGI environ of a request that matched the endpoint.
        :param endpoint: the name of the endpoint.
        :param policy: the one that holds for this request.
        """
        scope = self.scope(endpoint, policy)
        if "HTTP_RANGE" in environ or not self.admits(environ, scope):
            return None
        place = self.find(environ, scope)
        now = time.time()
        if place is None or place.entry is None or not self.is_fresh(place.entry, now, environ):
            return None
        status = place.entry.status_of(environ)
        head = environ["REQUEST_METHOD"] == "HEAD"
        return place.entry.answer(now, status, head=head)

    def scope(self, endpoint: str, policy: CachePolicy) -> Scope:
        """What has to be known of an endpoint under one of its policies."""
        found = self._scopes.get((endpoint, policy))
        if found is None:
            found = self._scopes[endpoint, policy] = self._make_scope(endpoint, policy)
        return found

    def admits(self, environ: Mapping[str, Any], scope: Scope) -> bool:
        """Whether a request can be answered out of the store at all.

        One with content can't: its URL does not tell it, and a view may read it all the same
        (RFC 9110 §9.3.1).
        """
        return (
            scope.stored
            and environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and (scope.public or not is_authenticated(environ))
            and environ.get("CONTENT_LENGTH") in _NO_CONTENT
            and "HTTP_TRANSFER_ENCODING" not in environ
            and ASK_VIEW not in environ
        )

    def find(self, environ: Mapping[str, Any], scope: Scope) -> Place | None:
        """Where the response to a request is, or would be; ``None`` where there is no such place.

        So it is with URLs that are too long, and while the backend can't be used.
        """
        key = self.keys.of_request(environ)
        if key is None:
            return None
        return self.index.find(key, self.purgeable(environ, scope), environ)

    def purgeable(self, environ: Mapping[str, Any], scope: Scope) -> tuple[str, ...]:
        """The keys of all that the response to a request can be purged by."""
        return (*scope.purgeable, self.keys.of_path(environ))

    def is_fresh(self, entry: Entry, now: float, environ: Mapping[str, Any]) -> bool:
        """Whether a stored response can be the answer as it is."""
        return rules.usable_fresh(entry.head, now) and (
            not self.options.obeys_requests or rules.usable_for(entry.head, now, environ)
        )

    def may_be_stale(self, entry: Entry, now: float, environ: Mapping[str, Any]) -> bool:
        """Whether a stored response can be the answer once more, while it is made anew."""
        return rules.usable_while_revalidating(entry.head, now) and (
            not self.options.obeys_requests or rules.usable_for(entry.head, now, environ)
        )

    def purge(
        self, *, endpoint: str | None = None, tag: str | None = None, path: str | None = None
    ) -> None:
        """Make useless what is stored of an endpoint, under a tag, at a path, or everything.

        :param path: as WSGI has it, script root included.
        :raises Exception: whatever the backend raises.
        """
        names = []
        if endpoint is not None:
            names.append(self.keys.of_purgeable("endpoint", endpoint))
        if tag is not None:
            names.append(self.keys.of_purgeable("tag", tag))
        if path is not None:
            names.append(self.keys.of_group(path))
        self.index.purge(*(names or [self.keys.of_purgeable("all")]))

    def _make_scope(self, endpoint: str, policy: CachePolicy) -> Scope:
        options = self.options
        protected = options.protected if policy.session is None else policy.session == "protected"
        wanted = options.enabled if policy.store is None else policy.store
        purgeable = [("all",), ("endpoint", endpoint), *(("tag", tag) for tag in policy.tags)]
        return Scope(
            endpoint,
            wanted and not protected,
            options.public if policy.public is None else policy.public,
            tuple(self.keys.of_purgeable(*name) for name in purgeable),
        )
