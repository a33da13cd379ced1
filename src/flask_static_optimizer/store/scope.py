"""What the store has to know of an endpoint."""

from __future__ import annotations

from typing import NamedTuple


class Scope(NamedTuple):
    """An endpoint under one policy."""

    endpoint: str
    #: Whether its responses are stored at all.
    stored: bool
    #: Whether they are for those who authenticate, too (RFC 9111 §3.5).
    public: bool
    #: The keys of what all of them can be purged by.
    purgeable: tuple[str, ...]
