"""Content codings."""

from __future__ import annotations

import random

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
    assert codings.worth_it(data, body) is (data == TEXT)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_garbage_does_not_decode(coding: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # each library has its own
        codings.decompress(coding, NOISE)


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
