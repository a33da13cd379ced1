"""Representations of assets, and the responses that they give to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.http import http_date

from ..http.answer import Answer
from ..http.bodies import CHUNK, SMALL_BODY, FileSlice, MemorySlice, wrapped
from ..http.bodies import part as part_of
from ..http.conditional import ASKING, CONDITIONS, FIRST, outcome, with_etag
from ..http.fields import headers_304
from ..http.ranges import Partial, Range, first_part
from .files import FileChangingError
from .javascript import is_javascript

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from .asset import Asset
    from .copies import Copies
    from .variant import Variant


_NO_RANGES: list[Range] = []

#: The fields of requests for a part whose answer may be another than that part.
_JUDGED = CONDITIONS | {"HTTP_IF_RANGE"}


#: A status, header fields and the chunks of a body.
Usual = tuple[int, list[tuple[str, str]], tuple[bytes, ...]]


class Terms(NamedTuple):
    """The header fields that a policy gives to every response of a file."""

    #: The ``Cache-Control`` value.
    cache_control: str
    #: The names of request headers that the policy adds to ``Vary``.
    vary: tuple[str, ...] = ()
    #: Further header fields, such as ``CDN-Cache-Control``.
    fields: tuple[tuple[str, str], ...] = ()


class Representation:
    """An asset in one content coding, with the header fields of its responses.

    :param variant: the bytes in a content coding; ``None``: there is no content coding.
    :param vary: the names of request headers on which the choice of the coding depended.
    :param dictionary: the value of ``Use-As-Dictionary``, if a browser may use the bytes as a
        dictionary (RFC 9842 §2.1.1).
    :param verified: whether the URL's fingerprint is that of the bytes; ``None``: the URL has none.
    :param is_temporary: whether the next request may get another representation, although the file
        has not changed.
    :param copies: the copies of large files; ``None``: the file itself is always sent.
    :param forget: called with the asset if the bytes in a content coding are gone.
    """

    __slots__ = (
        "__weakref__",
        "_forget",
        "_unmodified",
        "_whole",
        "asset",
        "body",
        "cache_control",
        "choice",
        "coding",
        "copies",
        "endpoint",
        "etag",
        "former_etag",
        "headers",
        "headers_304",
        "is_script",
        "is_temporary",
        "last_modified",
        "length_at",
        "modified",
        "saved_by_304",
        "saved_by_coding",
        "size",
        "small_body",
        "variant",
        "verified",
    )

    def __init__(
        self,
        asset: Asset,
        variant: Variant | None,
        terms: Terms,
        *,
        vary: tuple[str, ...] = (),
        dictionary: str | None = None,
        verified: bool | None = None,
        is_temporary: bool = False,
        copies: Copies | None = None,
        forget: Callable[[Asset], None] | None = None,
    ) -> None:
        self.asset = asset
        self.copies = copies
        self._forget = forget
        self.variant = variant
        self.verified = verified
        self.is_temporary = is_temporary
        #: What it was made of besides the asset and the coding.
        self.choice = (terms, vary, dictionary, verified)
        self.cache_control = terms.cache_control
        #: The validator of the bytes in this content coding (RFC 9110 §8.8.3).
        self.etag = variant.etag if variant else asset.etag
        #: The validator that clients got before the bytes were hashed, if they did.
        self.former_etag = asset.former_etag
        #: The bytes, or ``None`` if they have to be read. ``small_body`` is the same if it is so
        #: small that the server's file wrapper is not worth its use.
        self.body = variant.body if variant else asset.bytes_at_hand
        self.small_body = (
            self.body if self.body is not None and len(self.body) <= SMALL_BODY else None
        )
        self.is_script = is_javascript(asset.name)
        self.size = variant.size if variant else asset.size
        #: The bytes that need not be sent thanks to a 304 and to the content coding.
        self.saved_by_304 = asset.size
        self.saved_by_coding = asset.size - self.size
        #: The modification time in seconds since the epoch, if it is a validator.
        self.modified = asset.last_modified
        varies = dict.fromkeys((*vary, *terms.vary))
        #: The value of ``Last-Modified``, or a text that no field can have if there is none.
        self.last_modified = "\n" if self.modified is None else http_date(self.modified)
        #: The header fields of a 200 and of a 304. Responses share them: copy before a change.
        self.headers = [
            ("Content-Type", asset.content_type),
            ("Content-Length", str(self.size)),
            ("ETag", self.etag),
            ("Cache-Control", terms.cache_control),
            ("Accept-Ranges", "bytes"),
        ]
        if not terms.cache_control:  # the view that sends it has taken the field out
            del self.headers[3]
        if self.modified is not None:
            self.headers.append(("Last-Modified", self.last_modified))
        coding = variant.coding if variant else asset.named_coding
        #: What its responses are counted by.
        self.endpoint, self.coding = asset.endpoint, coding or "identity"
        if coding:
            self.headers.append(("Content-Encoding", coding))
        if varies:
            self.headers.append(("Vary", ", ".join(varies)))
        if dictionary:
            self.headers.append(("Use-As-Dictionary", dictionary))
        self.headers += terms.fields
        self.headers_304 = headers_304(self.headers)
        self._whole: Usual | None = None
        if self.body is not None:
            self._whole = 200, self.headers, (self.body,)
        self._unmodified: Usual = 304, self.headers_304, ()
        #: The index of ``Content-Length`` among the header fields.
        self.length_at = 1

    def usual(self, environ: WSGIEnvironment) -> Usual | None:
        """Return the answer in the usual cases, as :meth:`answer` gives it, or ``None``.

        These are the whole body from memory, a small part of it, and a 304 for the very ``ETag``
        that was sent. Nobody may change what is returned.
        """
        asked = environ.keys()
        if asked.isdisjoint(ASKING):
            return self._whole
        if environ.get("HTTP_IF_NONE_MATCH") == self.etag and asked.isdisjoint(FIRST):
            return self._unmodified
        if self.body is not None and asked.isdisjoint(_JUDGED):
            part = first_part(environ["HTTP_RANGE"], self.size)
            if part is not None and environ["REQUEST_METHOD"] == "GET":
                start, stop = part
                if stop - start <= SMALL_BODY:
                    return 206, self._fields_of(start, stop), (self.body[start:stop],)
        return None

    def answer(self, environ: WSGIEnvironment, opened: object = None) -> Answer | None:
        """Answer a GET or HEAD request; return ``None`` if the answer is an error.

        :param opened: the body, where its file is open already. Who opened it closes it, unless it
            is in the answer. It is closed where a copy takes its place.
        :raises OSError: if the file can't be read.
        """
        if environ.keys().isdisjoint(ASKING):  # the usual case
            status, ranges = 200, _NO_RANGES
        else:
            if self.former_etag is not None:
                environ = with_etag(environ, self.former_etag, self.etag)
            status, ranges = outcome(environ, self.etag, self.modified, self.size)
        if status == 304:
            return Answer(304, self.headers_304[:], ())
        if status == 206:
            return self._part(ranges, environ, opened)
        if status != 200:
            return None
        if environ["REQUEST_METHOD"].upper() == "HEAD":
            return Answer(200, self.headers[:], ())
        return Answer(200, self.headers[:], wrapped(self._sent(opened), environ))

    def open(self, opened: object = None) -> Iterable[bytes]:
        """Return the body.

        :param opened: as in :meth:`answer`.
        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if the file can't be read.
        """
        body = self._bytes(opened)
        return (body,) if isinstance(body, bytes) else body

    def _bytes(self, opened: object) -> bytes | FileSlice:
        known = self._known()
        if known is not None:
            return known
        return opened if isinstance(opened, FileSlice) else self.asset.open()

    def _known(self) -> bytes | None:
        """Return the bytes from memory, or those in a coding; ``None``: the file has them.

        :raises FileChangingError: if those in a coding are gone.
        """
        if self.body is not None or self.variant is None:
            return self.body
        body = self.variant.read()
        if body is None:
            if self._forget is not None:  # so that the next request finds others
                self._forget(self.asset)
            raise FileChangingError(f"the bytes of {self.asset.path} in {self.coding} are gone")
        return body

    def _sent(self, opened: object) -> Iterable[bytes]:
        return self._copy(opened) or self.open(opened)

    def _copy(self, opened: object) -> FileSlice | None:
        """Return the copy of a large file to be sent in its place, if there is one."""
        if self.body is not None or self.copies is None:
            return None
        copy = self.copies.open(self.asset)
        if copy is not None and isinstance(opened, FileSlice):
            opened.close()
        return copy

    def _part(self, ranges: list[Range], environ: WSGIEnvironment, opened: object) -> Answer:
        body: Iterable[bytes]
        if len(ranges) == 1:  # the usual case
            ((start, stop),) = ranges
            part: bytes | FileSlice
            known = self._known()
            if known is not None:
                part = part_of(known, start, stop)
            elif stop - start > CHUNK and (copy := self._copy(opened)) is not None:
                part = copy.cut(start, stop)
            elif isinstance(opened, FileSlice):
                part = opened.cut(start, stop)
            else:
                part = self.asset.part(start, stop)
            headers = self._fields_of(start, stop)
            body = (part,) if isinstance(part, bytes) else part
        else:
            partial = Partial.of(ranges, self.size, self.asset.content_type)
            said = partial.headers
            headers = [(name, said.get(name, value)) for name, value in self.headers]
            whole = self._copy(opened) or self._bytes(opened)
            if isinstance(whole, bytes) and len(whole) > SMALL_BODY:
                whole = MemorySlice(whole)  # its parts would be copies
            body = partial.body_of(whole)
        return Answer(206, headers, wrapped(body, environ))

    def _fields_of(self, start: int, stop: int) -> list[tuple[str, str]]:
        """Return the header fields of one part (RFC 9110 §15.3.7.1)."""
        headers = self.headers[:]
        headers[self.length_at] = ("Content-Length", str(stop - start))
        headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{self.size}"))
        return headers
