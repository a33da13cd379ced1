"""Deploys of the demo."""

from __future__ import annotations

from pathlib import Path

from flask_static_optimizer import demo
from flask_static_optimizer.demo.deployment import CHANGED, MODULE, STYLESHEET, deployed

ORIGINAL = Path(demo.__file__).with_name("static")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_deploy_changes_a_stylesheet_and_a_module_of_a_copy() -> None:
    original = contents(ORIGINAL)
    with deployed() as deployment:
        assert contents(deployment.folder) == original
        seen = {original[STYLESHEET]}
        for version in (2, 3):
            assert deployment.change() == version
            changed = contents(deployment.folder)
            assert {name for name in changed if changed[name] != original.get(name)} == set(CHANGED)
            assert f'"version {version}"'.encode() in changed[STYLESHEET]
            assert f"version = {version};".encode() in changed[MODULE]
            seen.add(changed[STYLESHEET])
        assert len(seen) == 3
    assert contents(ORIGINAL) == original
    assert not deployment.folder.exists()
