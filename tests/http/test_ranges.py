"""Range headers and multipart bodies (RFC 9110 §14)."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from flask_static_optimizer.http.ranges import Multipart, requested


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-3", [(0, 4)]),
        ("bytes=5-", [(5, 100)]),
        ("bytes=99-", [(99, 100)]),
        ("bytes=99-99", [(99, 100)]),
        ("bytes=-1", [(99, 100)]),
        ("bytes=-500", [(0, 100)]),
        ("bytes=0-500", [(0, 100)]),
        ("BYTES=0-3", [(0, 4)]),
        ("bytes= 0-3 ,\t8-9", [(0, 4), (8, 10)]),
        ("bytes=,,0-3,", [(0, 4)]),
        ("bytes=8-9,0-3", [(8, 10), (0, 4)]),
        # what overlaps or touches is one
        ("bytes=0-3,4-7", [(0, 8)]),
        ("bytes=0-5,3-9", [(0, 10)]),
        ("bytes=0-,0-,0-", [(0, 100)]),
        ("bytes=0-1,8-9,2-7", [(0, 10)]),
        ("bytes=0-1,20-21,-10,3-4", [(0, 2), (20, 22), (90, 100), (3, 5)]),
        # a range beyond the end is left out, if another is not
        ("bytes=0-3,200-", [(0, 4)]),
        # nothing of it is there
        ("bytes=100-", []),
        ("bytes=-0", []),
        ("bytes=200-300,-0", []),
        ("bytes=" + "9" * 900 + "-", []),
        ("bytes=0-" + "9" * 900, [(0, 100)]),
        ("bytes=" + "0" * 900 + "1-1", [(1, 2)]),
        # not to be understood
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=,", None),
        ("bytes=-", None),
        ("bytes=x-y", None),
        ("bytes=3-1", None),
        ("bytes=0-3,3-1", None),
        ("bytes=0-3;4-5", None),
        ("bytes=--1", None),
        ("bytes=+1-2", None),
        ("bytes=1 - 2", None),
        ("bytes=\u0661-\u0662", None),
        ("lines=0-3", None),
        ("bytes=" + ",".join(f"{start}-{start}" for start in range(0, 34, 2)), None),
        ("bytes=" + "0-1," * 1000, None),
    ],
)
def test_what_is_asked_for(header: str, found: list[tuple[int, int]] | None) -> None:
    assert requested(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"])
def test_of_nothing_there_is_no_part(header: str) -> None:
    assert requested(header, 0) == []


def test_a_multipart_body() -> None:
    """A multipart body has the size that it says, and reads as MIME."""
    data = bytes(range(100))
    multipart = Multipart([(0, 4), (90, 100)], 100, "text/css; charset=utf-8")
    body = b"".join(
        part if isinstance(part, bytes) else data[slice(*part)] for part in multipart.parts()
    )
    assert len(body) == multipart.size
    message = message_from_bytes(f"Content-Type: {multipart.content_type}\r\n\r\n".encode() + body)
    first, second = message.get_payload()
    assert first["Content-Range"] == "bytes 0-3/100"
    assert first["Content-Type"] == "text/css; charset=utf-8"
    assert second["Content-Range"] == "bytes 90-99/100"
    assert first.get_payload(decode=True) == data[:4]
    assert second.get_payload(decode=True) == data[90:]


def test_no_two_boundaries_are_the_same() -> None:
    assert Multipart([(0, 1)], 1, None).content_type != Multipart([(0, 1)], 1, None).content_type
