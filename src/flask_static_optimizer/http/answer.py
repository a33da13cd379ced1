"""An answer that needs no framework, as a WSGI server is given it (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

#: The status line of each status, as Werkzeug writes it.
STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


class Answer(NamedTuple):
    """A complete response."""

    status: int
    headers: list[tuple[str, str]]
    #: The server closes it if it has a ``close`` method.
    body: Iterable[bytes]
    #: Bytes of the body of a 200, also where this has none.
    size: int = 0


def start(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Give an answer to a server, and close its body if the server doesn't take it.

    :returns: the body.
    """
    try:
        start_response(STATUS_LINES[answer.status], answer.headers)
    except BaseException:
        close = getattr(answer.body, "close", None)
        if close is not None:
            close()
        raise
    return answer.body
