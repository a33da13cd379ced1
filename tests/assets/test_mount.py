"""Paths in a static folder that may be served."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flask_static_optimizer.assets.mount import Mount

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no link that can be replaced"
)


def mount(folder: Path) -> Mount:
    return Mount(
        "static",
        str(folder),
        "/static/",
        lambda _: True,
        lambda _: True,
        False,
        False,
        lambda *_: None,
    )


def test_a_folder_that_keeps_changing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is replaced at each look has its files, and no link that leads out."""
    for release in ("a", "b"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "app.css").write_text(release)
        (tmp_path / release / "out.css").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "static").symlink_to("a")
    realpath, releases = os.path.realpath, iter("ab" * 50)

    def deploying(path: str) -> str:
        (tmp_path / "next").symlink_to(next(releases))
        os.replace(tmp_path / "next", tmp_path / "static")
        return realpath(path)

    monkeypatch.setattr(os.path, "realpath", deploying)
    its = mount(tmp_path / "static")
    for _ in range(10):
        assert its.path("app.css") is not None
        assert its.path("out.css") is None
