"""Header fields of the configuration: what is read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from flask_static_optimizer import ConfigurationError, cacheable_static
from flask_static_optimizer.config.header_fields import header_fields, merged
from flask_static_optimizer.config.settings import Settings


def test_names_and_values_are_read() -> None:
    given = {"X-A": " one ", "content-disposition": "attachment", "X-B": None, "X-C": False}
    assert header_fields("here", given) == (
        ("X-A", "one"),
        ("content-disposition", "attachment"),
        ("X-B", None),
        ("X-C", None),
    )


def test_the_later_layer_wins_whatever_the_case() -> None:
    below, above = (("X-A", "1"), ("X-B", "2")), (("x-a", "3"), ("X-B", None))
    assert merged(below, above) == (("x-a", "3"), ("X-B", None))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nosniff", ["'nosniff'", "mapping of header names"]),
        ([("X-A", "1")], ["mapping of header names"]),
        ({"X A": "1"}, ["'X A'", "not a header name"]),
        ({"X-A\r\nX-B": "1"}, ["not a header name"]),
        ({"": "1"}, ["not a header name"]),
        ({5: "1"}, ["5", "not a header name"]),
        ({"X-A": "1\r\nX-B: 2"}, ["'X-A'", "line breaks"]),
        ({"X-A": "1\n"}, ["'X-A'", "line breaks"]),
        ({"X-A": "caf\u00e9"}, ["'X-A'", "ASCII"]),
        ({"X-A": " "}, ["'X-A'"]),
        ({"X-A": 5}, ["'X-A'=5"]),
        ({"X-A": True}, ["'X-A'=True"]),
        ({"X-A": "1", "x-a": "2"}, ["'x-a' twice"]),
        ({"Cache-Control": "no-store"}, ["'Cache-Control'='no-store'", "max_age"]),
        ({"cdn-cache-control": "max-age=1"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"Vercel-CDN-Cache-Control": "public"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"netlify-cdn-cache-control": "public"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"X-New-CDN-Cache-Control": "public"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"Edge-Control": "!no-store"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"Set-Cookie2": "a=b"}, ["'Set-Cookie2'", "leave it out"]),
        ({"X-LiteSpeed-Location": "/a"}, ["'X-LiteSpeed-Location'", "leave it out"]),
        ({"X-LIGHTTPD-send-file": "/a"}, ["'X-LIGHTTPD-send-file'", "leave it out"]),
        ({"X-Sendfile2": "/a 0-"}, ["'X-Sendfile2'", "leave it out"]),
        ({"Vary": "Origin"}, ["give vary"]),
        ({"ETag": '"x"'}, ["'ETag'", "etag in @cacheable_static"]),
        ({"Set-Cookie": "a=b"}, ["'Set-Cookie'", "leave it out"]),
        ({"Content-Type": "text/css"}, ["'Content-Type'", "leave it out"]),
        ({"Content-Location": "/a"}, ["'Content-Location'"]),
        ({"Last-Modified": "x"}, ["'Last-Modified'"]),
        ({"Accept-Ranges": "none"}, ["'Accept-Ranges'"]),
        ({"Use-As-Dictionary": "x"}, ["'Use-As-Dictionary'"]),
        ({"Transfer-Encoding": "chunked"}, ["'Transfer-Encoding'"]),
        ({"Date": "now"}, ["'Date'"]),
        ({"Server": "mine"}, ["'Server'", "leave it out"]),
        ({"Status": "404 Not Found"}, ["'Status'", "something else", "return the status"]),
        ({"refresh": "0; url=/"}, ["'refresh'", "something else", "redirect"]),
        ({"Clear-Site-Data": '"cache"'}, ["'Clear-Site-Data'", "leave it out"]),
        ({"X-Accel-Redirect": "/a"}, ["'X-Accel-Redirect'", "STATIC_OPTIMIZER_SENDFILE"]),
        ({"X-Accel-Charset": "latin1"}, ["'X-Accel-Charset'", "leave it out"]),
        ({"X-Accel-Expires": "5"}, ["'X-Accel-Expires'"]),
        ({"X-Sendfile": "/a"}, ["'X-Sendfile'", "STATIC_OPTIMIZER_SENDFILE"]),
        ({"Connection": "close"}, ["'Connection'", "only the server", "leave it out"]),
        ({"Keep-Alive": "timeout=5"}, ["'Keep-Alive'", "only the server"]),
        ({"Proxy-Authenticate": "Basic"}, ["'Proxy-Authenticate'", "only the server"]),
        ({"Proxy-Connection": "close"}, ["'Proxy-Connection'", "only the server"]),
        ({"Upgrade": "h2c"}, ["'Upgrade'", "only the server"]),
        ({"Trailer": "X-A"}, ["'Trailer'", "only the server"]),
        ({"Via": "1.1 me"}, ["'Via'"]),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_by_name(value: Any, words: list[str]) -> None:
    """A setting, a rule and the decorator refuse it alike, each by its own name."""
    ways = {
        "STATIC_OPTIMIZER_HEADERS": lambda: Settings.from_config(
            {"STATIC_OPTIMIZER_HEADERS": value}
        ),
        "STATIC_OPTIMIZER_RULES['static:*.css']: headers": lambda: Settings.from_config(
            {"STATIC_OPTIMIZER_RULES": {"static:*.css": {"headers": value}}}
        ),
        "@cacheable_static: headers": lambda: cacheable_static(headers=value),
    }
    for name, way in ways.items():
        with pytest.raises(ConfigurationError) as caught:
            way()
        for word in (name, *words):
            assert word in str(caught.value)


def test_orders_to_a_proxy_that_leave_the_response_as_it_is_are_taken() -> None:
    given = {"X-Accel-Buffering": "no", "X-Accel-Limit-Rate": "100000"}
    assert header_fields("here", given) == tuple(given.items())


def test_security_fields_that_begin_with_content_are_taken() -> None:
    """They speak of what a browser does with a response, not of its bytes."""
    names = ("Content-Security-Policy", "Content-Disposition", "Content-Language")
    given = dict.fromkeys(names, "x")
    assert header_fields("here", given) == tuple(given.items())
