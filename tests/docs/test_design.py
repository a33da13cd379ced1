"""The design page names tests and modules that are there, and draws all floors."""

from __future__ import annotations

import re

import pytest

from docs.pages import ROOT

TEXT = (ROOT / "docs" / "design.md").read_text("utf-8")
SOURCE = ROOT / "src" / "flask_static_optimizer"

#: Each is written as ``lane/test_lane.py::test_name``, below ``tests``.
TESTS = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)))
#: Modules are written as ``lane.middleware``, with what is in them or without.
MODULES = sorted(set(re.findall(r"`([a-z_]+)\.([a-z_]+)(?:\.\w+)?`", TEXT)))


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_a_named_test_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / "tests" / path).read_text("utf-8")


@pytest.mark.parametrize(("room", "name"), MODULES)
def test_a_named_module_is_there(room: str, name: str) -> None:
    """What does not begin with a room's name is no module of the package."""
    if (SOURCE / room).is_dir():
        assert (SOURCE / room / f"{name}.py").is_file()


def test_the_picture_has_every_room() -> None:
    """What ``tests/test_architecture.py`` lists is on the picture, but for ``__init__``."""
    picture = TEXT.partition("```text\n")[2].partition("```")[0]
    names = [line[:40] for line in picture.splitlines()]  # what a room is for stands behind
    drawn = set(re.findall(r"\w+", " ".join(names)))
    rooms = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    rooms |= {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms - drawn == set()
