"""Several workers count together: what Prometheus reads never falls, and adds up."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from wsgi_servers import KINDS, RunningServer, running

pytestmark = pytest.mark.skipif(
    not KINDS["gunicorn sync"].is_installed, reason="gunicorn is not installed"
)

#: The value of each sample of a scrape.
Scrape = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

WORKERS = 3


def gunicorn(*more: str) -> Callable[[int], list[str]]:
    def command(port: int) -> list[str]:
        where = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--no-control-socket"]
        program = [sys.executable, "-m", "gunicorn", *where, "--log-level", "warning"]
        return [*program, *more, "metered:app"]

    return command


@pytest.fixture(params=["lane", "hooks", "preload"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "app.css").write_text("p { color: red }\n" * 100)
    (tmp_path / "counters").mkdir()
    env = {
        "METERED_FOLDER": str(tmp_path),
        "METERED_WAY": "hooks" if request.param == "hooks" else "lane",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counters"),
    }
    more = ["--preload"] if request.param == "preload" else []
    here = Path(__file__).parent
    with running(gunicorn(*more), here, tmp_path / "server.log", env) as server:
        yield server


def get(server: RunningServer, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=30) as response:
        text: str = response.read().decode()
    return text


def scrape(server: RunningServer) -> Scrape:
    families = text_string_to_metric_families(get(server, "/-/metrics"))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def total(found: Scrape, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(
        value for (known, has), value in found.items() if known == name and wanted <= set(has)
    )


def workers(server: RunningServer) -> set[int]:
    """Return the workers that answer, when all have been started."""
    found: set[int] = set()
    end = time.monotonic() + 60
    while len(found) < WORKERS and time.monotonic() < end:
        with ThreadPoolExecutor(8) as pool:
            found |= {int(text) for text in pool.map(lambda _: get(server, "/pid"), range(24))}
    assert len(found) >= WORKERS
    return found


def test_no_counter_falls_and_all_add_up(server: RunningServer) -> None:
    """Ten scrapes while three workers serve, and one of them dies."""
    before = workers(server)
    paths = ["/static/app.css", "/chart", "/static/app.css", "/pid"] * 5
    scrapes = []
    with ThreadPoolExecutor(6) as pool:
        for round_ in range(10):
            list(pool.map(lambda path: get(server, path), paths))
            scrapes.append(scrape(server))
            if round_ == 4:  # no request is under way
                os.kill(min(before), signal.SIGKILL)
                after = set()
                while not after - before:  # another has taken its place
                    after |= {int(get(server, "/pid"))}
    for earlier, later in pairwise(scrapes):
        assert [key for key, value in earlier.items() if later.get(key, -1) < value] == []
    last = scrapes[-1]
    assert total(last, "static_optimizer_requests_total", endpoint="static", status="2xx") == 100
    assert total(last, "static_optimizer_requests_total", endpoint="chart") == 50
    assert total(last, "static_optimizer_requests_total") == 150
    assert total(last, "static_optimizer_store_requests_total") == 50
    hits = total(last, "static_optimizer_store_requests_total", result="hit")
    misses = total(last, "static_optimizer_store_requests_total", result="miss")
    assert 1 <= misses <= WORKERS + 1  # each process has a store of its own here
    assert hits == 50 - misses
