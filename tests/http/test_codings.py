"""Content codings."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest

from flask_static_optimizer.http import codings

TEXT = b"body { color: rebeccapurple }\n" * 200
NOISE = random.Random(1).randbytes(5000)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
@pytest.mark.parametrize("best", [True, False])
@pytest.mark.parametrize("data", [b"", b"x", TEXT, NOISE])
def test_what_is_coded_decodes_to_the_same(coding: str, best: bool, data: bytes) -> None:
    assert coding in codings.available()
    body = codings.compress(coding, data, best=best)
    assert codings.decompress(coding, body) == data
    assert codings.compress(coding, data, best=best) == body
    assert codings.worth_it(len(data), len(body)) is (data == TEXT)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_garbage_does_not_decode(coding: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # each library has its own
        codings.decompress(coding, NOISE)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip", "deflate"])
def test_no_more_is_decoded_than_the_limit(coding: str) -> None:
    """What some bytes stand for is the sender's choice, what is decoded of them is not."""
    small, bomb = (_coded(coding, data) for data in (TEXT, bytes(200 * 2**20)))
    assert codings.decompress(coding, small, len(TEXT)) == TEXT
    with pytest.raises(ValueError, match="more than"):
        codings.decompress(coding, small, len(TEXT) - 1)
    for cut in (small[:-1], small + b"x"):
        with pytest.raises(Exception):  # noqa: B017, PT011  # each library has its own
            codings.decompress(coding, cut, len(TEXT))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            codings.decompress(coding, bomb, len(TEXT))
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


def _coded(coding: str, data: bytes) -> bytes:
    if coding == "deflate":
        return zlib.compress(data)
    return codings.compress(coding, data, best=False)


def test_best_is_smaller() -> None:
    data = bytes(random.Random(2).choices(b"abcdefgh \n", k=200_000))
    for coding in codings.available():
        best, quick = (len(codings.compress(coding, data, best=best)) for best in (True, False))
        assert best <= quick


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/css; charset=utf-8", True),
        ("text/javascript", True),
        ("application/json", True),
        ("application/geo+json", True),
        ("image/svg+xml; charset=utf-8", True),
        ("application/wasm", True),
        ("font/ttf", True),
        ("font/woff2", False),
        ("image/png", False),
        ("video/mp4", False),
        ("application/zip", False),
        ("application/octet-stream", False),
    ],
)
def test_what_gets_smaller(content_type: str, expected: bool) -> None:
    assert codings.is_compressible(content_type) is expected
