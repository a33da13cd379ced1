"""The content of a request (RFC 9110 §9.3.1), which is no part of what it asks for."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

#: Values of ``CONTENT_LENGTH`` for a request without content.
_NO_CONTENT = frozenset({None, "", "0"})


def has_content(environ: Mapping[str, Any]) -> bool:
    """Return whether a request has content.

    An HTTP/2 request need not say so in any field. Where the server ends the input itself
    (``wsgi.input_terminated``), one byte of it is read, and given to whoever reads next.

    :param environ: the WSGI environ of the request. Its input may be replaced.
    """
    if environ.get("CONTENT_LENGTH") not in _NO_CONTENT or "HTTP_TRANSFER_ENCODING" in environ:
        return True
    if (
        not environ.get("wsgi.input_terminated")
        or environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
        or environ.get("CONTENT_LENGTH") == "0"
    ):
        return False
    source = environ["wsgi.input"]
    if isinstance(getattr(source, "raw", None), _Begun):
        return True
    first = source.read(1)
    if first:
        environ["wsgi.input"] = io.BufferedReader(_Begun(first, source))  # type: ignore[index]
    return bool(first)


class _Begun(io.RawIOBase):
    """An input of which the first byte was read already.

    :param first: that byte.
    :param source: the server's input.
    """

    def __init__(self, first: bytes, source: Any) -> None:
        self._first = first
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._first or self._source.read(len(buffer))
        self._first = b""
        buffer[: len(data)] = data
        return len(data)
