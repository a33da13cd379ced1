"""One run of a view for all who ask at once, among threads and among processes."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from threading import Barrier, Condition, Event
from typing import Any
from urllib.request import urlopen

import pytest
from flask import Flask, Response, request
from flask_caching import Cache

from conftest import RedisServer, free_port, wait_for_port
from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.store.breaker import CircuitBreaker
from flask_static_optimizer.store.single_flight import Role, SingleFlight

from .conftest import Stored, status_of

Serve = Callable[..., Stored]

#: Seconds to wait for what happens at once where the machine has nothing else to do.
LONG = 60


class Crowd:
    """Those who have come to wait for what another makes."""

    def __init__(self) -> None:
        self._count = 0
        self._came = Condition()

    def enter(self) -> None:
        with self._came:
            self._count += 1
            self._came.notify_all()

    def wait_for(self, count: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: self._count >= count, LONG), self._count


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    crowd = Crowd()

    class Landing(Event):
        def wait(self, timeout: float | None = None) -> bool:
            crowd.enter()
            return super().wait(timeout)

    monkeypatch.setattr("flask_static_optimizer.store.single_flight.Event", Landing)
    return crowd


def at_once(stored: Stored, count: int, **kwargs: Any) -> list[Any]:
    """Send requests that start together, each of another client; return the responses."""
    barrier = Barrier(count)
    stored.client.get("/")  # so that none of them is the app's first

    def get(number: int) -> Any:
        client = stored.app.test_client()
        barrier.wait()
        headers = kwargs.get("headers", lambda _: {})(number)
        return client.get(kwargs.get("path", "/thing"), headers=headers)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(get, range(count)))


def test_200_clients_on_a_cold_key(serve: Serve, crowd: Crowd) -> None:
    """200 clients on a cold key run the view once."""

    def view() -> str:
        crowd.wait_for(199)
        return "x"

    stored = serve(view, config={"STATIC_OPTIMIZER_STORE_WAIT": LONG})
    responses = at_once(stored, 200)
    assert len(stored.runs) == 1
    assert {response.text for response in responses} == {"x"}
    said = Counter(map(status_of, responses))
    assert said == {"fwd=uri-miss; stored": 1, "fwd=uri-miss; collapsed": 199}


def test_each_variant_is_made_once(serve: Serve, crowd: Crowd) -> None:
    def view() -> Response:
        crowd.wait_for(29)  # until it is known that there are variants, all wait for one
        return Response(request.headers["X-Kind"], headers={"Vary": "X-Kind"})

    stored = serve(view, config={"STATIC_OPTIMIZER_STORE_WAIT": LONG})
    responses = at_once(stored, 30, headers=lambda number: {"X-Kind": str(number % 3)})
    assert [response.text for response in responses] == [str(number % 3) for number in range(30)]
    assert len(stored.runs) == 3


@pytest.mark.parametrize(
    ("said", "status"), [({"Cache-Control": "private"}, 200), ({}, 404), ({}, 503)]
)
def test_nobody_waits_twice(serve: Serve, crowd: Crowd, said: dict[str, str], status: int) -> None:
    """Nobody waits twice for a response that cannot be shared."""

    all_there = Barrier(19)

    def view() -> Response:
        if len(stored.runs) == 1:
            crowd.wait_for(19)
        else:  # the others run at the same time, or this breaks
            all_there.wait(LONG)
        return Response("x", status, said)

    stored = serve(view, config={"STATIC_OPTIMIZER_STORE_WAIT": LONG})
    responses = at_once(stored, 20)
    assert {response.status_code for response in responses} == {status}
    assert len(stored.runs) == 20


def test_an_exception_is_not_shared(serve: Serve, crowd: Crowd) -> None:
    """An exception of the first run is not given to the others."""

    def view() -> str:
        if len(stored.runs) == 1:
            crowd.wait_for(9)
            raise OSError("once")
        return "fine"

    config = {"PROPAGATE_EXCEPTIONS": False, "STATIC_OPTIMIZER_STORE_WAIT": LONG}
    stored = serve(view, config=config)
    statuses = Counter(response.status_code for response in at_once(stored, 10))
    assert statuses == {500: 1, 200: 9}


def test_who_waits_too_long_runs_the_view(serve: Serve) -> None:
    release = Event()

    def view() -> str:
        if len(stored.runs) == 1:
            release.wait(LONG)
        else:
            release.set()
        return "x"

    stored = serve(view, config={"STATIC_OPTIMIZER_STORE_WAIT": 1})
    responses = at_once(stored, 2)
    assert [response.text for response in responses] == ["x", "x"]
    assert len(stored.runs) == 2


def test_who_takes_the_lead_looks_once_more() -> None:
    """Another may have landed between looking and leading."""
    flights = SingleFlight(None, CircuitBreaker(print), 5)
    assert flights.join("key", flights.deadline(), lambda: True) is Role.WAITED
    assert flights.join("key", flights.deadline(), lambda: False) is Role.LEADING


def test_a_lost_leader_is_waited_for_no_longer() -> None:
    """A leader that is lost is waited for no longer."""
    flights = SingleFlight(None, CircuitBreaker(print), 1)
    assert flights.join("key", flights.deadline(), lambda: False) is Role.LEADING
    assert flights.join("key", flights.deadline(), lambda: False) is Role.ALONE
    assert flights.join("key", flights.deadline(), lambda: False) is Role.LEADING


def test_without_a_wait_nobody_waits(serve: Serve) -> None:
    together = Barrier(5)

    def view() -> str:
        together.wait(LONG)
        return "x"

    stored = serve(view, config={"STATIC_OPTIMIZER_STORE_WAIT": 0})
    at_once(stored, 5)
    assert len(stored.runs) == 5


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Basic YTpi"}, {"Cache-Control": "no-store"}]
)
def test_who_cannot_share_holds_nobody_up(serve: Serve, headers: dict[str, str]) -> None:
    inside, release = Event(), Event()

    def view() -> str:
        if any(request.headers.get(name) == value for name, value in headers.items()):
            inside.set()
            release.wait(LONG)
        return "x"

    stored = serve(view)
    stored.client.get("/")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lambda: stored.app.test_client().get("/thing", headers=headers))
        assert inside.wait(LONG)
        assert status_of(stored.get()) == "fwd=uri-miss; stored"
        release.set()
        assert slow.result().text == "x"


APP = """
import os, time
from flask import Flask
from flask_caching import Cache
from redis import Redis
from flask_static_optimizer import StaticOptimizer, cacheable_static

