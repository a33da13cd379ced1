"""Purges while the backend is in trouble: none is lost."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask_caching import Cache

from conftest import RedisServer
from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.store import purges

MakeApp = Callable[..., Flask]


class Trouble:
    """A trouble of one process's connection to a backend, which can be mended."""

    def __init__(self, app: Flask) -> None:
        [self.backend] = app.extensions["cache"].values()
        self._names = ("get_many", "set", "add", "delete")

    def begin(self) -> None:
        for name in self._names:
            setattr(self.backend, name, self._down)

    def end(self) -> None:
        for name in self._names:
            delattr(self.backend, name)

    def _down(self, *_: Any, **__: Any) -> Any:
        raise ConnectionError("down")


class Shop:
    """Two processes of one app, and its prices."""

    def __init__(self, make_app: MakeApp, redis: RedisServer) -> None:
        self.prices = {1: 100, 2: 200}

        def add(app: Flask) -> None:
            Cache(app)

            @app.get("/items/<int:number>")
            @cacheable_static(max_age=86400)
            def item(number: int) -> str:
                return str(self.prices[number])

            @app.put("/items/<int:number>")
            def change(number: int) -> str:
                self.prices[number] += 1
                return "done"

        config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
        self.apps = [make_app(before=add, **config) for _ in range(2)]
        self.one, self.other = (app.test_client() for app in self.apps)
        self.one.get("/items/1")
        assert self.other.get("/items/1").text == "100"
        self.trouble = Trouble(self.apps[0])
        self.purges = self.apps[0].extensions[EXTENSION].open_store().index._purges


@pytest.fixture
def shop(make_app: MakeApp, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    # No thread sends what a request is to send here; one test has them back.
    monkeypatch.setattr(purges, "_SOON", 3600)
    shop = Shop(make_app, redis)
    yield shop
    shop.purges._waiting.clear()
    if shop.purges._timer is not None:
        shop.purges._timer.cancel()


def test_a_change_in_trouble_is_seen_afterwards(shop: Shop) -> None:
    shop.trouble.begin()
    assert shop.one.put("/items/1").text == "done"
    assert shop.one.get("/items/1").text == "101"
    shop.trouble.end()
    assert shop.one.get("/items/1").text == "101"  # the circuit is still open
    shop.purges._breaker._open_until = 0
    assert shop.one.get("/items/1").text == "101"
    assert shop.other.get("/items/1").text == "101"


def test_a_purge_is_tried_while_the_circuit_is_open(shop: Shop) -> None:
    """A purge succeeds as soon as the backend is well, and takes those before it along."""
    shop.trouble.begin()
    shop.one.put("/items/1")
    shop.trouble.end()
    assert shop.purges._breaker.is_open
    shop.one.put("/items/2")
    assert not shop.purges._waiting
    assert shop.other.get("/items/1").text == "101"


def test_a_read_alone_in_trouble(shop: Shop) -> None:
    """A circuit that a read has opened lets purges pass."""
    shop.trouble.begin()
    shop.one.get("/items/1")
    shop.trouble.end()
    assert shop.purges._breaker.is_open
    shop.one.put("/items/1")
    assert shop.other.get("/items/1").text == "101"


def test_without_a_request_a_thread_sends_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purges, "_SOON", 0.001)
    sent = Event()
    real = shop.purges._send

    def send(key: str) -> None:
        real(key)
        sent.set()

    shop.purges._send = send
    shop.trouble.begin()
    shop.one.put("/items/1")
    shop.trouble.end()
    assert sent.wait(60)
    assert shop.other.get("/items/1").text == "101"


def test_on_demand_it_raises_and_is_remembered(shop: Shop) -> None:
    shop.trouble.begin()
    shop.prices[1] = 7
    with shop.apps[0].app_context(), pytest.raises(ConnectionError):
        StaticOptimizer().purge(endpoint="item")
    shop.trouble.end()
    shop.purges._breaker._open_until = 0
    assert shop.one.get("/items/1").text == "7"
    assert shop.other.get("/items/1").text == "7"


def test_many_become_a_purge_of_everything(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purges, "MOST", 10)
    shop.other.get("/items/2")
    shop.trouble.begin()
    with shop.apps[0].app_context():
        for number in range(100):
            with pytest.raises(ConnectionError):
                StaticOptimizer().purge(path=f"/other/{number}")
    assert len(shop.purges._waiting) <= 10
    shop.trouble.end()
    shop.prices.update({1: 8, 2: 9})
    shop.purges._breaker._open_until = 0
    shop.one.get("/items/1")
    assert [shop.other.get(f"/items/{number}").text for number in (1, 2)] == ["8", "9"]


def test_it_is_told_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.trouble.begin()
    for _ in range(5):
        shop.one.put("/items/1")
    told = [each.getMessage() for each in caplog.records if "a purge" in each.getMessage()]
    assert len(told) == 1
    assert "ConnectionError: down" in told[0]
    assert "'flask static purge'" in told[0]


def test_what_is_tried_again_meanwhile_stays(shop: Shop) -> None:
    """A purge that fails while it is being sent for an earlier request is sent again."""
    error = ConnectionError("down")
    shop.purges._remember(("a",), error)
    shop.purges._send = lambda key: shop.purges._remember((key,), error)
    assert not shop.purges.catch_up()
    assert set(shop.purges._waiting) == {"a"}
