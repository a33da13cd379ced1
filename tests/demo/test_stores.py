"""Session stores that count."""

from __future__ import annotations

from conftest import RedisServer
from flask_static_optimizer.cli.compare.tally import Counts
from flask_static_optimizer.demo.stores import redis_store


def test_two_stores_in_one_redis_count_apart(redis: RedisServer) -> None:
    with (
        redis_store(redis.url, shared=True) as first,
        redis_store(redis.url, shared=True) as second,
        redis_store(redis.url) as whole,
    ):
        clients = [store.config["SESSION_REDIS"] for store in (first, second)]
        keys = [store.config["SESSION_KEY_PREFIX"] + "1" for store in (first, second)]
        clients[0].set(keys[0], "1", ex=60)
        clients[0].get(keys[0])
        clients[0].get(keys[0])
        clients[1].set(keys[1], "2")
        clients[1].delete(keys[1])
        assert first.counts() == Counts(2, 1)
        assert second.counts() == Counts(0, 2)
        assert whole.counts() == Counts(2, 3)
    assert redis.client.keys("*") == []
