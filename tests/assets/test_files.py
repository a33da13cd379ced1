"""Reading files whose bytes are known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_static_optimizer.assets import files
from flask_static_optimizer.assets.files import FileChangingError, Identity, read

SIZE = 3 * 2**20


class Interrupted:
    """A stand-in for ``hashlib`` that calls a function after a file's first chunk was read."""

    def __init__(self, times: int, happen: Callable[[], None]) -> None:
        self.left = times
        self.happen = happen

    def sha256(self) -> Any:
        found = hashlib.sha256()
        interrupted = self

        class Sha256:
            hexdigest = found.hexdigest

            def update(self, chunk: bytes) -> None:
                found.update(chunk)
                if interrupted.left and chunk:
                    interrupted.left -= 1
                    interrupted.happen()

        return Sha256()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(b"0" * SIZE)
    return found


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"1" * SIZE)


def rewrite_with_old_date(path: Path) -> None:
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(path: Path) -> None:
    os.truncate(path, 5)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize("happen", [rewrite, rewrite_with_old_date, cut, grow])
def test_all_bytes_are_of_one_state(
    path: Path, monkeypatch: pytest.MonkeyPatch, happen: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(files, "hashlib", Interrupted(1, lambda: happen(path)))
    found = read(str(path))
    assert found.data == path.read_bytes()
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.identity == Identity.at(str(path))


def test_a_file_that_never_rests_is_told_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "hashlib", Interrupted(99, lambda: grow(path)))
    with pytest.raises(FileChangingError, match="changes while it is read"):
        read(str(path))


@pytest.mark.parametrize("how", ["replaced", "deleted"])
def test_a_file_that_loses_its_name(path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """A file that is unlinked while it is read is read to its end."""

    def lose() -> None:
        if how == "deleted":
            path.unlink()
        else:
            path.with_name("new").write_bytes(b"new")
            os.replace(path.with_name("new"), path)

    monkeypatch.setattr(files, "hashlib", Interrupted(1, lose))
    assert read(str(path)).data == b"0" * SIZE


@pytest.mark.parametrize("name", ["none", "a\0b", "\udcff", "a" * 5000, "file/below"])
def test_what_can_not_be_reached_has_no_state(path: Path, name: str) -> None:
    assert Identity.at(str(path.with_name("x"))[:-1] + name) is None
