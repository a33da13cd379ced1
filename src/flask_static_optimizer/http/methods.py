"""Request methods by what they may change (RFC 9110 §9.2.1)."""

from __future__ import annotations

#: Safe methods: a request with one of them changes nothing on the server.
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: Safe methods that ask for a representation or about it. A request to a static endpoint is static
#: if it has one of these methods. With any other it is an ordinary request.
STATIC = SAFE - {"TRACE"}
