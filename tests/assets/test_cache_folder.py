"""The folder of what took time to make."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flask_static_optimizer.assets.cache_folder import CacheFolder, variant_name


class Said(list):
    def __call__(self, occasion: object, message: str) -> None:
        self.append(message)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def cache_folder(tmp_path: Path, said: Said) -> CacheFolder:
    return CacheFolder(str(tmp_path / "kept"), 10**6, said)


def test_nothing_is_made_before_it_is_needed(tmp_path: Path, cache_folder: CacheFolder) -> None:
    assert cache_folder.get("variants/x") is None
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_is_there(cache_folder: CacheFolder, said: Said) -> None:
    assert cache_folder.put("variants/x", b"bytes")
    assert cache_folder.get("variants/x") == b"bytes"
    assert cache_folder.put("variants/x", b"")
    assert cache_folder.get("variants/x") == b""
    assert cache_folder.remove("variants/x")
    assert not cache_folder.remove("variants/x")
    assert cache_folder.get("variants/x") is None
    assert said == []


@pytest.mark.parametrize("place", [0, 31, 32, 40, -1])
def test_what_is_damaged_is_missing(cache_folder: CacheFolder, place: int) -> None:
    cache_folder.put("x", b"a long enough text")
    path = cache_folder.path("x")
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    assert cache_folder.get("x") is None
    assert not path.exists()


@pytest.mark.parametrize("size", [0, 5, 32, 40])
def test_what_was_cut_off_is_missing(cache_folder: CacheFolder, size: int) -> None:
    cache_folder.put("x", b"a long enough text")
    path = cache_folder.path("x")
    path.write_bytes(path.read_bytes()[:size])
    assert cache_folder.get("x") is None


def test_the_folder_may_be_deleted_at_any_time(
    cache_folder: CacheFolder, tmp_path: Path, said: Said
) -> None:
    cache_folder.put("variants/x", b"1")
    shutil.rmtree(tmp_path / "kept")
    assert cache_folder.get("variants/x") is None
    assert cache_folder.put("variants/x", b"2")
    assert cache_folder.get("variants/x") == b"2"
    assert said == []


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, said: Said) -> None:
    cache_folder = CacheFolder(str(tmp_path / "kept"), 10_000, said)
    names = [variant_name(f"{number:064x}", "br", best=False) for number in range(9)]
    for number, name in enumerate(names[:5]):
        cache_folder.put(name, bytes(1500))
        os.utime(cache_folder.path(name), (1000 + number, 1000 + number))
    assert cache_folder.get(names[0]) == bytes(1500)  # used again
    for name in names[5:]:
        cache_folder.put(name, bytes(1500))
    assert cache_folder.path(names[0]).exists()
    assert not cache_folder.path(names[1]).exists()
    assert sum(path.stat().st_size for path in (tmp_path / "kept").rglob("*.br")) <= 10_000


def test_files_of_others_are_left_alone(tmp_path: Path, said: Said) -> None:
    """The folder may be one that the app uses for other things too."""
    kept = tmp_path / "kept"
    cache_folder = CacheFolder(str(kept), 3000, said)
    theirs = [kept / "database", kept / "variants" / "notes.txt", kept / "versions" / "ab" / "c"]
    dead = kept / "variants" / "00" / ".new-dead"
    writing = kept / "variants" / "00" / ".new-writing"
    for path in (*theirs, dead, writing):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(5000))
        os.utime(path, (1000, 1000))
    os.utime(writing)
    for number in range(3):
        cache_folder.put(variant_name(f"{number:064x}", "br", best=False), bytes(2000))
    assert all(path.exists() for path in theirs)
    assert writing.exists()
    assert not dead.exists()
    assert said == []


def test_a_folder_that_can_not_be_is_told_of(tmp_path: Path, said: Said) -> None:
    (tmp_path / "kept").write_text("a file is in its place")
    cache_folder = CacheFolder(str(tmp_path / "kept"), 10**6, said)
    assert not cache_folder.put("variants/x", b"bytes")
    assert cache_folder.get("variants/x") is None
    assert "STATIC_OPTIMIZER_CACHE_DIR" in said[0]


def test_a_limit_of_nothing_keeps_nothing(tmp_path: Path, said: Said) -> None:
    cache_folder = CacheFolder(str(tmp_path / "kept"), 0, said)
    assert not cache_folder.put("x", b"bytes")
    assert not (tmp_path / "kept").exists()


def test_the_latest_versions_are_kept(cache_folder: CacheFolder) -> None:
    bodies = [b"version %d" % number for number in range(5)]
    for number, body in enumerate(bodies):
        sha256 = hashlib.sha256(body).hexdigest()
        cache_folder.remember_version("static:a.css", sha256, body, keep=2)
        name = next(path for path in cache_folder.path("versions").rglob(sha256))
        os.utime(name, (1000 + number, 1000 + number))
    hashes = [hashlib.sha256(body).hexdigest() for body in reversed(bodies)]
    assert cache_folder.versions("static:a.css") == hashes[:3]
    assert cache_folder.version("static:a.css", hashes[1]) == bodies[3]
    assert cache_folder.version("static:a.css", hashes[4]) is None
    assert cache_folder.version("static:b.css", hashes[1]) is None


def test_a_half_written_file_is_no_version(cache_folder: CacheFolder) -> None:
    """A file that another process is writing does not count as a version."""
    bodies = [b"version %d" % number for number in range(2)]
    for body in bodies:
        cache_folder.remember_version(
            "static:a.css", hashlib.sha256(body).hexdigest(), body, keep=1
        )
        (folder,) = cache_folder.path("versions").iterdir()
        (folder / ".new-other").write_bytes(b"half")
    assert len(cache_folder.versions("static:a.css")) == 2
    assert (folder / ".new-other").exists()


def test_a_folder_deleted_during_a_write(
    cache_folder: CacheFolder, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is deleted while it is written to raises no error."""
    replace = os.replace

    def delete_first(*paths: str) -> None:
        monkeypatch.setattr(os, "replace", replace)
        shutil.rmtree(tmp_path / "kept")
        replace(*paths)

    monkeypatch.setattr(os, "replace", delete_first)
    assert cache_folder.put("variants/x", b"bytes")
    assert cache_folder.get("variants/x") == b"bytes"
    assert said == []


