"""What is known of files that memory has let go of: no file is hashed twice in one state."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_static_optimizer.assets import asset, hashes, variants
from flask_static_optimizer.assets.facts import Fact, Facts
from flask_static_optimizer.assets.files import Identity
from flask_static_optimizer.assets.variant import Variant
from flask_static_optimizer.views.file_choice import FileChooser

MakeApp = Callable[..., Flask]

SHA = hashlib.sha256(b"bytes").hexdigest()
STATE = Identity(2049, 12, 20480, 1_700_000_000_123_456_789, 1_700_000_000_123_456_790)

FILES = 40


class Folder:
    endpoint = "static"


def test_a_fact_is_of_one_state() -> None:
    """A fact holds for the state that it was noted in, and for no other."""
    facts = Facts(10_000)
    fact = Fact(SHA, named_by_hash=False, is_module=True)
    facts.note(Folder, "a.js", STATE, fact)
    assert facts.find(Folder, "a.js", STATE) == fact
    assert facts.find(Folder, "b.js", STATE) is None
    for place in range(len(STATE)):
        other = Identity(*(part + (at == place) for at, part in enumerate(STATE)))
        assert facts.find(Folder, "a.js", other) is None


def test_they_are_bounded() -> None:
    """Facts take no more than their limit, however many files there are."""
    facts = Facts(10_000)
    for number in range(1000):
        sha256 = hashlib.sha256(b"%d" % number).hexdigest()
        facts.note(Folder, f"{number}.js", STATE, Fact(sha256, False, False))
        facts.note_variant(sha256, Variant.of("br", b"%d" % number))
        assert facts.size() <= 10_000
    assert facts.find(Folder, "999.js", STATE)
    assert facts.find(Folder, "0.js", STATE) is None


def test_a_variant_is_known_by_its_bytes_and_coding() -> None:
    """Other bytes and another coding are looked at anew."""
    facts = Facts(10_000)
    facts.note_variant(SHA, Variant.of("br", b"coded"))
    facts.note_variant(SHA, Variant.of("gzip", b"zipped"))
    assert facts.decodes(SHA, Variant.of("br", b"coded"))
    assert facts.decodes(SHA, Variant.of("gzip", b"zipped"))
    assert not facts.decodes(SHA, Variant.of("gzip", b"coded"))
    assert not facts.decodes(SHA, Variant.of("br", b"other"))
    assert not facts.decodes(hashlib.sha256(b"more").hexdigest(), Variant.of("br", b"coded"))


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the files that are hashed, the variants that are decoded, and the choices of files."""
    counted: Counter[str] = Counter()

    def count(place: Any, name: str) -> None:
        real = getattr(place, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(place, name, counting)

    count(hashes, "read")
    count(asset, "read")
    count(variants, "decompress")
    count(variants, "compress")
    count(FileChooser, "choose")
    return counted


def written(folder: Path, suffix: str) -> dict[str, bytes]:
    files = {
        f"{number}.{suffix}": b"a { color: red }\n" * 300 + os.urandom(20).hex().encode()
        for number in range(FILES)
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return files


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("suffix", ["css", "js", "png"])
@pytest.mark.parametrize("coding", ["", "br"])
def test_no_file_is_hashed_twice(
    make_app: MakeApp, static_folder: Path, work: Counter[str], suffix: str, coding: str
) -> None:
    """Files that memory can't hold together are hashed, and their variants decoded, once."""
    files = written(static_folder, suffix)
    app = make_app(STATIC_OPTIMIZER_MEMORY=80_000)
    client = app.test_client()

    def ask_all() -> None:
        for name in files:
            response = client.get(f"/static/{name}", headers={"Accept-Encoding": coding})
            assert response.status_code == 200
            if "Content-Encoding" not in response.headers:
                assert response.data == files[name]

    ask_all()
    assert work["read"] >= FILES
    state = app.extensions["static_optimizer"]
    (mount,) = state.catalogue.mounts
    assert len(mount.known) < FILES  # most are forgotten
    work.clear()
    for _ in range(2):
        ask_all()
    assert (work["read"], work["decompress"], work["compress"]) == (0, 0, 0)
    assert work["choose"] > FILES
    assert state.memory._size + state.memory.facts.size() <= 80_000


@pytest.mark.usefixtures("settled")
def test_a_file_that_changed_is_read_anew(make_app: MakeApp, static_folder: Path) -> None:
    """Other bytes of the same size and modification time are seen."""
    files = written(static_folder, "png")
    client = make_app(STATIC_OPTIMIZER_MEMORY=80_000).test_client()
    for turn in range(3):
        for name, data in files.items():
            path = static_folder / name
            before = path.stat()
            response = client.get(f"/static/{name}")
            assert response.data == data
            assert response.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            files[name] = data[:-1] + b"%d" % turn
            path.write_bytes(files[name])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.usefixtures("settled")
def test_bytes_for_which_there_is_no_room(
    make_app: MakeApp, static_folder: Path, work: Counter[str]
) -> None:
    """Where memory has room for what is known of files but not for their bytes, these are read."""
    files = written(static_folder, "png")
    app = make_app(STATIC_OPTIMIZER_MEMORY=330_000)
    client = app.test_client()
    for _ in range(3):
        for name in files:
            client.get(f"/static/{name}")
    work.clear()
    for _ in range(2):
        for name, data in files.items():
            assert client.get(f"/static/{name}").data == data
    memory = app.extensions["static_optimizer"].memory
    bodies = [held for held in memory._held if held.derived.body]
    assert 0 < len(bodies) < FILES == len(memory._held)
    assert (work["read"], work["choose"]) == (0, 0)
    # One that is asked for often is brought into memory.
    often = next(held for held in memory._held if not held.derived.body)
    for _ in range(4):
        assert client.get(f"/static/{often.name}").data == files[often.name]
    (mount,) = app.extensions["static_optimizer"].catalogue.mounts
    assert mount.known[often.name].derived.body == files[often.name]
    assert memory._size + memory.facts.size() <= 330_000
