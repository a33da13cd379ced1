"""A rolling deploy: two nodes with different files behind one cache, which asks either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from attacks.conftest import Make, fingerprint
from attacks.servers import HONOURING, Nginx, ask, nginx, origin
from conftest import CSS, RedisServer

NEW_CSS = CSS.replace(b"rebecca", b"")
YEAR = "max-age=31536000, immutable"


def url(mode: str, css: bytes) -> str:
    mark = fingerprint(css)
    return f"/static/app.css?v={mark}" if mode == "query" else f"/static/app.{mark}.css"


@pytest.fixture(scope="module", params=["query", "path"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=[False, True], ids=["flask", "express"])
def nodes(
    request: pytest.FixtureRequest,
    mode: str,
    make_site: Make,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Nginx, dict[str, int]]]:
    """Put a cache before an old and a new node; give it and the nodes' own ports."""
    with ExitStack() as stack:
        config = {
            "STATIC_OPTIMIZER_FINGERPRINT": mode,
            "STATIC_OPTIMIZER_EXPRESS": request.param,
        }
        ports = {
            name: stack.enter_context(
                origin("waitress", make_site(css), redis_server.port, **config)
            )
            for name, css in (("old", CSS), ("new", NEW_CSS))
        }
        folder = tmp_path_factory.mktemp("nginx") / "here"
        yield stack.enter_context(nginx(folder, ports["old"], ports["new"])), ports


#: The node that is asked, and whose URL it is asked for: what a page of the other node names.
@pytest.mark.parametrize(("node", "named"), [("old", "new"), ("new", "old")])
@pytest.mark.parametrize("configuration", HONOURING)
def test_nodes_do_not_mix_in_a_cache(
    nodes: tuple[Nginx, dict[str, int]], mode: str, node: str, named: str, configuration: str
) -> None:
    """No cache keeps the bytes of one node under the URL of the other."""
    cache, _ = nodes
    css = {"old": CSS, "new": NEW_CSS}
    target = f"{url(mode, css[named])}{'&' if mode == 'query' else '?'}from={node}"
    port = cache.ports[configuration]
    lead = {"old": "X-Node: 1", "new": "X-Node: 2"}

    for _ in range(3):  # the wrong node: its own bytes, and no cache keeps them
        wrong = ask(port, target, lead[node])
        assert (wrong.status, wrong.body) == (200, css[node])
        assert wrong.get("cache-control") == "no-cache"
        assert wrong.cached == "MISS"
    right = ask(port, target, lead[named])
    assert (right.body, right.cached, right.get("cache-control")) == (css[named], "MISS", YEAR)
    for other in lead.values():  # the right bytes are kept, whoever would have answered
        again = ask(port, target, other)
        assert (again.body, again.cached) == (css[named], "HIT")


@pytest.mark.parametrize("configuration", HONOURING)
def test_a_new_file_is_no_kept_404(
    nodes: tuple[Nginx, dict[str, int]], mode: str, make_site: Make, configuration: str
) -> None:
    """The 404 of a node that lacks a file is not kept by a cache."""
    cache, _ = nodes
    port = cache.ports[configuration]
    for target in ("/static/later.css", f"/static/later.css?v={'0' * 16}"):
        for lead in ("X-Node: 1", "X-Node: 2", "X-Node: 1"):
            answer = ask(port, target, lead)
            assert (answer.status, answer.cached) == (404, "MISS")
            assert answer.get("cache-control") == "no-store"


def test_nodes_agree_on_validators(nodes: tuple[Nginx, dict[str, int]]) -> None:
    """Both nodes have one validator for the same bytes."""
    _, ports = nodes
    for target in ("/static/app.js", "/static/sub/img.png", "/asset/logo.svg"):
        for coding in ("Accept-Encoding: br", "Accept-Encoding: identity"):
            old, new = (ask(port, target, coding) for port in ports.values())
            assert old.get("etag") == new.get("etag") != ""
            assert old.body == new.body
