"""The backends that keep responses: memory, or what Flask-Caching has."""

from __future__ import annotations

import json
import pickle
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_caching import Cache

from conftest import RedisServer
from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.store.breaker import PAUSE

from .conftest import Caches, Stored, status_of

Serve = Callable[..., Stored]


def keys_of(stored: Stored) -> list[str]:
    """Return the keys that were put into an in-process backend."""
    backend = stored.app.extensions[EXTENSION].open_store().index._backend
    return list(getattr(backend, "_values", None) or backend._cache)


def is_state(key: str) -> bool:
    """Return whether a key is that of a state, as of a path or a tag, and not of a response."""
    return not {"g", "p"}.isdisjoint(key.split(":"))


@pytest.mark.parametrize("when", ["before", "late"])
def test_every_cache_of_an_app_will_do(serve: Serve, cache: Caches, when: str) -> None:
    place = {"add" if when == "before" else "late": cache.install}
    stored = serve(config=cache.config, **place)
    texts = [stored.get(headers={"Accept-Language": name}).text for name in ("de", "en", "de")]
    assert texts == ["run 1"] * 3
    assert len(stored.runs) == 1


def test_variants_in_every_cache(serve: Serve, cache: Caches) -> None:
    stored = serve(config=cache.config, add=cache.install, vary="Accept-Language")
    for _ in range(2):
        for number, name in enumerate(("de", "en", "fr"), 1):
            assert stored.get(headers={"Accept-Language": name}).text == f"run {number}"


def test_odd_responses_in_every_cache(serve: Serve, cache: Caches) -> None:
    """Binary bodies and odd headers survive every cache."""
    from flask import make_response

    body = bytes(range(256)) * 40
    stored = serve(
        lambda: make_response(body, {"X-Odd": "\xe9\t\x7f'\"", "Content-Type": "image/png"}),
        config=cache.config, add=cache.install,
    )  # fmt: skip
    first, second = stored.get(), stored.get()
    assert (first.data, second.data) == (body, body)
    assert second.headers["X-Odd"] == first.headers["X-Odd"]
    assert len(stored.runs) == 1


def test_processes_share_a_cache(serve: Serve, redis: RedisServer) -> None:
    """A process finds responses that another has stored."""
    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
    one, other = (serve(config=config, add=Cache) for _ in range(2))
    assert one.get().text == "run 1"
    redis.client.config_resetstat()
    response = other.get()
    assert status_of(response) == "hit"
    assert other.runs == []
    assert redis.commands() == {"mget": 1}


@pytest.mark.parametrize(("key", "value"), [("SECRET_KEY", "other"), ("CACHE_KEY_PREFIX", "o")])
def test_apps_in_one_cache_stay_apart(
    serve: Serve, redis: RedisServer, key: str, value: str
) -> None:
    """An app finds nothing that another app has stored in the same cache."""
    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
    serve(config=config, add=Cache).get()
    other = serve(config={**config, key: value}, add=Cache)
    assert status_of(other.get()) == "fwd=uri-miss; stored"


def test_only_bytes_are_given_to_the_cache(serve: Serve) -> None:
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache, vary="Accept")
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    values = [pickle.loads(value) for _, value in backend._cache.values()]
    assert len(values) == 5
    assert {type(value) for value in values} == {bytes}


class Surprise:
    """An object that is not to be unpickled by us."""

    made: list[int] = []  # noqa: RUF012

    def __reduce__(self) -> Any:
        return self.made.append, (1,)


