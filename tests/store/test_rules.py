"""The rules on which responses may be stored, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import Headers

from flask_static_optimizer.store.rules import (
    Ages,
    ages,
    directives,
    initial_age,
    why_not,
    why_not_asked,
)

NOW = 1767225600.0  # 2026-01-01


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", Ages(0, 0, 0)),
        ("max-age=60", Ages(60, 0, 0)),
        ("max-age=60, stale-while-revalidate=5, stale-if-error=9", Ages(60, 5, 9)),
        ("max-age=60, stale-while-revalidate=5, must-revalidate", Ages(60, 0, 0)),
        ("max-age=60, s-maxage=30, stale-if-error=9", Ages(30, 0, 0)),
        ("max-age=60, stale-if-error", Ages(60, 0, 0)),
        ("max-age", Ages(0, 0, 0)),
        ("max-age=", Ages(0, 0, 0)),
        ("max-age=1e3", Ages(0, 0, 0)),
        ("max-age=\u0663", Ages(0, 0, 0)),
        ("max-age=" + "9" * 5000, Ages(2**31, 0, 0)),
        ("Max-Age=60", Ages(60, 0, 0)),
        (", ,max-age=60,,", Ages(60, 0, 0)),
    ],
)
def test_ages(said: str, expected: Ages) -> None:
    assert ages(Headers([("Cache-Control", said)]), NOW) == expected


def test_ages_of_several_lines() -> None:
    lines = [("Cache-Control", "max-age=60"), ("Cache-Control", "stale-if-error=9")]
    assert ages(Headers(lines), NOW) == Ages(60, 0, 9)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=9, public"}, None),
        ({"Cache-Control": "max-age=9, PRIVATE"}, "it says private"),
        ({"Cache-Control": "no-store"}, "it says no-store"),
        ({"Cache-Control": "no-cache"}, "it says no-cache"),
        ({"Vary": "Accept, cookie"}, "it varies by cookie"),
        ({"Vary": "*"}, "it varies by *"),
        ({"Vary": "Accept-Encoding"}, None),
    ],
)
def test_why_not(headers: dict[str, str], reason: str | None) -> None:
    assert why_not(Headers(headers)) == reason


@pytest.mark.parametrize(
    ("environ", "public", "refused"),
    [
        ({}, False, False),
        ({"HTTP_COOKIE": "a=b"}, False, False),
        ({"HTTP_AUTHORIZATION": "Basic x"}, False, True),
        ({"HTTP_AUTHORIZATION": "Basic x"}, True, False),
        ({"HTTP_CACHE_CONTROL": "no-cache"}, False, False),
        ({"HTTP_CACHE_CONTROL": "max-age=0, No-Store"}, False, True),
        ({"REQUEST_METHOD": "HEAD"}, True, True),
    ],
)
def test_why_not_asked(environ: dict[str, Any], public: bool, refused: bool) -> None:
    asked = why_not_asked({"REQUEST_METHOD": "GET", **environ}, public=public)
    assert (asked is not None) is refused


@pytest.mark.parametrize("value", [None, "", ",", "=", '"', 'a="', "\x00", "a=b=c", "x" * 9000])
def test_odd_directives_are_read(value: str | None) -> None:
    assert isinstance(directives(value), dict)


@pytest.mark.parametrize(
    ("said", "age"),
    [
        ([], 0),
        (["60"], 60),
        (["0"], 0),
        # What is no number of seconds is old, however old that may be.
        (["abc"], 2**31),
        (["-1"], 2**31),
        (["7200.0"], 2**31),
        (["60, 60"], 2**31),
        (["0", "0"], 2**31),
        ([""], 2**31),
        (["9" * 50], 2**31),
    ],
)
def test_the_age_of_a_forwarded_response(said: list[str], age: int) -> None:
    """A response that a view has from elsewhere is as old as its Age says."""
    headers = Headers([("Age", value) for value in said])
    assert initial_age(headers, 1e9) == age
