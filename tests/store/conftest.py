"""Apps with one stored view that notes its runs.

What an app with stored routes does is tested here, the views' share in it (validators, refreshing,
purging) as well; ``tests/views`` has the views that nothing is stored of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask_caching import Cache

from conftest import Memcached, RedisServer
from flask_static_optimizer import cacheable_static
from flask_static_optimizer.config.names import EXTENSION

Hook = Callable[[Flask], Any]


class Stored(NamedTuple):
    """An app with a view at ``/thing``."""

    app: Flask
    client: Any
    #: One element for each run of the view.
    runs: list[Any]

    def get(self, path: str = "/thing", **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serve(make_app: Callable[..., Flask]) -> Iterator[Callable[..., Stored]]:
    """Make an app whose view at ``/thing`` gives what a function gives.

    Without one it gives the number of times that it has run. ``add`` is called with the app before
    the extension is installed, ``late`` afterwards; ``config`` are settings, and the rest is the
    view's policy.
    """

    def serve(
        view: Callable[[], Any] | None = None,
        *,
        path: str = "/thing",
        add: Hook | None = None,
        late: Hook | None = None,
        config: dict[str, Any] | None = None,
        **policy: Any,
    ) -> Stored:
        runs: list[Any] = []

        def thing(**_: Any) -> Any:
            runs.append(1)
            return f"run {len(runs)}" if view is None else view()

        def before(app: Flask) -> None:
            app.add_url_rule(path, "thing", cacheable_static(**{"max_age": 60, **policy})(thing))
            if add is not None:
                add(app)

        app = make_app(before=before, after=late, **(config or {}))
        apps.append(app)
        return Stored(app, app.test_client(), runs)

    apps: list[Flask] = []
    yield serve
    for app in apps:  # so that no thread goes on trying to reach a backend of this test
        app.extensions[EXTENSION].open_store().index._purges._waiting.clear()
    apps.clear()


def status_of(response: Any) -> str:
    """Return what ``Cache-Status`` says, without how long that holds."""
    return str(response.headers.get("Cache-Status", "")).partition("; ttl=")[0].partition("; ")[2]


class Caches:
    """The ways to have a cache: ours in memory, and Flask-Caching's."""

    NAMES = ("memory", "SimpleCache", "FileSystemCache", "RedisCache", "MemcachedCache")

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self.name = name
        self.config = config

    def install(self, app: Flask) -> None:
        if self.name != "memory":
            Cache(app)


@pytest.fixture(params=Caches.NAMES)
def cache(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """Give each of the caches that an app may have."""
    name = request.param
    config: dict[str, Any] = {"CACHE_TYPE": name}
    if name == "FileSystemCache":
        config["CACHE_DIR"] = str(tmp_path / "cache")
    elif name == "RedisCache":
        redis: RedisServer = request.getfixturevalue("redis")
        config["CACHE_REDIS_PORT"] = redis.port
    elif name == "MemcachedCache":
        from pymemcache.client.base import PooledClient

        memcached: Memcached = request.getfixturevalue("memcached")
        client = PooledClient(("127.0.0.1", memcached.port), default_noreply=False, no_delay=True)
        config["CACHE_MEMCACHED_SERVERS"] = client
        yield Caches(name, config)
        client.close()
        return
    yield Caches(name, config)
