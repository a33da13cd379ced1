"""The responses that a browser keeps, and for how long."""

from __future__ import annotations

from email.utils import formatdate

import httpx
import pytest

from flask_static_optimizer.demo.browser_cache import BrowserCache

NOW = 1_700_000_000.0
LATER = formatdate(NOW + 60, usegmt=True)


class TestBrowserCache:
    def setup_method(self) -> None:
        self.now = NOW
        self.cache = BrowserCache(lambda: self.now)
        self.request = httpx.Request("GET", "http://site/a.css")

    def store(self, *, status: int = 200, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cache.store(self.request, httpx.Response(status, headers=names, content=b"body"))

    def fresh_after(self, seconds: float) -> bool:
        stored = self.cache.find(self.request)
        assert stored is not None
        self.now = NOW + seconds
        return self.cache.is_fresh(stored)

    @pytest.mark.parametrize(
        ("headers", "seconds", "fresh"),
        [
            ({"cache_control": "max-age=60"}, 59, True),
            ({"cache_control": "max-age=60"}, 60, False),
            ({"cache_control": "max-age=60, immutable"}, 59, True),
            ({"cache_control": "max-age=60, immutable"}, 61, False),
            ({"cache_control": "max-age=0"}, 0, False),
            ({"cache_control": "no-cache"}, 0, False),
            ({"cache_control": "no-cache, max-age=60"}, 1, False),
            ({"cache_control": "private, max-age=60"}, 1, True),
            ({"cache_control": "s-maxage=60"}, 1, False),
            ({"cache_control": "max-age=nonsense"}, 1, False),
            ({"cache_control": "max-age=60", "age": "50"}, 9, True),
            ({"cache_control": "max-age=60", "age": "50"}, 11, False),
            ({"cache_control": "max-age=60", "date": formatdate(NOW - 50, usegmt=True)}, 11, False),
            ({"expires": LATER}, 59, True),
            ({"expires": LATER}, 61, False),
            (
                {"expires": formatdate(NOW + 60, usegmt=True), "cache_control": "max-age=1"},
                2,
                False,
            ),
            ({"last_modified": formatdate(0, usegmt=True)}, 0, False),
            ({}, 0, False),
        ],
    )
    def test_freshness(self, headers: dict[str, str], seconds: float, fresh: bool) -> None:
        self.store(**headers)
        assert self.fresh_after(seconds) is fresh

    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            (200, {"cache_control": "no-store"}),
            (200, {"cache_control": "max-age=60", "vary": "*"}),
            (404, {"cache_control": "max-age=60"}),
            (206, {"cache_control": "max-age=60"}),
        ],
    )
    def test_uncacheable_replaces_kept(self, status: int, headers: dict[str, str]) -> None:
        """A response that is not kept takes the place of the one that was."""
        self.store(cache_control="max-age=60")
        self.store(status=status, **headers)
        assert self.cache.find(self.request) is None

    def test_vary(self) -> None:
        self.request.headers["Cookie"] = "session=1"
        self.store(cache_control="max-age=60", vary="Accept-Encoding, Cookie")
        assert self.cache.find(self.request) is not None
        other = httpx.Request("GET", self.request.url, headers={"Cookie": "session=2"})
        assert self.cache.find(other) is None

    def test_a_304_makes_it_fresh_again(self) -> None:
        self.store(cache_control="max-age=60", etag='"1"', content_type="text/css")
        assert not self.fresh_after(100)
        stored = self.cache.find(self.request)
        assert stored is not None
        assert stored.validators == {"If-None-Match": '"1"'}
        confirmed = httpx.Response(304, headers={"cache-control": "max-age=90", "etag": '"1"'})
        self.cache.freshen(self.request, stored, confirmed)
        stored = self.cache.find(self.request)
        assert stored is not None
        assert stored.body == b"body"
        assert stored.headers["Content-Type"] == "text/css"
        self.now += 89
        assert self.cache.is_fresh(stored)
        self.now += 2
        assert not self.cache.is_fresh(stored)
