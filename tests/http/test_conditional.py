"""Preconditions, as RFC 9110 §13 has them."""

from __future__ import annotations

import pytest

from flask_static_optimizer.http.conditional import precondition, range_applies

ETAG = '"abc"'
NOW = 1_700_000_000
AT = "Tue, 14 Nov 2023 22:13:20 GMT"  # NOW
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
AFTER = "Tue, 14 Nov 2023 22:13:21 GMT"


def environ(headers: dict[str, str]) -> dict[str, str]:
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, 200),
        ({"Range": "bytes=0-1"}, 200),
        # If-None-Match: weak comparison, lists, *
        ({"If-None-Match": '"abc"'}, 304),
        ({"If-None-Match": 'W/"abc"'}, 304),
        ({"If-None-Match": '"x", "abc"'}, 304),
        ({"If-None-Match": '"x",W/"abc" , "y"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": " * "}, 304),
        ({"If-None-Match": '"ABC"'}, 200),
        ({"If-None-Match": '"abcd"'}, 200),
        ({"If-None-Match": ""}, 200),
        ({"If-None-Match": '"abc'}, 200),
        ({"If-None-Match": "abc"}, 304),
        ({"If-None-Match": "x, w/abc"}, 304),
        ({"If-None-Match": '"x,abc"'}, 200),
        ({"If-None-Match": '"x"abc'}, 200),
        ({"If-None-Match": '""'}, 200),
        ({"If-None-Match": "\xff;;,,="}, 200),
        # §13.1.3: If-Modified-Since is nothing beside If-None-Match
        ({"If-None-Match": '"x"', "If-Modified-Since": AFTER}, 200),
        ({"If-None-Match": '"abc"', "If-Modified-Since": BEFORE}, 304),
        ({"If-Modified-Since": AT}, 304),
        ({"If-Modified-Since": AFTER}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": "Tue, 99 Nov 99999999999 22:13:21 GMT"}, 200),
        # If-Match: strong comparison
        ({"If-Match": '"abc"'}, 200),
        ({"If-Match": '"x", "abc"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": 'W/"abc"'}, 412),
        ({"If-Match": '"x"'}, 412),
        ({"If-Match": "abc;"}, 412),
        # §13.1.4: If-Unmodified-Since is nothing beside If-Match
        ({"If-Unmodified-Since": AT}, 200),
        ({"If-Unmodified-Since": AFTER}, 200),
        ({"If-Unmodified-Since": BEFORE}, 412),
        ({"If-Unmodified-Since": "never"}, 200),
        ({"If-Match": '"abc"', "If-Unmodified-Since": BEFORE}, 200),
        # §13.2.2: the first that fails decides
        ({"If-Match": '"x"', "If-None-Match": '"abc"'}, 412),
        ({"If-Match": '"abc"', "If-None-Match": '"abc"'}, 304),
        ({"If-Match": "*", "If-None-Match": '"x"'}, 200),
        ({"If-Unmodified-Since": BEFORE, "If-None-Match": '"abc"'}, 412),
        ({"If-Match": '"abc"', "If-Modified-Since": AFTER}, 304),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_preconditions(headers: dict[str, str], answer: int, method: str) -> None:
    assert precondition(method, environ(headers), ETAG, NOW) == answer


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"If-None-Match": '"abc"'}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-Modified-Since": AFTER}, 200),
    ],
)
def test_of_a_method_that_changes_things(headers: dict[str, str], answer: int) -> None:
    assert precondition("PUT", environ(headers), ETAG, NOW) == answer


@pytest.mark.parametrize(
    ("headers", "etag", "modified", "answer"),
    [
        ({"If-None-Match": '"abc"'}, None, NOW, 200),
        ({"If-None-Match": "*"}, None, None, 304),
        ({"If-Match": '"abc"'}, None, None, 412),
        ({"If-Match": '"abc"'}, 'W/"abc"', None, 412),
        ({"If-None-Match": '"abc"'}, 'W/"abc"', None, 304),
        ({"If-Modified-Since": AFTER}, ETAG, None, 200),
        ({"If-Unmodified-Since": BEFORE}, ETAG, None, 200),
    ],
)
def test_of_a_representation_without_validators(
    headers: dict[str, str], etag: str | None, modified: int | None, answer: int
) -> None:
    assert precondition("GET", environ(headers), etag, modified) == answer


@pytest.mark.parametrize(
    ("condition", "etag", "applies"),
    [
        (None, ETAG, True),
        (ETAG, ETAG, True),
        ('"x"', ETAG, False),
        ('W/"abc"', ETAG, False),
        ('W/"abc"', 'W/"abc"', False),
        ('"abc", "x"', ETAG, False),
        ("*", ETAG, False),
        (AT, ETAG, False),
        (AT, None, False),
        ("soon", ETAG, False),
        (ETAG, None, False),
    ],
)
def test_if_range(condition: str | None, etag: str | None, applies: bool) -> None:
    headers = {} if condition is None else {"If-Range": condition}
    assert range_applies(environ(headers), etag) is applies
