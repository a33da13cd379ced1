"""Compressed files of which there are more than memory holds: they are read for each request."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask, Response, send_from_directory

from flask_static_optimizer.assets.asset import Asset
from flask_static_optimizer.assets.variants import VariantMaker
from flask_static_optimizer.http.bodies import SMALL_BODY

MakeApp = Callable[..., Flask]

#: Files of which a few fill the memory of the apps here.
FILES, MEMORY = 40, 400_000


@pytest.fixture(params=["lane", "hooks"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def contents(static_folder: Path) -> dict[str, bytes]:
    """Write stylesheets that are all different, the last ones too large to be read at once."""
    chance = random.Random(5)
    made = {}
    for number in range(FILES):
        count = 300 if number < FILES - 3 else 2600
        lines = (f".c{chance.getrandbits(30)} {{ margin: {number}px }}\n" for _ in range(count))
        made[f"{number}.css"] = "".join(lines).encode()
        (static_folder / f"{number}.css").write_bytes(made[f"{number}.css"])
    return made


@pytest.fixture
def app(make_app: MakeApp, contents: dict[str, bytes], settled: None) -> Flask:
    """Make an app that has been asked for every file twice."""
    app = make_app(STATIC_OPTIMIZER_MEMORY=MEMORY)
    for name in [*contents, *contents]:
        assert ask(app, name).status_code == 200
    assert len(unheld(app)) > FILES // 4
    return app


def ask(app: Flask, name: str, coding: str = "br", method: str = "GET", **fields: str) -> Any:
    headers = {"Accept-Encoding": coding, **{k.replace("_", "-"): v for k, v in fields.items()}}
    return app.test_client().open(f"/static/{name}", method=method, headers=headers)


def unheld(app: Flask) -> list[str]:
    """Return the names of the files whose compressed bytes are read for each request."""
    state = app.extensions["static_optimizer"]
    [mount] = state.endpoints.mounts()
    found = [state.catalogue.find(mount, f"{number}.css") for number in range(FILES)]
    return [asset.name for asset in found if is_unread(asset)]


def is_unread(asset: Asset) -> bool:
    variants = asset.derived.variants or {}
    return bool(variants) and all(variant.body is None for variant in variants.values())


def kept_files(app: Flask) -> list[Path]:
    folder = Path(app.config["STATIC_OPTIMIZER_CACHE_DIR"]) / "variants"
    return [path for path in folder.rglob("*") if path.is_file()]


def assert_right(answer: Any, data: bytes) -> None:
    """Check that a response has a file's bytes, and an ``ETag`` that is made of what was sent."""
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    assert decode[answer.content_encoding](answer.data) == data
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()[:32]}"'
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.content_length == len(answer.data)


def test_every_answer_is_right(app: Flask, contents: dict[str, bytes]) -> None:
    for name, data in contents.items():
        for coding in ("br", "gzip", "identity"):
            whole = ask(app, name, coding)
            assert_right(whole, data)
            assert ask(app, name, coding, method="HEAD").headers["ETag"] == whole.headers["ETag"]
            tag = whole.headers["ETag"]
            assert ask(app, name, coding, If_None_Match=tag).status_code == 304
            part = ask(app, name, coding, Range="bytes=10-99", If_Range=tag)
            assert (part.status_code, part.data) == (206, whole.data[10:100])
            parts = ask(app, name, coding, Range="bytes=0-1, 5-6")
            assert (parts.status_code, whole.data[5:7] in parts.data) == (206, True)
            assert ask(app, name, coding, Range="bytes=99999-").status_code == 416
            assert ask(app, name, coding, If_Match='"x"').status_code == 412


def test_what_is_read_each_time_takes_little_memory(app: Flask) -> None:
    state = app.extensions["static_optimizer"]
    assert state.memory._size <= MEMORY
    assert len(state.memory._held) > FILES // 3


def test_what_is_asked_for_often_is_in_memory_again(app: Flask) -> None:
    name = unheld(app)[0]
    for _ in range(4):
        ask(app, name)
    assert name not in unheld(app)


