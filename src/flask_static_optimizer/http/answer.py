"""An answer that needs no framework: what a WSGI server is given (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Answer(NamedTuple):
    """A complete response."""

    status: int
    headers: list[tuple[str, str]]
    #: The server closes it if it has a ``close`` method.
    body: Iterable[bytes]
    #: Bytes of the body of a 200, also where this has none.
    size: int = 0
