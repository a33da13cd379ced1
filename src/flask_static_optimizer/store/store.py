"""The store as a whole, which the extension asks before a view runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config.bounded import Bounded
from ..http.content import has_content
from ..http.fields import is_authenticated
from ..http.query import only
from ..monitoring.counters import Figures, Stats
from . import rules
from .backends import Backend, has_locks, in_process
from .breaker import CircuitBreaker
from .index import Index, Place, Purgeable
from .keys import Keys
from .single_flight import SingleFlight

if TYPE_CHECKING:
    from ..config.policy import CachePolicy
    from ..http.answer import Answer
    from .entry import Entry

#: A key of the WSGI environ that makes the view run past the store. No client can set it, since it
#: does not begin with ``HTTP_``.
ASK_VIEW = "flask_static_optimizer.ask_view"

#: The number of paths that are remembered as those of responses that need no store, and the number
#: of characters of the longest. A view may send one file under any path that a client thinks up.
_LEFT_OUT = 16_384
_LONGEST = 256


class StoreOptions(NamedTuple):
    """The settings that the store uses."""

    #: Whether responses are stored where no policy says so.
    enabled: bool
    #: Whether static endpoints whose policy does not say so can read the session.
    protected: bool
    #: Whether responses to authenticated requests are shared where no policy says so.
    public: bool
    #: The bytes of the largest body that is stored, and the seconds to wait for another request
    #: that makes the same response.
    max_body: int
    wait: float
    #: Whether the ``Cache-Control`` of a request can demand a new response.
    obeys_requests: bool
    #: The settings by which responses say how long they hold, as text.
    terms: str = ""


class Scope(NamedTuple):
    """An endpoint under one policy."""

    endpoint: str
    #: Whether its responses are stored at all.
    stored: bool
    #: Whether responses to authenticated requests are shared, too (RFC 9111 §3.5).
    public: bool
    #: The keys that all responses of the endpoint can be purged by.
    purgeable: tuple[str, ...]
    #: What the policy and the settings say of the header fields, as text. It is a part of the keys,
    #: so that after a deploy with another policy no response of before is sent or renewed.
    terms: str
    #: The names of the parameters that its responses depend on; ``None``: the whole query counts.
    query: tuple[str, ...] | None = None


class Store:
    """The store of one app's responses.

    It knows no framework: a request is its WSGI environ. Methods that only read never raise an
    exception because of the backend.

    :param backend: the backend that keeps the responses.
    :param namespace: strings that distinguish this app from others that use the same backend.
    :param options: the settings.
    :param warn: called with a message that an operator should read.
    :param stats: the counters.
    """

    def __init__(
        self,
        backend: Backend,
        namespace: tuple[str, ...],
        options: StoreOptions,
        warn: Callable[[str], None],
        stats: Stats,
    ) -> None:
        breaker = CircuitBreaker(warn, partial(stats.add, Figures(backend_errors=1)))
        #: Count a purge.
        self.count_purge = partial(stats.add, Figures(purges=1))
        locks = has_locks(backend)
        self.options = options
        self.in_process = in_process(backend)
        self.single_flight = SingleFlight(backend if locks else None, breaker, options.wait)
        self.keys = Keys(namespace)
        self.index = Index(backend, breaker, self.keys.of_purgeable("all"), warn)
        #: The endpoints and paths whose last response needs no store.
        self._left_out: Bounded[tuple[str, str], bool] = Bounded(_LEFT_OUT)
        # By the policy's identity, as each request asks and its hash is made of all its fields. The
        # policy is kept, too, so that no other object gets the same identity.
        self._scopes: dict[tuple[str, int], tuple[CachePolicy, Scope]] = {}

    def answer(
        self, environ: Mapping[str, Any], endpoint: str, policy: CachePolicy
    ) -> Answer | None:
        """Return the stored answer to a request, or ``None`` where the view has to run.

        A request for a range gets ``None``, too: the caller cuts the part from what :meth:`find`
        returns.

        :param environ: the WSGI environ of a request that matched the endpoint.
        :param endpoint: the name of the endpoint.
        :param policy: the policy of this request.
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
        """Return the scope of an endpoint under one of its policies."""
        found = self._scopes.get((endpoint, id(policy)))
        if found is None:
            found = policy, self._make_scope(endpoint, policy)
            self._scopes[endpoint, id(policy)] = found
        return found[1]

    def admits(self, environ: Mapping[str, Any], scope: Scope) -> bool:
        """Return whether a request can be answered from the store at all.

        A request with content can't, since a view may read the content, which the key does not
        contain (RFC 9110 §9.3.1).
        """
        return (
            scope.stored
            and environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and not self.leaves_out(scope.endpoint, environ.get("PATH_INFO", ""))
            and (scope.public or not is_authenticated(environ))
            and ASK_VIEW not in environ
            and not has_content(environ)
        )

    def leaves_out(self, endpoint: str, path: str) -> bool:
        """Return whether the last response of a path was one that needs no store."""
        return (endpoint, path) in self._left_out

    def leave_out(self, endpoint: str, path: str, *, left: bool) -> None:
        """Note whether the response of a path needs no store: a file, of which all is known."""
        if left and len(path) <= _LONGEST:
            self._left_out[endpoint, path] = True
        else:
            self._left_out.pop((endpoint, path))

    def find(
        self, environ: Mapping[str, Any], scope: Scope, text: str | None = None
    ) -> Place | None:
        """Look up the response to a request.

        :param text: what stands for the query in the key, if the policy has a function for it.

        :returns: the place of the response, whether or not there is one. ``None`` if the URL is too
            long, and while the backend can't be used.
        """
        query = None
        if text is not None:
            query = f"key {text}"  # no query has a space
        elif scope.query is not None:
            query = only(environ.get("QUERY_STRING", ""), scope.query)
        key = self.keys.of_request(environ, scope.terms, query)
        if key is None:
            return None
        purgeable = Purgeable(scope.purgeable, self.keys.of_request_path(environ))
        return self.index.find(key, purgeable, environ)

    def is_fresh(self, entry: Entry, now: float, environ: Mapping[str, Any]) -> bool:
        """Return whether a stored response can be the answer as it is."""
        return rules.usable_fresh(entry.head, now) and (
            not self.options.obeys_requests or rules.usable_for(entry.head, now, environ)
        )

    def may_be_stale(self, entry: Entry, now: float, environ: Mapping[str, Any]) -> bool:
        """Return whether a stale response can be the answer while it is refreshed."""
        return rules.usable_while_revalidating(entry.head, now) and (
            not self.options.obeys_requests or rules.usable_for(entry.head, now, environ)
        )

    def purge(
        self, *, endpoint: str | None = None, tag: str | None = None, path: str | None = None
    ) -> None:
        """Purge the responses of an endpoint, with a tag or at a path; without any, all of them.

        :param endpoint: the name of an endpoint.
        :param tag: one of the ``tags`` of a policy.
        :param path: the path as WSGI has it, script root included.
        :raises Exception: whatever the backend raises. The purge is remembered then, and sent
            before the store is read again.
        """
        self.count_purge()
        names = []
        if endpoint is not None:
            names.append(self.keys.of_purgeable("endpoint", endpoint))
        if tag is not None:
            names.append(self.keys.of_purgeable("tag", tag))
        if path is not None:
            names.append(self.keys.of_path(path))
        self.index.purge(*(names or [self.keys.of_purgeable("all")]))

    def _make_scope(self, endpoint: str, policy: CachePolicy) -> Scope:
        options = self.options
        protected = options.protected if policy.session is None else policy.session == "protected"
        wanted = options.enabled if policy.store is None else policy.store
        public = policy.is_public(options.public)
        ages = policy.max_age, policy.stale_while_revalidate, policy.stale_if_error
        said = (*ages, policy.immutable, public, policy.vary, policy.headers, options.terms)
        purgeable = [("all",), ("endpoint", endpoint), *(("tag", tag) for tag in policy.tags)]
        return Scope(
            endpoint,
            wanted and not protected,
            public,
            tuple(self.keys.of_purgeable(*name) for name in purgeable),
            self.keys.of_terms(said),
            policy.query,
        )
