"""Parts of a representation (RFC 9110 §14)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .bodies import FileSlice, Parts

#: Ranges that one request may ask for (RFC 9110 §14.2, §17.15).
LIMIT = 16

_LONGEST = 1024
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)

_SIMPLE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)

#: More digits than any length has.
_DIGITS = 18

Range = tuple[int, int]


def requested(header: str, length: int, limit: int = LIMIT) -> list[Range] | None:
    """The parts that a Range header asks for, as positions of the first byte and after the last.

    ``None`` if the header is to be ignored: another unit, not well-formed, or too many ranges.
    Empty if none of them has a byte of the representation (416). Those that overlap or touch are
    joined, so that no more than the whole is ever sent.

    :param header: the field's value.
    :param length: of the representation, in bytes.
    :param limit: how many ranges are too many.
    """
    simple = _SIMPLE.fullmatch(header)
    if simple is not None:  # what nearly all who ask send
        start, last = int(simple[1]), simple[2]
        stop = min(int(last) + 1, length) if last else length
        if last and int(last) < start:
            return None
        return [(start, stop)] if start < stop else []
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
        if first is None:  # the last so many bytes
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
    """Each range once, where the first of those that it was joined from stood."""
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
    """The frame of a ``multipart/byteranges`` body (RFC 9110 §14.6).

    :param ranges: the parts.
    :param length: of the whole representation, in bytes.
    :param content_type: of the representation, if known.
    """

    def __init__(self, ranges: list[Range], length: int, content_type: str | None) -> None:
        self._boundary = secrets.token_hex(16)
        self._ranges = ranges
        self._length = length
        self._type = f"Content-Type: {content_type}\r\n" if content_type else ""

    @property
    def content_type(self) -> str:
        """The ``Content-Type`` of the response."""
        return f"multipart/byteranges; boundary={self._boundary}"

    @property
    def size(self) -> int:
        """Bytes of the body."""
        framing = sum(len(part) for part in self.parts() if isinstance(part, bytes))
        return framing + sum(stop - start for start, stop in self._ranges)

    def parts(self) -> Iterator[bytes | Range]:
        """What the body consists of: framing, and the ranges between."""
        lead = ""
        for start, stop in self._ranges:
            place = f"Content-Range: bytes {start}-{stop - 1}/{self._length}\r\n"
            yield f"{lead}--{self._boundary}\r\n{self._type}{place}\r\n".encode("latin-1")
            yield start, stop
            lead = "\r\n"
        yield f"{lead}--{self._boundary}--\r\n".encode("latin-1")


class Partial(NamedTuple):
    """A 206, but for the bytes of its ranges."""

    #: Header fields, in place of those that the whole has by these names.
    headers: dict[str, str]
    parts: list[bytes | Range]

    @classmethod
    def of(cls, ranges: list[Range], length: int, content_type: str | None) -> Partial:
        """The response with these ranges of a representation.

        :param ranges: at least one.
        :param length: of the whole representation, in bytes.
        :param content_type: of the representation, if known.
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
        """The bytes to send.

        :param whole: the representation's; a file is closed with what is returned.
        """
        if isinstance(whole, bytes):
            return [part if isinstance(part, bytes) else whole[slice(*part)] for part in self.parts]
        if len(self.parts) == 1 and not isinstance(self.parts[0], bytes):
            return whole.cut(*self.parts[0])
        cut = [part if isinstance(part, bytes) else whole.cut(*part) for part in self.parts]
        return Parts(cut, whole.close)