def test_what_can_not_come_into_memory_is_not_made_again(
    app: Flask, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of a large file are read each time, however often, and its variants stay."""
    chance = random.Random(7)
    large = "".join(f".c{chance.getrandbits(60)} {{ margin: 0 }}\n" for _ in range(4000)).encode()
    (static_folder / "large.css").write_bytes(large)
    made = []
    make = VariantMaker.make
    monkeypatch.setattr(
        VariantMaker, "make", lambda *args, **named: made.append(args) or make(*args, **named)
    )
    for _ in range(20):
        assert_right(ask(app, "large.css"), large)
        assert_right(ask(app, "large.css", "identity"), large)
    assert len(made) == 1


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("damage", [b"", b"x" * 500, None])
def test_bytes_that_are_gone_are_made_again(
    app: Flask, contents: dict[str, bytes], damage: bytes | None, large: bool
) -> None:
    name = next(name for name in unheld(app) if (len(contents[name]) > SMALL_BODY) == large)
    for path in kept_files(app):
        path.unlink() if damage is None else path.write_bytes(damage)
    assert_right(ask(app, name), contents[name])
    app.extensions["static_optimizer"].memory._uses += 1000  # as if others were asked for
    answer = ask(app, name)
    assert answer.content_encoding == "br"
    assert_right(answer, contents[name])
    for name, data in contents.items():
        assert_right(ask(app, name), data)


def test_a_touched_file_finds_others_for_those_that_are_gone(
    app: Flask, static_folder: Path, contents: dict[str, bytes]
) -> None:
    """A new asset with the same bytes takes over the variants of the one before."""
    name = unheld(app)[0]
    os.utime(static_folder / name, (1e9, 1e9))
    assert_right(ask(app, name), contents[name])
    assert name in unheld(app)
    for path in kept_files(app):
        path.unlink()
    for _ in range(2):
        app.extensions["static_optimizer"].memory._uses += 1000  # as if others were asked for
        answer = ask(app, name)
        assert_right(answer, contents[name])
    assert answer.content_encoding == "br"


def test_a_touched_file_comes_into_memory(app: Flask, static_folder: Path) -> None:
    name = unheld(app)[0]
    os.utime(static_folder / name, (1e9, 1e9))
    for _ in range(4):
        ask(app, name)
    assert name not in unheld(app)


def test_what_memory_holds_is_not_noted(app: Flask, static_folder: Path) -> None:
    """A look at a file whose variants are in memory takes no lock."""
    chance = random.Random(7)
    large = "".join(f".c{chance.getrandbits(60)} {{ margin: 0 }}\n" for _ in range(4000)).encode()
    (static_folder / "large.css").write_bytes(large)
    memory = app.extensions["static_optimizer"].memory
    ask(app, "large.css")
    before = memory._uses
    for _ in range(5):
        assert_right(ask(app, "large.css"), large)
    assert memory._uses == before


@pytest.mark.parametrize("large", [False, True])
def test_what_leaves_plain_is_not_counted_as_compressed(
    make_app: MakeApp, contents: dict[str, bytes], settled: None, large: bool
) -> None:
    app = make_app(
        after=lambda app: app.after_request(lambda response: response),
        STATIC_OPTIMIZER_MEMORY=MEMORY,
    )
    for name in 2 * [*contents]:
        ask(app, name)
    name = next(name for name in unheld(app) if (len(contents[name]) > SMALL_BODY) == large)
    stats = app.extensions["static_optimizer"].stats
    before = stats.bytes_saved
    coded = ask(app, name)
    after = stats.bytes_saved
    assert after - before == len(contents[name]) - len(coded.data)
    for path in kept_files(app):
        path.unlink()
    plain = ask(app, name)
    assert plain.content_encoding is None
    assert_right(plain, contents[name])
    assert stats.bytes_saved == after


def test_other_bytes_of_the_same_file_get_their_own_etag(
    app: Flask, contents: dict[str, bytes]
) -> None:
    """Another version of the library may have written the file anew."""
    name = unheld(app)[0]
    before = ask(app, name)
    other = brotli.compress(contents[name], quality=1)
    assert other != before.data
    [path] = [path for path in kept_files(app) if path.read_bytes()[32:] == before.data]
    path.write_bytes(hashlib.sha256(other).digest() + other)
    # Hooks have seen the file by the time that the bytes are missed: then it goes out as it is.
    assert_right(ask(app, name), contents[name])
    after = ask(app, name)
    assert after.data == other
    assert_right(after, contents[name])


def test_a_file_beside_it_is_read_each_time(
    make_app: MakeApp, static_folder: Path, contents: dict[str, bytes], settled: None
) -> None:
    for name, data in contents.items():
        (static_folder / f"{name}.br").write_bytes(brotli.compress(data))
        (static_folder / f"{name}.gz").write_bytes(gzip.compress(data))
    app = make_app(STATIC_OPTIMIZER_MEMORY=MEMORY, STATIC_OPTIMIZER_ENCODINGS=["br", "gzip"])
    for name in [*contents, *contents]:
        assert_right(ask(app, name), contents[name])
    name = unheld(app)[0]
    (static_folder / f"{name}.br").write_bytes(brotli.compress(contents[name], quality=2))
    assert_right(ask(app, name), contents[name])
    (static_folder / f"{name}.br").unlink()
    (static_folder / f"{name}.gz").unlink()
    assert_right(ask(app, name), contents[name])


@pytest.mark.parametrize("large", [False, True])
def test_files_of_a_view(
    make_app: MakeApp, static_folder: Path, contents: dict[str, bytes], settled: None, large: bool
) -> None:
    def add(app: Flask) -> None:
        @app.get("/own/<path:filename>")
        def own(filename: str) -> Response:
            return send_from_directory(static_folder, filename)

    app = make_app(
        before=add, STATIC_OPTIMIZER_MEMORY=MEMORY, STATIC_OPTIMIZER_RULES={"own": {"max_age": 60}}
    )

    def ask(name: str, **fields: str) -> Any:
        return app.test_client().get(f"/own/{name}", headers={"Accept-Encoding": "br", **fields})

    for name in 2 * [*contents]:
        assert_right(ask(name), contents[name])
    held = app.extensions["static_optimizer"].memory._held
    unread = [Path(asset.path).name for asset in held if is_unread(asset)]
    name = next(name for name in unread if (len(contents[name]) > SMALL_BODY) == large)
    whole = ask(name)
    assert_right(whole, contents[name])
    part = ask(name, Range="bytes=10-99")
    assert (part.status_code, part.data) == (206, whole.data[10:100])
    for path in kept_files(app):
        path.unlink()
    for _ in range(2):
        assert_right(ask(name), contents[name])
