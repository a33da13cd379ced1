"""Both apps and the panel, as ``demo --serve`` serves them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest
from flask import Flask
from werkzeug.datastructures import EnvironHeaders

from conftest import RedisServer, free_port
from demo.running import ASSETS, run
from flask_static_optimizer.cli.compare.browser import Browser
from flask_static_optimizer.cli.compare.tally import Counts, Tally
from flask_static_optimizer.cli.compare.visit import visit
from flask_static_optimizer.demo.panel.rows import ROWS
from flask_static_optimizer.demo.stage import staged
from flask_static_optimizer.demo.stores import file_store, redis_store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SIDES = ("without", "with")


def over_http(stack: ExitStack, origin: str) -> WSGIApplication:
    """Return a WSGI app that passes each request on to a server."""
    http = stack.enter_context(httpx.Client(base_url=origin, trust_env=False))

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fields = EnvironHeaders(environ)
        url, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if environ["QUERY_STRING"]:
            url += f"?{environ['QUERY_STRING']}"
        with http.stream(method, url, headers=list(fields)) as response:
            sent = b"".join(response.iter_raw())
            start_response(f"{response.status_code} ", response.headers.multi_items())
        return [sent]

    return app


class Client:
    """The panel, asked without a browser, and a visitor of each app."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.http = stack.enter_context(httpx.Client(base_url=url, trust_env=False))
        self.page = self.http.get("/")
        self.origins = re.findall(r'data-origin="([^"]+)"', self.page.text)
        self.visitors = [Browser(over_http(stack, origin), origin) for origin in self.origins]

    def figures(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = self.http.get("/figures").json()
        return found

    def visit(self) -> dict[str, Tally]:
        """Let each visitor visit; return what came over the wire."""
        return {
            side: visit(visitor, ["/"], lambda: Counts(0, 0))[0].total
            for side, visitor in zip(SIDES, self.visitors, strict=True)
        }

    def cost(self) -> dict[str, dict[str, int]]:
        """Return what a visit adds to the counters."""
        before = self.figures()
        self.visit()
        after = self.figures()
        return {
            side: {name: after[side][name] - before[side][name] for name in after[side]}
            for side in SIDES
        }


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def client(stack: ExitStack) -> Client:
    return Client(stack.enter_context(staged(file_store)), stack)


def test_the_counters_are_what_came_over_the_wire(client: Client) -> None:
    assert all(set(figures.values()) == {0} for figures in client.figures().values())
    for visitor in client.visitors:
        assert visitor.post("/login").status == 302
    before = client.figures()
    assert [before[side]["requests"] for side in SIDES] == [1, 1]
    seen = client.visit()
    after = client.figures()
    for side in SIDES:
        wire = asdict(seen[side])
        for name in ("requests", "not_modified", "cookies_set", "body_bytes", "plain_bytes"):
            assert after[side][name] - before[side][name] == wire[name]


def test_a_visit_again_and_one_after_a_deploy(client: Client) -> None:
    for visitor in client.visitors:
        assert visitor.post("/login").status == 302
    client.visit()
    again = client.cost()
    assert again["without"]["requests"] == ASSETS + 1
    assert again["without"]["not_modified"] == ASSETS
    assert again["without"]["session_reads"] == again["without"]["session_writes"] == ASSETS + 1
    assert again["with"]["requests"] == 1
    assert again["with"]["session_reads"] == again["with"]["session_writes"] == 1

    assert client.http.post("/deploy").json() == {
        "files": ["css/demo.css", "js/version.js"],
        "version": 2,
    }
    changed = client.cost()
    assert changed["without"]["requests"] == ASSETS + 1
    assert changed["without"]["not_modified"] == ASSETS - 2
    assert changed["with"]["requests"] == 3
    assert changed["with"]["not_modified"] == 0
    assert changed["with"]["session_reads"] == 1


def test_a_responses_headers_side_by_side(client: Client) -> None:
    assert client.http.get("/response").json() == {"fields": []}
    for visitor in client.visitors:
        assert visitor.post("/login").status == 302
    client.visit()
    fields = {name: sides for name, *sides in client.http.get("/response").json()["fields"]}
    assert fields["Cache-Control"] == ["no-cache", "max-age=31536000, immutable"]
    assert fields["Set-Cookie"] == ["static_optimizer_demo_without=…", None]
    assert fields["Vary"][0] == "Cookie"


def test_both_in_one_redis(stack: ExitStack, redis: RedisServer) -> None:
    url = stack.enter_context(staged(partial(redis_store, redis.url, shared=True)))
    client = Client(url, stack)
    assert f"sessions in Redis at 127.0.0.1:{redis.port}" in client.page.text
    for visitor in client.visitors:
        assert visitor.post("/login").status == 302
    client.visit()
    cost = client.cost()
    assert cost["without"]["session_reads"] == cost["without"]["session_writes"] == ASSETS + 1
    assert cost["with"]["session_reads"] == cost["with"]["session_writes"] == 1
    stack.close()
    assert redis.client.keys("*") == []


def test_apps_are_shown_by_the_panels_host(client: Client) -> None:
    """The apps are shown under the host name that the panel was asked by."""
    port = client.http.base_url.port
    page = client.http.get("/", headers={"Host": f"localhost:{port}"})
    origins = re.findall(r'data-origin="([^"]+)"', page.text)
    assert origins == [origin.replace("127.0.0.1", "localhost") for origin in client.origins]
    assert f"frame-src {' '.join(origins)};" in page.headers["Content-Security-Policy"]


@pytest.mark.skipif(
    "TRUSTED_HOSTS" not in Flask("flask").config, reason="Flask before 3.1 knows no TRUSTED_HOSTS"
)
def test_not_by_another(client: Client) -> None:
    assert client.http.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_only_a_post_deploys(client: Client) -> None:
    assert client.http.get("/deploy").status_code == 405


def test_each_figure_is_explained(client: Client) -> None:
    assert list(client.figures()["with"]) == sorted(row.figure for row in ROWS)
    for row in ROWS:
        assert row.label in client.page.text
        assert len(row.meaning) > 40


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run ``demo --serve`` until a function that is given a client is done; give the output."""

    def serve(port: int, look: Callable[[Client], None], *arguments: str) -> str:
        def interrupt(_: float) -> None:
            with ExitStack() as stack:
                look(Client(f"http://127.0.0.1:{port}", stack))
            raise KeyboardInterrupt

        clock = SimpleNamespace(sleep=interrupt)
        monkeypatch.setattr("flask_static_optimizer.demo.stage.time", clock)
        result = run("--serve", "--port", str(port), *arguments)
        assert result.exit_code == 0, result.output
        return result.output

    return serve


def test_until_interrupted(served: Callable[..., str]) -> None:
    port = free_port()
    origins: list[str] = []

    def look(client: Client) -> None:
        assert client.page.status_code == 200
        origins.extend([str(client.http.base_url), *client.origins])

    output = served(port, look)
    assert output == f"The demo is at http://127.0.0.1:{port}/. Ctrl-C ends it.\n"
    assert len(set(origins)) == 3
    for origin in origins:
        with pytest.raises(httpx.ConnectError):
            httpx.get(origin, trust_env=False)


def test_counts_in_one_redis_stay_apart(served: Callable[..., str], redis: RedisServer) -> None:
    """The command keeps the counts of two apps in one Redis apart."""

    def look(client: Client) -> None:
        without, _ = client.visitors
        assert without.post("/login").status == 302
        figures = client.figures()
        assert figures["without"]["session_writes"] > 0
        assert figures["with"]["session_writes"] == 0

    served(free_port(), look, "--redis", redis.url)
