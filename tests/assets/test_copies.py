"""Large files are sent from copies that nobody rewrites, from the second request on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import create_environ

from flask_static_optimizer.assets import copies
from flask_static_optimizer.assets.asset import SMALL
from flask_static_optimizer.http.bodies import CHUNK

MakeApp = Callable[..., Flask]

SIZE = 3 * SMALL

pytestmark = [
    pytest.mark.usefixtures("settled"),
    pytest.mark.parametrize("through", ["lane", "hooks"]),
]


class Sent:
    """A response as a server sends it that leaves files to the kernel."""

    def __init__(self, app: Flask, asked: str = "", method: str = "GET", server: str = "") -> None:
        environ = create_environ(
            "/static/film.bin", method=method, headers={"Range": asked} if asked else {}
        )
        environ["wsgi.file_wrapper"] = self._wrap
        environ["SERVER_SOFTWARE"] = server or "gunicorn/99.0"
        self.file: Any = None
        self.status, self.headers = 0, dict[str, str]()
        self.app_iter = app.wsgi_app(environ, self._start)

    def _wrap(self, file: Any, size: int) -> Any:
        assert size == CHUNK
        self.file = file
        return file

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status, self.headers = int(status[:3]), dict(headers)

    @property
    def is_by_descriptor(self) -> bool:
        return hasattr(self.file, "fileno")

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as the kernel reads it: from the position, as long as was said."""
        if not self.is_by_descriptor:
            yield from self.app_iter
            return
        descriptor = self.file.fileno()
        at, left = os.lseek(descriptor, 0, os.SEEK_CUR), int(self.headers["Content-Length"])
        while left:
            piece = os.pread(descriptor, min(left, 2**18), at)
            assert piece, "the file ends too soon"
            at, left = at + len(piece), left - len(piece)
            yield piece

    def body(self) -> bytes:
        try:
            return b"".join(self.pieces())
        finally:
            self.close()

    def close(self) -> None:
        close = getattr(self.app_iter, "close", None)
        if close is not None:
            close()


@pytest.fixture
def film(static_folder: Path) -> bytes:
    data = os.urandom(SIZE)
    (static_folder / "film.bin").write_bytes(data)
    return data


def kept(static_folder: Path) -> list[Path]:
    return sorted((static_folder.parent / "kept" / "copies").glob("*/*"))


def test_what_is_asked_for_twice_is_copied(
    make_app: MakeApp, static_folder: Path, film: bytes
) -> None:
    app = make_app()
    first = Sent(app)
    assert (first.body(), first.is_by_descriptor) == (film, False)
    assert kept(static_folder) == []
    for _ in range(3):
        sent = Sent(app)
        assert sent.is_by_descriptor
        assert sent.body() == film
        assert sent.headers["ETag"] == first.headers["ETag"]
    (copy,) = kept(static_folder)
    assert copy.name == hashlib.sha256(film).hexdigest()
    assert copy.read_bytes() == film


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_has_no_body_is_not_counted(
    make_app: MakeApp, static_folder: Path, film: bytes, method: str
) -> None:
    app = make_app()
    etag = Sent(app, method="HEAD").headers["ETag"]
    for _ in range(3):
        headers = {} if method == "HEAD" else {"If-None-Match": etag}
        answer = app.test_client().open("/static/film.bin", method=method, headers=headers)
        assert answer.status_code == (200 if method == "HEAD" else 304)
        assert answer.data == b""
    assert kept(static_folder) == []
    assert Sent(app).body() == film


@pytest.mark.parametrize("change", ["in place", "replaced", "cut", "deleted"])
def test_one_state_is_sent_whatever_happens_meanwhile(
    make_app: MakeApp, static_folder: Path, film: bytes, change: str
) -> None:
    app = make_app()
    path = static_folder / "film.bin"
    for _ in range(2):
        Sent(app).body()
    sent = Sent(app)
    pieces = sent.pieces()
    got = [next(pieces)]
    new = os.urandom(SIZE)
    if change == "in place":
        with path.open("r+b") as file:
            file.write(new)
    elif change == "cut":
        os.truncate(path, 10)
    elif change == "deleted":
        path.unlink()
    else:
        (static_folder / "new.bin").write_bytes(new)
        (static_folder / "new.bin").replace(path)
    got += pieces
    sent.close()
    assert b"".join(got) == film
    again = Sent(app)
    if change == "deleted":
        assert again.status == 404
        return
    assert again.body() == path.read_bytes()
    assert again.headers["ETag"] != sent.headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        (f"bytes=5-{SMALL + 99}", slice(5, SMALL + 100)),
        (f"bytes=-{2 * SMALL}", slice(SIZE - 2 * SMALL, SIZE)),
        ("bytes=0-", slice(0, SIZE)),
        ("bytes=7-11", slice(7, 12)),
    ],
)
@pytest.mark.parametrize("server", ["gunicorn/99.0", "uWSGI"])
def test_parts(make_app: MakeApp, film: bytes, asked: str, part: slice, server: str) -> None:
    """A part is sent from the copy; by its descriptor only where the server minds the position."""
    app = make_app()
    for count in range(3):
        sent = Sent(app, asked, server=server)
        assert sent.body() == film[part]
        assert sent.status == 206
        large = part.stop - part.start > CHUNK
        assert sent.is_by_descriptor == (count > 0 and large and server != "uWSGI")


