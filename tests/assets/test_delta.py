"""Deltas (RFC 9842)."""

from __future__ import annotations

import base64
import hashlib

import pytest
import zstandard

from flask_static_optimizer.assets import delta

OLD = b"".join(b".rule%d { margin: %dpx }\n" % (n, n * 7 % 31) for n in range(2000))
NEW = OLD.replace(b".rule7 ", b".rule7x ") + b".more {}\n"


def test_a_delta_makes_the_new_version() -> None:
    """A delta makes the new version of the old one, and is small."""
    body = delta.encode(NEW, OLD)
    assert delta.decode(body, OLD) == NEW
    assert len(body) < 200


def test_another_decoder_reads_it() -> None:
    body = delta.encode(NEW, OLD)
    assert body[:8] == bytes.fromhex("5e2a4d1820000000")
    assert body[8:40] == hashlib.sha256(OLD).digest()
    raw = zstandard.ZstdCompressionDict(OLD, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    assert zstandard.ZstdDecompressor(dict_data=raw).decompress(body[40:]) == NEW


@pytest.mark.parametrize("dictionary", [b"", b"short", bytes(delta.LARGEST + 1)])
def test_what_is_no_dictionary_is_refused(dictionary: bytes) -> None:
    with pytest.raises(delta.WrongDeltaError):
        delta.encode(NEW, dictionary)


def test_a_damaged_delta_is_refused() -> None:
    """A wrong dictionary or a damaged body does not decode."""
    body = delta.encode(NEW, OLD)
    for wrong in (body[1:], body[:39], b"", body[:-9], body[:40] + b"\x00" + body[41:]):
        with pytest.raises(delta.WrongDeltaError):
            delta.decode(wrong, OLD)
    with pytest.raises(delta.WrongDeltaError):
        delta.decode(body, NEW)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f":{encoded(bytes(range(32)))}:", bytes(range(32))),
        (f" :{encoded(bytes(32))}: ", bytes(32)),
        (None, None),
        ("", None),
        ("::", None),
        (encoded(bytes(32)), None),
        (f":{encoded(bytes(31))}:", None),
        (f":{encoded(bytes(33))}:", None),
        (f":{encoded(bytes(32))}:;a=1", None),
        (f":{encoded(bytes(32))[:-1]}:", None),
        (f'"{encoded(bytes(32))}"', None),
        (":" + "\u00e9" * 43 + "=:", None),
    ],
)
def test_available_dictionary(header: str | None, expected: bytes | None) -> None:
    assert delta.parse_available(header) == expected


def test_patterns_match_just_the_text() -> None:
    assert delta.pattern("/a(b)*{c}:d+?.css") == r"/a\(b\)\*\{c\}\:d\+\?.css"
    assert delta.use_as_dictionary(r"/a\*b.*.css") == r'match="/a\\*b.*.css"'
