"""Request header fields that are no part of a cache's key and must not change what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from attacks.conftest import Make, fingerprint
from attacks.servers import HONOURING, Answer, Nginx, ask, nginx, origin
from conftest import CSS, RedisServer

#: What an attacker sends so that the next visitor is given something else.
FIELDS = [
    ("X-Forwarded-Host: evil.example",),
    ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"),
    ("X-Forwarded-Proto: javascript",),
    ("X-Forwarded-Port: 1",),
    ("X-Forwarded-Prefix: /evil.example",),
    ("X-Forwarded-For: 10.0.0.1",),
    ("X-Forwarded-Server: evil.example",),
    ("Forwarded: host=evil.example;proto=https",),
    ("X-Host: evil.example",),
    ("X-Original-URL: /account",),
    ("X-Rewrite-URL: /account",),
    ("X-HTTP-Method-Override: POST",),
    ("X-HTTP-Method: HEAD",),
    ("Range: bytes=0-3",),
    ("Range: bytes=999999-",),
    ("If-Match: \"none\"",),
    ("If-None-Match: *",),
    ("If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT",),
    ("If-Range: x", "Range: bytes=0-0"),
    ("Authorization: Basic YWRhOng=",),
    ("Cookie: session=" + "x" * 3000,),
    ("Cookie: session=;;;=\x01",),
    ("Accept: text/x-none",),
    ("Accept-Language: \xff\xfe",),
    ("Available-Dictionary: :" + "A" * 43 + "=:",),
    ("Content-Type: multipart/form-data; boundary=x",),
    ("Content-Length: 0", "X-Method-Override: PUT"),
    ("Origin: https://evil.example",),
    ("Referer: https://evil.example",),
    ("User-Agent: " + "x" * 4000,),
    ("X-Oversized: " + "x" * 7000,),
    ("Max-Forwards: 0",),
    ("Pragma: no-cache", "Cache-Control: no-store"),
    ("TE: trailers",),
]  # fmt: skip

TARGETS = [
    "/static/app.css",
    "/static/app.css?v={fp}",
    "/static/page.css",
    "/static/page.css?v=0000000000000000",
    "/asset/logo.svg",
    "/static//app.css",
    "//static/app.css",
    "/asset//logo.svg",
    "/static/none.css",
    "/shop//static/app.css",
]

#: What differs from one answer to the next, or is nginx's own.
_PASSING = {
    "age", "cache-status", "connection", "content-length", "date", "server", "transfer-encoding",
    "via", "x-cache",
}  # fmt: skip


def at(place: str, attack: str) -> str:
    """Return a URL that no other attack has asked for."""
    target = place.replace("{fp}", fingerprint(CSS))
    return f"{target}{'&' if '?' in target else '?'}attack={attack}"


def lasting(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    fields = [field for field in answer.headers if field[0] not in _PASSING]
    return answer.status, sorted(fields), answer.body


SITES = [(True, False), (False, False), (True, True)]


@pytest.fixture(scope="module", params=SITES, ids=["ProxyFix", "plain", "ProxyFix-express"])
def caches(
    request: pytest.FixtureRequest,
    make_site: Make,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Nginx, int]]:
    # gunicorn keeps the doubled slash at a path's beginning.
    proxied, express = request.param
    config: dict[str, Any] = {"proxied": proxied, "STATIC_OPTIMIZER_EXPRESS": express}
    config["STATIC_OPTIMIZER_DELTA"] = True
    folder = tmp_path_factory.mktemp("nginx") / "here"
    with (
        origin("gunicorn", make_site(), redis_server.port, **config) as app,
        nginx(folder, app) as cache,
    ):
        yield cache, app


@pytest.mark.parametrize("configuration", HONOURING)
def test_what_a_header_does_is_not_kept(caches: tuple[Nginx, int], configuration: str) -> None:
    cache, app = caches
    port = cache.ports[configuration]
    hits = 0
    # What a store of the app's own keeps may have been spoilt too: these were asked for before.
    clean = {place: ask(app, at(place, "none")) for place in TARGETS}
    for number, fields in enumerate(FIELDS):
        for place in TARGETS:
            # A URL of its own for each: an entry that is there already can't be poisoned.
            target = at(place, f"{configuration}-{number}".replace(" ", "-"))
            for method in ("HEAD", "GET"):
                ask(port, target, *fields, method=method)
            after = ask(port, target)
            hits += after.cached == "HIT"
            assert lasting(after) == lasting(ask(app, target)), (target, fields)
            if after.status == 200:
                assert lasting(after) == lasting(clean[place]), (target, fields)
            assert "evil" not in after.text, (target, fields)
    print(f"\n{configuration}: {len(FIELDS)} sets of fields, {len(TARGETS)} targets, {hits} hits")
    assert hits >= 4 * len(FIELDS)
