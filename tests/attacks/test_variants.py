"""The number of entries that a cache can be made to keep of one URL."""

from __future__ import annotations

import itertools
from pathlib import Path

from attacks.conftest import Make
from attacks.servers import ask, nginx, origin
from conftest import RedisServer

HONOURS = "honours all"

#: What is offered for a stylesheet: three codings, and none.
REPRESENTATIONS = 4

#: As docs/security.md has it: two answers are enough for nearly all browsers.
NORMALISED = """
    map $http_accept_encoding $coding {
        default "";
        "~*(^|[,\\s])br(\\s*(,|$|;\\s*q=(1|0\\.\\d*[1-9])))" "br";
        "~*(^|[,\\s])gzip(\\s*(,|$|;\\s*q=(1|0\\.\\d*[1-9])))" "gzip";
    }
    proxy_set_header Accept-Encoding $coding;
    proxy_ignore_headers Vary;
"""
KEY = "$request_uri:$coding"


def spellings(count: int) -> list[str]:
    """Make different Accept-Encoding values, that mean few different things."""
    names = ["gzip", "br", "zstd", "deflate", "identity", "x-unknown"]
    weights = ["", ";q=1", ";q=1.0", "; q=0.9", ";q=0.5", ";Q=0.001", ";q=0"]
    every = (
        ", ".join(name + weight for name in order)
        for weight, size in itertools.product(weights, (1, 2, 3))
        for order in itertools.permutations(names, size)
    )
    return list(itertools.islice(every, count))


def test_an_asset_has_few_representations(make_site: Make, redis_server: RedisServer) -> None:
    """An asset has few representations, however Accept-Encoding is spelled."""
    with origin("waitress", make_site(), redis_server.port) as app:
        answers = [ask(app, "/static/app.css", f"Accept-Encoding: {s}") for s in spellings(300)]
    assert all(answer.status == 200 for answer in answers)
    etags = {answer.get("etag") for answer in answers}
    assert len(etags) == REPRESENTATIONS
    assert {answer.get("vary") for answer in answers} == {"Accept-Encoding"}
    for etag in etags:
        assert len({a.body for a in answers if a.get("etag") == etag}) == 1


def test_nginx_keeps_one_entry_for_each_spelling(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    """An app can't help that: nginx compares the field as it was sent."""
    with (
        origin("waitress", make_site(), redis_server.port) as app,
        nginx(tmp_path / "here", app) as cache,
    ):
        before = cache.entries(HONOURS)
        for spelling in spellings(300):
            ask(cache.ports[HONOURS], "/static/app.css", f"Accept-Encoding: {spelling}")
        kept = cache.entries(HONOURS) - before
    print(f"\n300 spellings of Accept-Encoding: {kept} entries")
    assert kept > 100


def test_normalised_by_nginx_they_are_few(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    with (
        origin("waitress", make_site(), redis_server.port) as app,
        nginx(tmp_path / "here", app, key=KEY, more=NORMALISED) as cache,
    ):
        port = cache.ports[HONOURS]
        for spelling in spellings(300):
            answer = ask(port, "/static/app.css", f"Accept-Encoding: {spelling}")
            coding = answer.get("content-encoding")
            assert not coding or coding in spelling
            assert f"{coding};q=0," not in f"{spelling},"
        kept = cache.entries(HONOURS)
    print(f"\n300 spellings of Accept-Encoding, normalised: {kept} entries")
    assert kept <= 3


def test_what_has_no_codings_is_one_entry(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Without codings (``STATIC_OPTIMIZER_ENCODINGS = []``) nothing varies."""
    with (
        origin("waitress", make_site(), redis_server.port, STATIC_OPTIMIZER_ENCODINGS=[]) as app,
        nginx(tmp_path / "here", app) as cache,
    ):
        for spelling in spellings(300):
            answer = ask(cache.ports[HONOURS], "/static/app.css", f"Accept-Encoding: {spelling}")
            assert answer.status == 200
        assert cache.entries(HONOURS) == 1
