"""Status codes by what they mean for caching and log-ins (RFC 9110 §15)."""

from __future__ import annotations

#: Statuses whose responses a caching policy speaks of. All others are not to be remembered.
CACHEABLE = frozenset({200, 203, 204, 206, 304})

#: Answers of a log-in wall. 308 is left out: it is Werkzeug's own, to another spelling of the URL.
REFUSALS = frozenset({301, 302, 303, 307, 401, 403})
