"""A representation of a file that is ready to be sent, and what a request makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..http.bodies import SMALL_BODY, FileSlice, wrapped
from ..http.conditional import has_precondition, precondition, range_applies
from ..http.fields import headers_304
from ..http.ranges import Partial, Range, requested

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .asset import Asset
    from .selection import Selected

Headers = list[tuple[str, str]]

#: A status line, header fields and a body.
Answer = tuple[str, Headers, Iterable[bytes]]

NOT_MODIFIED = "304 NOT MODIFIED"
OK = "200 OK"
PARTIAL = "206 PARTIAL CONTENT"


@dataclass(eq=False, slots=True)
class Prepared:
    """One representation of a file and all that its responses say."""

    selected: Selected
    asset: Asset
    etag: str
    #: As the response says it. (A text that is no date where it does not.)
    last_modified: str
    headers: Headers
    headers_304: Headers
    #: The bytes, unless they are in a file to be opened; and the same where they are so few that
    #: no server has to be given a file.
    body: bytes | None
    small_body: bytes | None
    #: Its modification time in seconds since the epoch; and the same where that tells this apart
    #: from others (RFC 9110 §8.8.2.2): not where it is chosen among codings, say.
    modified: int | None
    strong_modified: int | None
    #: Where ``Content-Length`` stands among the fields.
    length_at: int

    @classmethod
    def of(cls, selected: Selected, headers: Headers, body: bytes | None) -> Prepared:
        """A representation, with the header fields of a 200."""
        fields = dict(headers)
        modified = selected.asset.last_modified
        return cls(
            selected,
            selected.asset,
            selected.etag,
            fields.get("Last-Modified", "none"),
            headers,
            headers_304(headers),
            body,
            body if body is not None and len(body) <= SMALL_BODY else None,
            modified,
            None if "Vary" in fields else modified,
            [name for name, _ in headers].index("Content-Length"),
        )

    def answer(self, environ: WSGIEnvironment) -> Answer | None:
        """What a GET or HEAD request is to get; ``None`` if that is an error.

        :raises OSError: if the file can't be read.
        """
        answer = self._answer(environ["REQUEST_METHOD"].upper(), environ)
        if answer is None:
            return None
        status, headers, body = answer
        return status, headers, wrapped(body, environ)

    def _answer(self, method: str, environ: WSGIEnvironment) -> Answer | None:
        if has_precondition(environ):
            status = precondition(method, environ, self.etag, self.modified)
            if status == 304:
                return NOT_MODIFIED, self.headers_304[:], ()
            if status == 412:
                return None
        if method == "HEAD":
            return OK, self.headers[:], ()
        asked = environ.get("HTTP_RANGE")
        if asked and range_applies(environ, self.etag, self.strong_modified):
            length = self.selected.size
            ranges = requested(asked, length)
            if ranges is not None:
                return self._part(ranges, length) if ranges else None
        return self.whole()

    def whole(self) -> Answer:
        """What a GET request without conditions is to get.

        :raises OSError: if the file can't be read.
        """
        body = self._body()
        return OK, self.headers[:], (body,) if isinstance(body, bytes) else body

    def _part(self, ranges: list[Range], length: int) -> Answer:
        headers = self.headers[:]
        if len(ranges) == 1:  # as nearly always
            ((start, stop),) = ranges
            part = self.selected.part(start, stop)
            headers[self.length_at] = ("Content-Length", str(stop - start))
            headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{length}"))
            return PARTIAL, headers, (part,) if isinstance(part, bytes) else part
        partial = Partial.of(ranges, length, self.selected.asset.content_type)
        said = partial.headers
        headers = [(name, said.get(name, value)) for name, value in headers]
        return PARTIAL, headers, partial.body_of(self._body())

    def _body(self) -> bytes | FileSlice:
        if self.body is not None:
            return self.body
        opened = self.selected.open()
        return opened if isinstance(opened, FileSlice) else opened[0]


def start(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Give an answer to a server, and close its file if the server doesn't take it."""
    status, headers, body = answer
    try:
        start_response(status, headers)
    except BaseException:
        close = getattr(body, "close", None)
        if close is not None:
            close()
        raise
    return body
