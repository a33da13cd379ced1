"""How often the files that a stylesheet refers to are looked at, and what is true meanwhile."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for

from conftest import set_monotonic
from flask_static_optimizer.assets import asset

MakeApp = Callable[..., Flask]

#: The seconds within which a change is seen.
BOUND = 1.0


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock(settled: None, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set the clock, with the pauses between two looks that an app has."""
    monkeypatch.undo()
    monkeypatch.setattr("flask_static_optimizer.assets.files.SETTLED", -1e9)
    time = [1000.0]
    set_monotonic(monkeypatch, time)
    return time


@pytest.fixture
def images(static_folder: Path) -> list[Path]:
    """Make a stylesheet, one that imports it, and the images of the first."""
    images = [static_folder / f"{number}.png" for number in range(30)]
    for path in images:
        path.write_bytes(path.name.encode())
    text = "".join(f"a {{ b: url({path.name}) }}" for path in images)
    (static_folder / "icons.css").write_text(text)
    (static_folder / "top.css").write_text("@import 'icons.css';")
    return images


def url_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


def test_one_look_a_second(
    make_app: MakeApp,
    images: list[Path],
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often a stylesheet is asked for, its images are looked at once in a while."""
    app = make_app()
    client = app.test_client()
    client.get("/static/app.css")
    answer = client.get("/static/icons.css")
    looked = []
    stat = os.stat

    def counting(path: Any, **kwargs: Any) -> os.stat_result:
        if str(path).endswith(".png"):
            looked.append(path)
        return stat(path, **kwargs)

    monkeypatch.setattr(os, "stat", counting)
    for number in range(20):
        clock[0] = 1000 + 2 * asset.LOOK * number / 20
        url = url_of(app, "icons.css")
        answer = client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
        assert answer.status_code == 304
    assert len(looked) == 2 * len(images)


@pytest.mark.parametrize("change", ["replaced", "in place", "gone"])
def test_a_change_is_seen_within_a_second(
    make_app: MakeApp, static_folder: Path, images: list[Path], clock: list[float], change: str
) -> None:
    """Until it is, nothing untrue is said of any bytes."""
    app = make_app()
    client = app.test_client()
    client.get("/static/app.css")
    before = {name: client.get(url_of(app, name)).data for name in ("top.css", "icons.css")}
    clock[0] += 5
    for name, data in before.items():
        assert client.get(url_of(app, name)).data == data
    if change == "replaced":
        (static_folder / "new").write_bytes(b"another")
        (static_folder / "new").replace(images[0])
    elif change == "in place":
        images[0].write_bytes(b"another")
    else:
        images[0].unlink()
    seen = clock[0] + BOUND
    while clock[0] < seen:
        for name in before:
            check(client, url_of(app, name))
        clock[0] += 0.09
    clock[0] = seen
    for name, data in before.items():
        url = url_of(app, name)
        assert client.get(url).data != data
        check(client, url)
    icons = client.get(url_of(app, "icons.css")).text
    for url in re.findall(r"url\((.*?)\)", icons):
        check(client, f"/static/{url}")
    assert ("0.png?v=" in icons.replace("10.png", "").replace("20.png", "")) is (change != "gone")


def check(client: Any, url: str) -> None:
    """Check that what may be kept for good has the fingerprint of its URL."""
    answer = client.get(url)
    if "immutable" in answer.headers["Cache-Control"]:
        assert url.endswith(hashlib.sha256(answer.data).hexdigest()[:16])
    for image in re.findall(r"url\((.*?)\)", answer.text):
        if client.get(f"/static/{image}").status_code == 200:
            assert "immutable" not in client.get(f"/static/{image}").headers["Cache-Control"] or (
                image.endswith(hashlib.sha256(client.get(f"/static/{image}").data).hexdigest()[:16])
            )
