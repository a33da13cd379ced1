"""What a partial response says and consists of (RFC 9110 §15.3.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .bodies import FileSlice, Parts
from .ranges import Multipart, Range


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
