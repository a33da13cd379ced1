"""What bundlers' manifests say of their chunks."""

from __future__ import annotations

from typing import Any

import pytest

from flask_static_optimizer.assets.chunks import Chunk, chunks, with_imports


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        ({"src/a.js": {"file": "a-1.js", "isEntry": True, "css": ["a.css"], "imports": ["_b.js"]}},
         {"src/a.js": Chunk("a-1.js", ("a.css",), ("_b.js",), is_module=True)}),
        ({"_b.js": {"file": "b-1.js"}},
         {"_b.js": Chunk("b-1.js", is_entry=False, is_module=True)}),
        ({"main.js": "main.1.js", "main.css": "main.2.css", "a.png": "a.3.png"},
         {"main.js": Chunk("main.1.js", ("main.2.css",)), "main.css": Chunk("main.2.css"),
          "a.png": Chunk("a.3.png", is_entry=False)}),
        ({"paths": {"main.js": "main.1.js"}}, {"main.js": Chunk("main.1.js")}),
        ({"a": {"file": 5}, "b": 5, "c": None, "d": {"css": []}}, {}),
        ({"a.js": {"file": "a.js", "css": "a.css", "imports": {"b": 1}, "isEntry": "yes"}},
         {"a.js": Chunk("a.js", is_entry=False, is_module=True)}),
        ({"a.js": "a.1.js", "a.css": 5}, {"a.js": Chunk("a.1.js")}),
    ],
)  # fmt: skip
def test_chunks(manifest: Any, found: dict[str, Chunk]) -> None:
    """What has not the form of a chunk is no chunk, and breaks nothing."""
    assert chunks(manifest) == found


def graph(**imports: str) -> dict[str, Chunk]:
    return {key: Chunk(key, imports=tuple(others)) for key, others in imports.items()}


@pytest.mark.parametrize(
    ("known", "order"),
    [
        (graph(a="bc", b="d", c="d", d=""), "dbca"),
        (graph(a="b", b="a"), "ba"),
        (graph(a="a"), "a"),
        (graph(a="xb", b=""), "ba"),
        (graph(a="bc", b="c", c="b"), "cba"),
    ],
)
def test_imports_come_first(known: dict[str, Chunk], order: str) -> None:
    """Each once, in the order in which a browser runs them, circles too."""
    assert "".join(chunk.file for chunk in with_imports(known, "a")) == order


def test_a_long_chain_of_imports() -> None:
    """No recursion: a manifest of any depth is followed."""
    known = {str(n): Chunk(str(n), imports=(str(n + 1),)) for n in range(10_000)}
    assert len(with_imports(known, "0")) == 10_000
