"""Parts of a representation (RFC 9110 §14)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from .bodies import FileSlice, Parts

#: The most ranges that one request may ask for (RFC 9110 §14.2, §17.15).
LIMIT = 16

_LONGEST = 1024
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)

_SIMPLE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)

#: A field with so many characters is in another form.
_LONGER = 40

#: A number with more digits than this is larger than any length.
_DIGITS = 18

Range = tuple[int, int]


def first_part(header: str, length: int) -> Range | None:
    """Return the part that a ``Range`` header asks for in the form that nearly all clients send.

    ``None`` means that :func:`requested` has to be asked.
    """
    return _first(header[:_LONGER], length)


# Players begin with the same few parts.
@lru_cache(maxsize=256)
def _first(header: str, length: int) -> Range | None:
    simple = _SIMPLE.fullmatch(header)
    if simple is None:
        return None
    first, last = simple.groups()
    start, stop = int(first), length
    if last and (after := int(last) + 1) < stop:
        stop = after
    return (start, stop) if start < stop else None


def requested(header: str, length: int, limit: int = LIMIT) -> list[Range] | None:
    """Return the parts that a ``Range`` header asks for (RFC 9110 §14.1.2).

    Parts that overlap or touch are joined, so that no byte is sent twice.

    :param header: the value of the field.
    :param length: the size of the representation in bytes.
    :param limit: the most ranges that are answered.
    :returns: the position of the first byte and the position after the last byte of each part. The
        list is empty if no range has a byte of the representation (416). ``None`` means that the
        header is to be ignored: it has another unit, is malformed or has too many ranges.
    """
    part = first_part(header, length)
    if part is not None:
        return [part]
    unit, equals, specs = header.partition("=")
    if not equals or unit.strip().lower() != "bytes" or len(header) > _LONGEST:
        return None
    found = []
    members = [member.strip(" \t") for member in specs.split(",")]
    members = [member for member in members if member]
    if not members or len(members) > limit:
        return None
    for member in members:
        spec = _SPEC.fullmatch(member)
        if spec is None or spec[0] == "-":
            return None
        first, last = (_number(part) for part in spec.groups())
        if first is None:  # "-n" asks for the last n bytes
            assert last is not None, "one of the two is there"
            start, stop = max(length - last, 0), length
        elif last is not None and last < first:
            return None
        else:
            start, stop = first, length if last is None else min(last + 1, length)
        if start < stop:
            found.append((start, stop))
    return _joined(found)


def _number(digits: str) -> int | None:
    if not digits:
        return None
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _DIGITS else 10**_DIGITS


def _joined(found: list[Range]) -> list[Range]:
    """Join the ranges that overlap or touch; the result stands where the first of them stood."""
    joined: list[Range] = []
    for start, stop in found:
        touching = [other for other in joined if other[0] <= stop and start <= other[1]]
        if not touching:
            joined.append((start, stop))
            continue
        place = joined.index(touching[0])
        touching.append((start, stop))
        whole = (min(part[0] for part in touching), max(part[1] for part in touching))
        joined[place] = whole
        joined = [other for other in joined if other is whole or other not in touching]
    return joined


class Multipart:
    """A ``multipart/byteranges`` body without the bytes of its ranges (RFC 9110 §14.6).

    :param ranges: the parts.
    :param length: the size of the whole representation in bytes.
    :param content_type: the media type of the representation, if known.
    """

    def __init__(self, ranges: list[Range], length: int, content_type: str | None) -> None:
        self._boundary = secrets.token_hex(16)
        self._ranges = ranges
        self._length = length
        self._type = f"Content-Type: {content_type}\r\n" if content_type else ""

    @property
    def content_type(self) -> str:
        """Return the ``Content-Type`` of the response."""
        return f"multipart/byteranges; boundary={self._boundary}"

    @property
    def size(self) -> int:
        """Return the size of the body in bytes."""
        framing = sum(len(part) for part in self.parts() if isinstance(part, bytes))
        return framing + sum(stop - start for start, stop in self._ranges)

    def parts(self) -> Iterator[bytes | Range]:
        """Yield the framing as bytes, and between it the ranges whose bytes belong there."""
        lead = ""
        for start, stop in self._ranges:
            place = f"Content-Range: bytes {start}-{stop - 1}/{self._length}\r\n"
            yield f"{lead}--{self._boundary}\r\n{self._type}{place}\r\n".encode("latin-1")
            yield start, stop
            lead = "\r\n"
        yield f"{lead}--{self._boundary}--\r\n".encode("latin-1")


class Partial(NamedTuple):
    """A 206 response without the bytes of its ranges."""

    #: Header fields, which replace those of the whole representation that have the same names.
    headers: dict[str, str]
    parts: list[bytes | Range]

    @classmethod
    def of(cls, ranges: list[Range], length: int, content_type: str | None) -> Partial:
        """Make the response with some ranges of a representation.

        :param ranges: the ranges, at least one.
        :param length: the size of the whole representation in bytes.
        :param content_type: the media type of the representation, if known.
        """
        if len(ranges) == 1:
            ((start, stop),) = ranges
            place = f"bytes {start}-{stop - 1}/{length}"
            size = str(stop - start)
            return cls({"Content-Range": place, "Content-Length": size}, [(start, stop)])
        multipart = Multipart(ranges, length, content_type)
        said = {"Content-Type": multipart.content_type, "Content-Length": str(multipart.size)}
        return cls(said, list(multipart.parts()))

    def body_of(self, whole: bytes | FileSlice) -> Iterable[bytes]:
        """Return the body with the bytes of the ranges.

        :param whole: the bytes of the whole representation. A file is closed when the returned
            body is closed.
        """
        if isinstance(whole, bytes):
            return [part if isinstance(part, bytes) else whole[slice(*part)] for part in self.parts]
        if len(self.parts) == 1 and not isinstance(self.parts[0], bytes):
            return whole.cut(*self.parts[0])
        cut = [part if isinstance(part, bytes) else whole.cut(*part) for part in self.parts]
        return Parts(cut, whole.close)
