"""Status codes by their meaning for caching and for log-ins (RFC 9110 §15)."""

from __future__ import annotations

#: Statuses of responses that a caching policy applies to. Caches should not keep any other.
CACHEABLE = frozenset({200, 203, 204, 206, 304})

#: Statuses of errors that are about who asks, how, or about this very moment.
_PASSING = frozenset({401, 403, 407, 408, 412, 416, 417, 421, 423, 425, 428, 429, 431})

#: Statuses of other responses that caches may keep for as long as these say (RFC 9111 §3). They say
#: how things are: no status of the server's own failure is among them.
LASTING = frozenset(range(200, 500)) - CACHEABLE - _PASSING

#: Statuses that a log-in wall answers with. 308 is not among them, since Werkzeug redirects with it
#: to the right spelling of a URL.
REFUSALS = frozenset({301, 302, 303, 307, 401, 403})
