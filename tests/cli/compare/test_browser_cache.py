"""The responses that a browser keeps, and for how long."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from werkzeug.datastructures import Headers

from flask_static_optimizer.cli.compare.browser_cache import BrowserCache, Stored
from flask_static_optimizer.cli.compare.response import Response

URL = "http://site/a.css"
NOW = 1_700_000_000.0
LATER = formatdate(NOW + 60, usegmt=True)


def response(status: int, headers: dict[str, str]) -> Response:
    return Response(URL, status, Headers(headers), b"body", b"body", 0)


class TestBrowserCache:
    def setup_method(self) -> None:
        self.now = NOW
        self.cache = BrowserCache(lambda: self.now)
        self.fields: dict[str, str] = {}

    def store(self, *, status: int = 200, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cache.store(self.fields, response(status, names))

    def stored(self) -> Stored:
        stored = self.cache.find(URL)
        assert stored is not None
        return stored

    def fresh_after(self, seconds: float) -> bool:
        self.now = NOW + seconds
        return self.cache.is_usable(self.stored(), self.fields)

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
        assert self.cache.find(URL) is None

    def test_vary(self) -> None:
        self.fields["Cookie"] = "session=1"
        self.store(
            cache_control="max-age=60",
            vary="Accept-Encoding, Cookie",
            etag='"1"',
            last_modified=formatdate(0, usegmt=True),
        )
        assert self.cache.is_usable(self.stored(), self.fields)
        assert len(self.stored().validators(self.fields)) == 2
        other = {"cookie": "session=2"}
        assert not self.cache.is_usable(self.stored(), other)
        # Its date may be that of something else; as Chromium does.
        assert self.stored().validators(other) == {"If-None-Match": '"1"'}

    def test_a_304_makes_it_fresh_again(self) -> None:
        self.store(cache_control="max-age=60", etag='"1"', content_type="text/css")
        assert not self.fresh_after(100)
        stored = self.stored()
        assert stored.validators(self.fields) == {"If-None-Match": '"1"'}
        confirmed = response(304, {"cache-control": "max-age=90", "etag": '"1"'})
        self.cache.freshen(self.fields, stored, confirmed)
        stored = self.stored()
        assert stored.body == b"body"
        assert stored.headers["Content-Type"] == "text/css"
        self.now += 89
        assert self.cache.is_usable(stored, self.fields)
        self.now += 2
        assert not self.cache.is_usable(stored, self.fields)
