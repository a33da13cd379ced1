"""The complete response that a WSGI server is given (PEP 3333), without any framework."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from .bodies import sent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

#: The status line of each status, as Werkzeug writes it.
STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


class Answer(NamedTuple):
    """A complete response."""

    status: int
    headers: list[tuple[str, str]]
    #: The chunks of the body. If this has a ``close`` method, the server calls it at the end.
    body: Iterable[bytes]
    #: The size in bytes that the body of a 200 has, also where this response has no body.
    size: int = 0


def start(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Start an answer (PEP 3333), and close its body if the server raises an error.

    :param answer: the answer.
    :param start_response: the server's function.
    :returns: the body, which the server sends and closes.
    """
    try:
        start_response(STATUS_LINES[answer.status], answer.headers)
    except BaseException:
        close = getattr(answer.body, "close", None)
        if close is not None:
            close()
        raise
    return sent(*answer.body) if type(answer.body) in (tuple, list) else answer.body
