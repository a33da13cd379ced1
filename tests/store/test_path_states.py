"""The states of paths: a purge of a path hits that path alone, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort, redirect, request
from flask_caching import Cache
from freezegun import freeze_time

from conftest import RedisServer
from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.store import keys
from flask_static_optimizer.store.backends import MemoryBackend
from flask_static_optimizer.store.breaker import CircuitBreaker
from flask_static_optimizer.store.path_states import RUN, PathStates, state_of

from .conftest import Caches, Stored, status_of

MakeApp = Callable[..., Flask]
Serve = Callable[..., Stored]
PATH = "fso:app:p:path"


def add_items(app: Flask) -> None:
    @app.get("/items/<int:number>")
    @cacheable_static(max_age=600)
    def item(number: int) -> str:
        if number >= 1000:
            abort(404)
        return f"item {number}"

    @app.post("/items/<int:number>")
    def change(number: int) -> Any:
        refused = {"login": redirect("/login"), "401": ("no", 401), "403": ("no", 403)}
        return refused.get(request.args.get("answer", ""), "done")


@pytest.fixture
def client(make_app: MakeApp, cache: Caches) -> Any:
    def add(app: Flask) -> None:
        cache.install(app)
        add_items(app)

    return make_app(before=add, **cache.config).test_client()


@pytest.mark.parametrize("answer", ["done", "login", "401", "403"])
def test_posts_to_other_paths(client: Any, answer: str) -> None:
    for number in range(40):
        client.get(f"/items/{number}")
    for number in range(100, 400):
        client.post(f"/items/{number}?answer={answer}")
    assert {status_of(client.get(f"/items/{number}")) for number in range(40)} == {"hit"}


def test_only_one_path_is_purged(client: Any) -> None:
    for number in range(40):
        client.get(f"/items/{number}")
    client.post("/items/7")
    found = {number: status_of(client.get(f"/items/{number}")) for number in range(40)}
    assert {number for number, status in found.items() if status != "hit"} == {7}


def test_what_is_not_stored_leaves_nothing(make_app: MakeApp, redis: RedisServer) -> None:
    """Clients that ask for paths, or post to them, put nothing but responses into a backend."""

    def add(app: Flask) -> None:
        Cache(app)
        add_items(app)

    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
    client = make_app(before=add, **config).test_client()
    client.get("/items/1")
    before = set(redis.client.scan_iter())
    for number in range(1000, 1100):
        assert client.get(f"/items/{number}").status_code == 404
        client.post(f"/items/{number}")
    assert set(redis.client.scan_iter()) == before
    longest = max(redis.client.ttl(key) for key in before if b":p:" in key)
    assert 600 < longest <= 2 * 601


def test_posts_fill_no_memory(make_app: MakeApp) -> None:
    client = make_app(before=add_items).test_client()
    client.get("/items/1")
    backend = client.application.extensions[EXTENSION].open_store().index._backend
    before = len(backend)
    for number in range(1000, 1200):
        client.get(f"/items/{number}")
        client.post(f"/items/{number}")
    assert len(backend) == before


def test_entries_outlast_the_first_state(serve: Serve) -> None:
    """A path stays purgeable, and its entries stay, through many lifetimes of its states."""
    with freeze_time("2026-01-01") as clock:
        stored = serve(max_age=1000)
        for _ in range(12):
            for query in ("?a", "?b"):
                assert stored.get(f"/thing{query}").status_code == 200
                assert status_of(stored.get(f"/thing{query}")) == "hit"
                clock.tick(299)
            with stored.app.app_context():
                assert status_of(stored.get("/thing?b")) == "hit"
        with stored.app.app_context():
            StaticOptimizer().purge(path="/thing")
        for query in ("?a", "?b"):
            assert status_of(stored.get(f"/thing{query}")) == "fwd=uri-miss; stored"


@pytest.mark.parametrize("age", [100, 1000])
def test_a_new_entry_takes_no_other_along(serve: Serve, age: int) -> None:
    """The entries of one path end when they are stale, and not when a sibling is stored."""
    with freeze_time("2026-01-01") as clock:
        stored = serve(max_age=age)
        for number in range(40):
            stored.get(f"/thing?{number}")
            clock.tick(age // 5)
            for earlier in range(max(0, number - 3), number + 1):
                assert status_of(stored.get(f"/thing?{earlier}")) == "hit", (number, earlier)


class Interrupted(MemoryBackend):
    """A backend in which a path is purged just before one of the calls."""

    def __init__(self) -> None:
        super().__init__(10**6)
        self.purge: Callable[[], None] | None = None
        self.left = 0

    def _interrupt(self) -> None:
        if self.purge is not None:
            self.left -= 1
            if self.left < 0:
                purge, self.purge = self.purge, None
                purge()

    def get_many(self, *names: str) -> list[Any]:
        self._interrupt()
        return super().get_many(*names)

    def set(self, key: str, value: Any, timeout: int) -> bool:
        self._interrupt()
        return super().set(key, value, timeout)

    def add(self, key: str, value: Any, timeout: int) -> bool:
        self._interrupt()
        return super().add(key, value, timeout)


@pytest.mark.parametrize("slots", ["first", "second", "both"])
@pytest.mark.parametrize("step", range(6))
def test_a_purge_at_any_moment_counts(slots: str, step: int) -> None:
    """However late a purge comes between beginning and storing, what was begun is not alive."""
    with freeze_time("2026-01-01") as clock:
        backend = Interrupted()
        states = PathStates(backend, CircuitBreaker(print))
        known: list[str | None] = [None, None]

        def look() -> None:
            known[:] = map(state_of, backend.get_many(*keys.of_states(PATH)))

        begun = states.begin(PATH, known)
        assert begun is not None
        if slots != "first":
            look()
            assert states.lasting(PATH, begun[0], 2 * RUN)
            look()
        if slots == "second":
            clock.tick(RUN + 1)
            look()
        begun = states.begin(PATH, known)
        assert begun is not None
        backend.purge, backend.left = (lambda: states.purge(PATH)), step
        lasting = states.lasting(PATH, begun[0], 20 * RUN)
        if backend.purge is not None:
            backend.purge()
        look()
        assert lasting is None or lasting not in known


@pytest.mark.parametrize("in_second", [False, True])
@pytest.mark.parametrize("cut", range(4))
def test_a_run_within_a_purge_counts(cut: int, in_second: bool) -> None:
    """An entry that is stored while a purge is half done is not alive when it is done."""
    with freeze_time("2026-01-01") as clock:
        backend = MemoryBackend(10**6)
        states = PathStates(backend, CircuitBreaker(print))

        def look() -> list[str | None]:
            return [state_of(value) for value in backend.get_many(*keys.of_states(PATH))]

        begun = states.begin(PATH, look())
        assert begun is not None
        if in_second:
            states.lasting(PATH, begun[0], 2 * RUN)
            clock.tick(RUN + 1)
            begun = states.begin(PATH, look())
            assert begun is not None
        state = begun[0]
        made: list[str | None] = []
        deleted: list[str] = []
        real = backend.delete

        def delete(key: str) -> bool:
            if len(deleted) == cut:
                made.append(states.lasting(PATH, state, 20 * RUN))
            deleted.append(key)
            return real(key)

        backend.delete = delete  # type: ignore[method-assign]
        states.purge(PATH)
        assert not {each for each in made if each} & set(look())


def test_a_purge_that_was_not_taken_is_told() -> None:
    backend = MemoryBackend(10**6)
    states = PathStates(backend, CircuitBreaker(print))
    states.begin(PATH, (None, None))
    backend.delete = lambda _: False  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        states.purge(PATH)