@pytest.mark.parametrize(
    "foreign",
    [
        b"", b"fso\x02", b"fso\x00old layout", b"fso\x02" + b"\xff" * 40, b"fsv\x01", b"fsv\x01{}",
        b"fsv\x01[1,2]", b"fso\x02\x00\x00\x00\x02\x00\x00\x00\x00[]", "text", 42, None, ["list"],
        {"a": 1}, pickle.dumps(Surprise()),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("name", ["SimpleCache", "RedisCache"])
def test_a_foreign_value_is_a_miss(
    serve: Serve, redis: RedisServer, foreign: object, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"CACHE_TYPE": name, "CACHE_REDIS_PORT": redis.port}
    stored = serve(config=config, add=Cache, vary="Accept-Language")
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    keys = (
        list(backend._cache) if name == "SimpleCache"
        else [key.decode().removeprefix("flask_cache_") for key in redis.client.scan_iter()]
    )  # fmt: skip
    for number, key in enumerate(keys, 2):
        backend.set(key, foreign)
        assert stored.get().text == f"run {number}"
        assert status_of(stored.get()) == "hit"
    assert Surprise.made == []
    assert caplog.records == []


#: Changes to the head of a stored response (fields, time, age, lifetimes, states): a piece of
#: JSON in the place of one of these, or a header field more.
ABSURD: list[tuple[int | str, str]] = [
    *((1, made) for made in ("NaN", "Infinity", "-Infinity", "1e400", "-1", '"0"', "true", "null")),
    (1, "1" + "0" * 400), (1, "1e300"), (1, "[]"),
    *((2, age) for age in ("NaN", "1.5", "-1", "true", '"1"', "1e9", "9" * 30, "null")),
    *((3, ages) for ages in ("[NaN,0,0]", "[60,0]", "[60,0,0,0]", "[60,-1,0]", '["60",0,0]', "60")),
    (3, "[1" + "0" * 400 + ",0,0]"),
    *((4, states) for states in ("[]", "null", "[1,2,3]", "{}", '"text"')),
    *((0, fields) for fields in ("null", "[1]", '[["a"]]', '[["a","b","c"]]', '{"a":"b"}')),
    *(("field", field) for field in (
        '["X-A","b\\r\\nSet-Cookie: a=b"]', '["X-A","b\\n"]', '["X-A\\r\\nX-B","c"]', '["X A","b"]',
        '["","b"]', '["X-A","\\u0000"]', '["X-A","\\ud800"]', '["X-A","\\u20ac"]', '["X-A",1]',
        '["X-A",null]', '["Set-Cookie","a=b"]', '["Content-Length","3"]',
        '["Transfer-Encoding","chunked"]', '["Connection","close"]', '["Age","9"]',
    )),
]  # fmt: skip


def changed(data: bytes, place: int | str, text: str) -> bytes:
    """Return a stored response with a change to its head."""
    length, body = struct.unpack_from(">II", data, 4)
    start = 4 + 8
    parts = json.loads(data[start : start + length])
    if place == "field":
        fields = json.dumps(parts[0])[:-1] + f", {text}]"
        new = f"[{fields}, {json.dumps(parts[1:])[1:]}"
    else:
        texts = [json.dumps(part) for part in parts]
        texts[int(place)] = text
        new = f"[{', '.join(texts)}]"
    meta = new.encode()
    return data[:4] + struct.pack(">II", len(meta), body) + meta + data[start + length :]


@pytest.mark.parametrize(("place", "text"), ABSURD, ids=lambda part: str(part)[:30])
def test_an_absurd_value_is_a_miss(serve: Serve, place: int | str, text: str) -> None:
    """A value of the right layout that no response can have is a miss, too."""
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache)
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    [key] = [key for key in backend._cache if not is_state(key)]
    value = backend.get(key)
    backend.set(key, changed(value, 1, repr(time.time())))  # the change itself does no harm
    assert status_of(stored.get()) == "hit"
    backend.set(key, changed(value, place, text))
    response = stored.get()
    assert (response.status_code, response.text) == (200, "run 2")
    assert "Set-Cookie" not in response.headers
    assert status_of(stored.get()) == "hit"


@pytest.mark.parametrize(
    "variants",
    [
        '[["accept"], ["other key"]]', '[["accept"], [1]]', '[[1], []]', '[["a b"], []]',
        '[["a\\n"], []]', '["accept", []]', '[["accept"]]', "[" * 5000, '[["accept"], null]',
        json.dumps([["accept"], ["x"] * 10000]), json.dumps([["a"] * 10000, []]),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_an_absurd_list_is_a_miss(serve: Serve, variants: str) -> None:
    """A list of variants names none but its own, so that no other key is read or deleted."""
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache, vary="Accept")
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    key = min((key for key in backend._cache if not is_state(key)), key=len)
    backend.set("other key", b"mine")
    backend.set(key, b"fsv\x01" + variants.encode())
    for number in range(40):
        assert stored.get(headers={"Accept": f"text/{number}"}).status_code == 200
    assert backend.get("other key") == b"mine"
    assert status_of(stored.get(headers={"Accept": "text/39"})) == "hit"


@pytest.mark.parametrize("value", [b"", b"x" * 7, b"x" * 10**6, "text", 1])
def test_an_absurd_state_is_none(serve: Serve, value: object) -> None:
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache)
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    for number, key in enumerate([key for key in backend._cache if is_state(key)], 2):
        backend.set(key, value)
        assert stored.get().text == f"run {number}"
        assert status_of(stored.get()) == "hit"


@pytest.mark.parametrize("vary", [(), "Accept"])
def test_another_layout_is_a_miss(serve: Serve, vary: Any) -> None:
    """All is as it should be but for the version."""
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache, vary=vary)
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    for number, key in enumerate([key for key in backend._cache if not is_state(key)], 2):
        value = backend.get(key)
        backend.set(key, value[:3] + b"\x63" + value[4:])
        assert stored.get().text == f"run {number}"