app = Flask("processes", static_folder=None)
app.config.update(SECRET_KEY="k", CACHE_TYPE="RedisCache", CACHE_REDIS_PORT={port})
Cache(app)
runs = Redis(port={port})

@app.get("/thing")
@cacheable_static(max_age=60)
def thing():
    runs.incr("runs")
    time.sleep(0.5)
    return "x"

@app.get("/pid")
def pid():
    return str(os.getpid())

StaticOptimizer(app)
"""


@pytest.fixture
def gunicorn(redis: RedisServer, tmp_path: Path) -> Iterator[str]:
    """Serve an app with four worker processes, and their cache in a real Valkey; give its URL."""
    pytest.importorskip("gunicorn", reason="gunicorn does not run on this system")
    (tmp_path / "processes.py").write_text(textwrap.dedent(APP).format(port=redis.port))
    port = free_port()
    options = ["-b", f"127.0.0.1:{port}", "-w", "4", "-k", "gthread", "--threads", "16"]
    process = Popen(
        [sys.executable, "-m", "gunicorn", *options, "--log-level", "error", "processes:app"],
        cwd=tmp_path,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(LONG)


def fetch(url: str) -> tuple[bytes, str]:
    with urlopen(url, timeout=LONG) as response:
        return response.read(), response.headers.get("Cache-Status", "")


def test_200_clients_of_four_processes(gunicorn: str, redis: RedisServer) -> None:
    """200 clients of four processes run the view once."""
    with ThreadPoolExecutor(40) as pool:
        pids: set[bytes] = set()
        for _ in range(20):  # on a busy machine one worker may be quick enough for all
            pids |= {body for body, _ in pool.map(fetch, [f"{gunicorn}/pid"] * 200)}
            if len(pids) > 1:
                break
        found = list(pool.map(fetch, [f"{gunicorn}/thing"] * 200))
    assert len(pids) > 1
    assert {body for body, _ in found} == {b"x"}
    assert redis.client.get("runs") == b"1"
    assert sum("stored" in said for _, said in found) == 1


class Abort(BaseException):
    """An exception such as a server's timeout, which no handler of an app takes."""


@pytest.mark.parametrize("error", [RuntimeError, Abort])
@pytest.mark.parametrize("testing", [True, False])
def test_a_hook_that_raises_ends_the_run(
    serve: Serve, error: type[BaseException], testing: bool
) -> None:
    """Nobody waits for a run whose response is lost in a hook."""

    def add(app: Flask) -> None:
        @app.after_request
        def hook(response: Any) -> Any:
            if request.path == "/thing":
                raise error
            return response

    stored = serve(add=add, config={"TESTING": testing})
    flight = stored.app.extensions[EXTENSION].open_store().single_flight
    if testing or error is Abort:
        with pytest.raises(error):
            stored.get()
    else:
        assert stored.get().status_code == 500
    assert flight._running == {}


def test_a_dead_process_lock_is_waited_for_once(serve: Serve, redis: RedisServer) -> None:
    """The lock of a process that died is waited for once."""
    config = {
        "CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port, "STATIC_OPTIMIZER_STORE_WAIT": 1
    }  # fmt: skip
    stored = serve(config=config, add=Cache)
    stored.get()
    [key] = [key for key in redis.client.scan_iter() if not {b"g", b"p"} & {*key.split(b":")}]
    redis.client.delete(key)
    redis.client.set(key + b":f", b"1")  # without an end of its own, at the worst
    assert stored.get().text == "run 2"
    assert redis.client.get(key + b":f") is None
