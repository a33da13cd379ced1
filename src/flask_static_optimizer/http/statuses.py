"""Status codes by their meaning for caching and for log-ins (RFC 9110 §15)."""

from __future__ import annotations

#: Statuses of responses that a caching policy applies to. Caches should not keep any other.
CACHEABLE = frozenset({200, 203, 204, 206, 304})

#: Statuses that say how things are, not that something went wrong just now. Caches may keep such a
#: response for as long as it says (RFC 9110 §15.1).
LASTING = frozenset({301, 308, 404, 410})

#: Statuses that a log-in wall answers with. 308 is not among them, since Werkzeug redirects with it
#: to the right spelling of a URL.
REFUSALS = frozenset({301, 302, 303, 307, 401, 403})