@pytest.mark.parametrize("data", [b"!garbage", b"!\x80\x05\x95", b"!cno.such\nthing\n.", b"\xff"])
def test_an_unreadable_value_is_a_miss(
    serve: Serve, redis: RedisServer, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that the cache itself cannot read is a miss."""
    stored = serve(config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}, add=Cache)
    stored.get()
    for number, key in enumerate(list(redis.client.scan_iter()), 2):
        redis.client.set(key, data)
        assert stored.get().text == f"run {number}"
        assert status_of(stored.get()) == "hit"
    assert caplog.records == []


class TestMemory:
    def test_thousands_of_queries_are_bounded(self, serve: Serve) -> None:
        stored = serve(lambda: "x" * 1000, config={"STATIC_OPTIMIZER_STORE_SIZE": 200_000})
        for number in range(3000):
            stored.get(f"/thing?{number}")
        backend: Any = stored.app.extensions[EXTENSION].open_store().index._backend
        assert 100_000 < backend.size <= 200_000
        assert len(keys_of(stored)) < 200
        assert status_of(stored.get("/thing?2999")) == "hit"
        assert status_of(stored.get("/thing?1")) == "fwd=uri-miss; stored"

    def test_no_room_at_all(self, serve: Serve) -> None:
        stored = serve(config={"STATIC_OPTIMIZER_STORE_SIZE": 0})
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 2"]

    def test_a_null_cache_is_none(self, serve: Serve) -> None:
        config = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
        stored = serve(config=config, add=Cache)
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 1"]


class Tarpit:
    """A server that takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self._taken.append(connection)
            if len(self._taken) > 50 or self._closing:
                return

    _closing = False

    def close(self) -> None:
        self._closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        for connection in [*self._taken, self._socket]:
            connection.close()


class TestTrouble:
    @pytest.fixture
    def tarpit(self) -> Iterator[Tarpit]:
        server = Tarpit()
        yield server
        server.close()

    def test_a_store_that_is_down_is_a_miss(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        stored = serve(config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": port}, add=Cache)
        for number in range(1, 6):
            response = stored.get()
            assert (response.status_code, response.text) == (200, f"run {number}")
            assert response.headers["Cache-Control"] == "max-age=60"
            assert status_of(response) == "fwd=bypass"
        [message] = [each.getMessage() for each in caplog.records]
        assert "the store of responses can't be used (ConnectionError" in message

    def test_one_that_does_not_answer_is_asked_once(
        self, serve: Serve, tarpit: Tarpit, caplog: pytest.LogCaptureFixture
    ) -> None:
        config = {
            "CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": tarpit.port,
            "CACHE_OPTIONS": {"socket_timeout": 0.2, "retry": None},
        }  # fmt: skip
        stored = serve(config=config, add=Cache)
        assert [stored.get().text for _ in range(5)] == [f"run {n}" for n in range(1, 6)]
        assert len(tarpit._taken) <= 2
        assert len(caplog.records) == 1

    def test_one_that_comes_back_is_used_again(
        self, serve: Serve, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [1000.0]
        time = SimpleNamespace(monotonic=lambda: clock[0])
        monkeypatch.setattr("flask_static_optimizer.store.breaker.time", time)
        stored = serve(
            config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}, add=Cache
        )
        assert status_of(stored.get()) == "fwd=uri-miss; stored"
        [backend] = stored.app.extensions["cache"].values()
        real = backend._read_client
        backend._read_client = None  # so that each read fails
        backend._read_client = type("Down", (), {"mget": _down})()
        assert status_of(stored.get()) == "fwd=bypass"
        backend._read_client = real
        clock[0] += PAUSE - 0.1
        assert status_of(stored.get()) == "fwd=bypass"
        clock[0] += 0.2
        assert status_of(stored.get()) == "hit"

    def test_one_that_is_slow_is_left_alone(
        self, serve: Serve, slow: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A late answer is used, but no further one is awaited."""
        clock = [1000.0]
        time = SimpleNamespace(monotonic=lambda: clock[0])
        monkeypatch.setattr("flask_static_optimizer.store.breaker.time", time)
        monkeypatch.setattr("flask_static_optimizer.store.breaker.SLOW", slow)
        stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache)
        stored.get()
        [backend] = stored.app.extensions["cache"].values()
        real = backend.get_many

        def get_many(*keys: str) -> Any:
            clock[0] += slow + 0.1
            return real(*keys)

        backend.get_many = get_many
        assert [status_of(stored.get()) for _ in range(2)] == ["hit", "fwd=bypass"]

    @pytest.mark.parametrize("operation", ["set", "add", "delete"])
    def test_one_that_takes_nothing(
        self, serve: Serve, operation: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache)
        stored.client.get("/")
        [backend] = stored.app.extensions["cache"].values()
        setattr(backend, operation, _down)
        for _ in range(3):
            assert stored.get().status_code == 200
        assert len(caplog.records) <= 1


def _down(*_: Any, **__: Any) -> Any:
    raise OSError("the store is down")


def test_a_failing_store_poisons_nothing(serve: Serve) -> None:
    """A response that could not be stored whole is not there afterwards."""
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache, vary="Accept")
    stored.client.get("/")
    [backend] = stored.app.extensions["cache"].values()
    real, calls = backend.set, []

    def second_fails(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return _down() if len(calls) == 2 else real(*args, **kwargs)

    backend.set = second_fails
    assert status_of(stored.get()) == "fwd=uri-miss"
    assert stored.get().text == "run 2"


def test_the_app_is_freed(serve: Serve) -> None:
    import gc
    import weakref

    app = Flask("freed", static_folder=None)
    from flask_static_optimizer import StaticOptimizer, cacheable_static

    app.get("/thing")(cacheable_static(lambda: "x"))
    StaticOptimizer(app)
    with app.test_client() as client:
        client.get("/thing").close()
        client.get("/thing").close()
    del client
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None
