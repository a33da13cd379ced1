"""Stylesheets that import others: what their rewriting costs, and how much of it is done."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_static_optimizer.assets import sources, stylesheets
from flask_static_optimizer.assets.imports import circles

MakeApp = Callable[..., Flask]
Reads = Counter[str]

#: For each of some stylesheets the ones that it imports.
GRAPHS = st.lists(st.lists(st.integers(0, 11), max_size=4), min_size=12, max_size=12)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Count how often each stylesheet is read for its imports, and how often one is parsed."""
    counted: Reads = Counter()

    def count(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(argument: Any) -> Any:
            counted[what.format(argument)] += 1
            return function(argument)

        return counting

    monkeypatch.setattr(stylesheets, "read", count("{}", stylesheets.read))
    monkeypatch.setattr(stylesheets, "references", count("parsed", stylesheets.references))
    return counted


def reachable(graph: list[list[int]], start: int) -> set[int]:
    found, waiting = set(), [start]
    while waiting:
        for imported in graph[waiting.pop()]:
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


@given(GRAPHS)
def test_the_order(graph: list[list[int]]) -> None:
    """Who imports each other is together, and what one imports comes before it."""
    groups = circles(0, graph.__getitem__)
    assert sorted(sheet for group in groups for sheet in group) == sorted({0, *reachable(graph, 0)})
    done: set[int] = set()
    for group in groups:
        together = {
            sheet for sheet in reachable(graph, group[0]) if group[0] in reachable(graph, sheet)
        }
        assert set(group) == together | {group[0]}
        done.update(group)
        assert done.issuperset(imported for sheet in group for imported in graph[sheet])
    assert 0 in groups[-1]


def test_a_long_chain(make_app: MakeApp, static_folder: Path, reads: Reads) -> None:
    """A chain of imports is followed to its end, as it takes no place on the stack."""
    for number in range(200):
        text = f"@import 'chain{number + 1}.css';"
        (static_folder / f"chain{number}.css").write_text(text)
    (static_folder / "chain200.css").write_text("a { b: c }")
    client = make_app().test_client()
    client.get("/static/app.css")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(500)
    try:
        response = client.get("/static/chain0.css")
    finally:
        sys.setrecursionlimit(limit)
    assert re.fullmatch(r"@import 'chain1\.css\?v=[0-9a-f]{16}';", response.text)
    assert max(reads[str(path)] for path in static_folder.glob("chain*.css")) == 1


def test_one_that_imports_itself_again_and_again(
    make_app: MakeApp, static_folder: Path, reads: Reads
) -> None:
    """A stylesheet is read once, however often it is imported, and however its URL is spelled."""
    (static_folder / "lib.css").write_text("a { b: c }")
    own = "".join(f"@import 'self.css?{n}';@import './x/../self.css';" for n in range(500))
    other = "".join(f"@import 'lib.css?{number}';@import './lib.css';" for number in range(500))
    (static_folder / "self.css").write_text(own + other)
    client = make_app().test_client()
    client.get("/static/app.css")
    reads.clear()
    assert client.get("/static/self.css").text.count("v=0000000000000000") == 1000
    assert reads == {str(static_folder / "lib.css"): 1, "parsed": 2}


def test_many_ways_to_one(make_app: MakeApp, static_folder: Path, reads: Reads) -> None:
    """What many ways lead to is done once, also where files may change without a sign."""
    depth, width = 6, 5
    for level in range(depth):
        imports = "".join(f"@import 'l{level + 1}-{number}.css';" for number in range(width))
        for number in range(width):
            text = imports if level < depth - 1 else "a { b: url(dot.png) }"
            (static_folder / f"l{level}-{number}.css").write_text(f"/*{number}*/{text}")
    (static_folder / "dot.png").write_bytes(b"dot")
    client = make_app().test_client()
    client.get("/static/app.css")
    reads.clear()
    assert "?v=" in client.get("/static/l0-0.css").text
    assert max(count for what, count in reads.items() if what != "parsed") == 1
    assert reads["parsed"] <= 2 * depth * width


@pytest.mark.parametrize(
    ("limit", "value"), [("LARGEST", 200), ("MOST_SHEETS", 2), ("MOST_FILES", 4)]
)
@pytest.mark.usefixtures("settled")
def test_limits(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
) -> None:
    """What is too much goes out as it is, which is said once, until it is less."""
    text = "@import 'one.css'; @import 'two.css';"
    (static_folder / "top.css").write_text(text)
    (static_folder / "two.css").write_text("a { b: url(app.js) }")
    many = "@import 'three.css'; a { b: url(app.css) }" + " " * 150
    (static_folder / "one.css").write_text(many)
    (static_folder / "three.css").write_text("/* url( */")
    monkeypatch.setattr(sources if limit == "MOST_FILES" else stylesheets, limit, value)
    client = make_app().test_client()
    for _ in range(3):
        assert client.get("/static/top.css").text == text
    assert caplog.text.count("'top.css' of 'static' is served as it is") == 1
    (static_folder / "one.css").write_text("a { }")
    if limit == "MOST_SHEETS":
        (static_folder / "two.css").unlink()
    assert "one.css?v=" in client.get("/static/top.css").text


@pytest.mark.usefixtures("settled")
def test_a_large_one_that_refers_to_nothing(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (static_folder / "large.css").write_bytes(b"a { b: c }\n" * 300_000)
    assert make_app().test_client().get("/static/large.css").status_code == 200
    assert not caplog.records


class Turn:
    """A lock that counts who waits for it."""

    def __init__(self) -> None:
        self.came = 0
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self.came += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_all_who_wait_share_one_rewriting(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stylesheet that may still change is parsed for who is first, and once for all who wait."""
    clients = 12
    (static_folder / "top.css").write_text("a { b: url(app.js) }")
    app = make_app()
    app.test_client().get("/static/app.css")
    catalogue = app.extensions["static_optimizer"].catalogue
    turn = catalogue._turn = Turn()
    parsed = []
    original = stylesheets.references

    def wait_for_all(source: bytes) -> Any:
        parsed.append(source)
        while turn.came < clients:
            threading.Event().wait(0.001)
        return original(source)

    monkeypatch.setattr(stylesheets, "references", wait_for_all)
    with ThreadPoolExecutor(clients) as pool:
        get = lambda _: app.test_client().get("/static/top.css").text  # noqa: E731
        texts = set(pool.map(get, range(clients)))
    assert len(texts) == 1
    assert len(parsed) <= 4
