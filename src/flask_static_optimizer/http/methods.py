"""Request methods by what they may change (RFC 9110 §9.2.1)."""

from __future__ import annotations

#: Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: Safe methods that ask for a representation or about it. Under these a static endpoint is
#: static; any other request to it is an ordinary one.
STATIC = SAFE - {"TRACE"}
