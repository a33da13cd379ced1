"""A pip command that a page or a message tells to type names extras that there are."""

from __future__ import annotations

import re

import pytest

from docs.pages import GUIDES, PAGES, ROOT

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")

_NAMED = re.compile(r"(?:flask-static-optimizer|'\.)\[([\w,]+)\]")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def test_extras_that_are_named_are_there() -> None:
    """The pages' code blocks are checked by themselves; most commands stand in sentences."""
    files = [*PAGES, *GUIDES, *(ROOT / "src").rglob("*.py")]
    named = {
        (file.name, extra)
        for file in files
        for found in _NAMED.findall(file.read_text("utf-8"))
        for extra in found.split(",")
    }
    assert {file for file, _ in named} >= {"README.md", "assets.md", "codings.py", "command.py"}
    assert [(file, extra) for file, extra in named if extra not in EXTRAS] == []


def test_all_has_every_extra_that_an_app_uses() -> None:
    """It leaves out the demo, and the former name of one that it has."""
    (all_of,) = EXTRAS["all"]
    assert set(_NAMED.findall(all_of)[0].split(",")) == set(EXTRAS) - {"all", "codings", "demo"}