FULL = """
import resource, signal, sys
from flask_static_optimizer.assets.cache_folder import CacheFolder, variant_name
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
said = []
cache_folder = CacheFolder(sys.argv[1], 10**6, lambda _, message: said.append(message))
name = variant_name("0" * 64, "br", best=False)
assert cache_folder.put(name, b"small")
assert not cache_folder.put(name, bytes(2000))
assert cache_folder.get(name) == b"small"
assert "STATIC_OPTIMIZER_CACHE_DIR" in said[0]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    """As no disk is filled for it, a limit on the size of files stands for one that is."""
    folder = tmp_path / "kept"
    done = subprocess.run([sys.executable, "-c", FULL, str(folder)], timeout=60, check=False)
    assert done.returncode == 0
    assert not list(folder.rglob(".new-*"))


def test_a_version_is_what_its_hash_says(cache_folder: CacheFolder) -> None:
    wrong = hashlib.sha256(b"other").hexdigest()
    cache_folder.remember_version("static:a.css", wrong, b"bytes", keep=2)
    assert cache_folder.version("static:a.css", wrong) is None


HAMMER = """
import hashlib, shutil, sys
from flask_static_optimizer.assets.cache_folder import CacheFolder, variant_name
folder, seed = sys.argv[1], int(sys.argv[2])
cache_folder = CacheFolder(folder, 20_000, lambda *_: None)
for turn in range(150):
    number = (turn * 7 + seed) % 20
    name = variant_name(hashlib.sha256(bytes([number])).hexdigest(), "br", best=False)
    assert cache_folder.get(name) in (None, bytes([number]) * 2000)
    cache_folder.put(name, bytes([number]) * 2000)
    if turn % 40 == seed:
        shutil.rmtree(folder, ignore_errors=True)
"""


def test_processes_share_it(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", HAMMER, str(tmp_path / "kept"), str(seed)])
        for seed in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
