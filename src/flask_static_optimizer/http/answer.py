"""The complete response that a WSGI server is given (PEP 3333), without any framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Answer(NamedTuple):
    """A complete response."""

    status: int
    headers: list[tuple[str, str]]
    #: The chunks of the body. If this has a ``close`` method, the server calls it at the end.
    body: Iterable[bytes]
    #: The size in bytes that the body of a 200 has, also where this response has no body.
    size: int = 0
