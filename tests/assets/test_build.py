"""Making all variants at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_static_optimizer.assets.build import assets_of, build

MakeApp = Callable[..., Flask]


@pytest.mark.usefixtures("settled")
def test_an_error_in_a_thread_is_raised(make_app: MakeApp, static_folder: Path) -> None:
    """An error in a thread of the build is not swallowed."""
    for number in range(20):
        (static_folder / f"file{number}.css").write_bytes(b"a { b: c }" * (100 + number))
    app = make_app()
    state = app.extensions["static_optimizer"]
    assets = assets_of(state.endpoints.mounts(), state.catalogue)
    assert len(assets) == 23
    (static_folder / "file7.css").unlink()
    with pytest.raises(FileNotFoundError, match=r"file7\.css"):
        list(build(assets, state.variants, state.cache_folder))


def test_a_stylesheet_is_built_as_it_is_served(make_app: MakeApp, static_folder: Path) -> None:
    """The hash is that of the rewritten bytes, and so is what a variant decodes to."""
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "app.css").write_bytes(b"a { b: url(dot.png) }" * 50)
    app = make_app()
    runner = app.test_cli_runner()
    assert "1 file, " in runner.invoke(args=["static", "build"]).output
    kept = {path.name for path in (static_folder.parent / "kept").rglob("*.best.*")}
    client = app.test_client()
    for coding in ("zstd", "br", "gzip"):
        headers = {"Accept-Encoding": coding}
        assert client.get("/static/app.css", headers=headers).content_encoding == coding
    assert {path.name for path in (static_folder.parent / "kept").rglob("*.*.*")} == kept
    (static_folder / "dot.png").write_bytes(b"2")
    runner.invoke(args=["static", "build"])
    assert len(list((static_folder.parent / "kept").rglob("*.best.*"))) == 6
    assert runner.invoke(args=["static", "clean"]).output == "Removed 6 files.\n"