def test_several_parts(make_app: MakeApp, film: bytes) -> None:
    app = make_app()
    for _ in range(3):
        body = Sent(app, f"bytes=0-{SMALL},{2 * SMALL}-{2 * SMALL + 9}").body()
        assert film[: SMALL + 1] in body
        assert film[2 * SMALL : 2 * SMALL + 10] in body


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_every_descriptor_is_closed(make_app: MakeApp, film: bytes) -> None:
    app = make_app()
    ways = [
        "",
        f"bytes=1-{2 * SMALL}",
        "bytes=1-2",
        f"bytes=0-{SMALL},{2 * SMALL}-",
        "bytes=9999999-",
    ]

    def ask() -> None:
        for asked in ways:
            Sent(app, asked).body()
            Sent(app, asked).close()  # a client that is gone
            Sent(app, asked, method="HEAD").body()

    ask()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        ask()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_damaged_copy_is_not_sent(make_app: MakeApp, static_folder: Path, film: bytes) -> None:
    app = make_app()
    for _ in range(2):
        Sent(app).body()
    (copy,) = kept(static_folder)
    copy.write_bytes(b"x" * SIZE)
    app = make_app()  # another process, which has not verified it
    for _ in range(4):
        assert Sent(app).body() == film
    assert copy.read_bytes() == film


def test_a_copy_that_is_gone_is_made_again(
    make_app: MakeApp, static_folder: Path, film: bytes
) -> None:
    app = make_app()
    for _ in range(2):
        Sent(app).body()
    (copy,) = kept(static_folder)
    copy.unlink()
    assert Sent(app).body() == film
    assert kept(static_folder) == [copy]


def found(app: Flask, name: str = "film.bin") -> tuple[copies.Copies, Any]:
    """Return an app's copies, and the asset of a file that was asked for once."""
    app.test_client().get("/")
    state = app.extensions["static_optimizer"]
    asset = state.catalogue.find(state.endpoints.mount("static"), name)
    made = copies.Copies(state.cache_folder, lambda: not app.debug)
    assert made.open(asset) is None
    return made, asset


def test_a_copy_of_other_bytes_is_dropped(
    make_app: MakeApp, static_folder: Path, film: bytes
) -> None:
    """A file that has changed between its check and its copying is not sent as what it was."""
    made, asset = found(make_app())
    (static_folder / "film.bin").write_bytes(film[::-1])
    assert made.open(asset) is None
    assert kept(static_folder) == []


def test_the_folder_keeps_its_bound(make_app: MakeApp, static_folder: Path) -> None:
    """All copies together are as large as the setting says, and the ones used last stay."""
    names = [f"film{number}.bin" for number in range(4)]
    for name in names:
        (static_folder / name).write_bytes(os.urandom(2 * SMALL))
    limit = 5 * SMALL
    app = make_app(STATIC_OPTIMIZER_CACHE_SIZE=limit)
    for name in names:
        made, asset = found(app, name)  # each as if in a process of its own
        opened = made.open(asset)
        assert opened is not None
        opened.close()
        os.utime(static_folder.parent / "kept" / "copies" / asset.sha256[:2] / asset.sha256, (9, 9))
        assert sum(path.stat().st_size for path in kept(static_folder)) <= limit


def test_no_more_is_copied_than_the_folder_holds(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more is asked for in turns, it is not copied in turns."""
    names = [f"film{number}.bin" for number in range(4)]
    for name in names:
        (static_folder / name).write_bytes(os.urandom(2 * SMALL))
    app = make_app(STATIC_OPTIMIZER_CACHE_SIZE=5 * SMALL)
    app.test_client().get("/")
    written = []
    folder = app.extensions["static_optimizer"].cache_folder
    keep = folder.keep
    monkeypatch.setattr(folder, "keep", lambda *args: written.append(args[0]) or keep(*args))
    for _ in range(4):
        for name in names:
            data = app.test_client().get(f"/static/{name}").data
            assert data == (static_folder / name).read_bytes()
    assert len(written) == 2


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"STATIC_OPTIMIZER_CACHE_SIZE": 0}, SIZE),
        ({"STATIC_OPTIMIZER_CACHE_SIZE": SIZE - 1}, SIZE),
        ({"DEBUG": True}, SIZE),
        ({"STATIC_OPTIMIZER_MEMORY": 2**28}, SIZE),
        ({"STATIC_OPTIMIZER_HASH_SIZE": 16 * 2**20}, 16 * 2**20 + 1),
        ({}, SMALL),
    ],
    ids=["off", "bound", "debug", "memory", "hash size", "small"],
)
def test_not_copied(
    make_app: MakeApp, static_folder: Path, config: dict[str, Any], size: int
) -> None:
    data = os.urandom(size)
    (static_folder / "film.bin").write_bytes(data)
    app = make_app(**config)
    for _ in range(3):
        assert app.test_client().get("/static/film.bin").data == data
    assert kept(static_folder) == []


def test_a_folder_that_can_not_be_written(
    make_app: MakeApp, static_folder: Path, film: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (static_folder.parent / "kept").write_text("a file")
    app = make_app()
    for _ in range(4):
        assert Sent(app).body() == film
    assert caplog.text.count("STATIC_OPTIMIZER_CACHE_DIR") == 1


def test_protected_files_that_nginx_sends_are_not_copied(
    make_app: MakeApp, static_folder: Path, film: bytes
) -> None:
    app = make_app(
        STATIC_OPTIMIZER_SESSION="protected", STATIC_OPTIMIZER_SENDFILE="X-Accel-Redirect"
    )
    for _ in range(3):
        assert "X-Accel-Redirect" in app.test_client().get("/static/film.bin").headers
    assert kept(static_folder) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_nobody_else_may_read_a_copy(make_app: MakeApp, static_folder: Path, film: bytes) -> None:
    app = make_app()
    for _ in range(2):
        assert Sent(app).body() == film
    (copy,) = kept(static_folder)
    assert copy.stat().st_mode & 0o077 == 0
