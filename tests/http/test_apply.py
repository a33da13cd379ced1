"""Full responses made into what was asked for."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import create_environ
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from flask_static_optimizer.http.apply import answer_conditions
from flask_static_optimizer.http.bodies import FileSlice

DATA = bytes(range(256)) * 1000
ETAG = '"abc"'


def respond(body: Any, coded_ranges: bool = False, method: str = "GET", **headers: str) -> Response:
    """Answer a request with a body, as a server would."""
    response = Response(body, headers={"ETag": ETAG}, direct_passthrough=not isinstance(body, list))
    if headers.pop("coded", None):
        response.headers["Content-Encoding"] = "br"
    response.headers["Content-Length"] = str(len(DATA))
    environ = create_environ(method=method, headers=headers)
    answer_conditions(response, environ, coded_ranges=coded_ranges)
    return response


def body_of(kind: str, path: Path) -> Any:
    if kind == "bytes":
        return [DATA[:5], DATA[5:]]
    file = path.open("rb")
    return FileSlice(file, 0, len(DATA)) if kind == "slice" else FileWrapper(file)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "data"
    found.write_bytes(DATA)
    return found


@pytest.mark.parametrize("kind", ["bytes", "slice", "wrapper"])
@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-9", 206, DATA[:10]),
        ("bytes=70000-200000", 206, DATA[70000:200001]),
        ("bytes=-5", 206, DATA[-5:]),
        ("bytes=0-", 206, DATA),
        ("bytes=999999-", 416, b""),
        ("lines=1", 200, DATA),
    ],
)
def test_one_range(path: Path, kind: str, asked: str, status: int, expected: bytes) -> None:
    response = respond(body_of(kind, path), Range=asked)
    assert response.status_code == status
    assert b"".join(response.iter_encoded()) == expected
    response.close()
    if status == 206:
        assert response.content_length == len(expected)
        assert response.content_range.length == len(DATA)
    if status == 416:
        assert response.headers["Content-Range"] == f"bytes */{len(DATA)}"
        assert "ETag" not in response.headers


@pytest.mark.parametrize("kind", ["bytes", "slice", "wrapper"])
def test_several_ranges(path: Path, kind: str) -> None:
    response = respond(body_of(kind, path), Range="bytes=0-9,1000-1009,-4")
    assert response.status_code == 206
    assert response.mimetype == "multipart/byteranges"
    assert "Content-Range" not in response.headers
    body = b"".join(response.iter_encoded())
    assert len(body) == response.content_length
    for part in (DATA[:10], DATA[1000:1010], DATA[-4:]):
        assert b"\r\n\r\n" + part + b"\r\n--" in body
    response.close()


def test_head_and_failed_if_range() -> None:
    """A HEAD and a failed If-Range get the whole."""
    assert respond([DATA], method="HEAD", Range="bytes=0-9").status_code == 200
    assert respond([DATA], Range="bytes=0-9", **{"If-Range": '"x"'}).status_code == 200
    assert respond([DATA], Range="bytes=0-9", **{"If-Range": ETAG}).status_code == 206


def test_a_date_gives_no_part() -> None:
    """A date is no strong validator: other bytes may have the same one."""
    date = "Tue, 14 Nov 2023 22:13:20 GMT"
    environ = create_environ(headers={"Range": "bytes=0-9", "If-Range": date})
    response = Response([DATA], headers={"ETag": ETAG, "Last-Modified": date})
    answer_conditions(response, environ, coded_ranges=True)
    assert response.status_code == 200


def test_a_precondition_comes_before_the_range() -> None:
    response = respond([DATA], Range="bytes=0-9", **{"If-None-Match": ETAG})
    assert response.status_code == 304
    assert respond([DATA], Range="bytes=0-9", **{"If-Match": '"x"'}).status_code == 412


def test_ranges_of_coded_bytes() -> None:
    """Coded bytes are cut only where they stay the same."""
    assert respond([DATA], Range="bytes=0-9", coded="yes").status_code == 200
    assert respond([DATA], Range="bytes=0-9", coded="yes", coded_ranges=True).status_code == 206


def test_what_can_not_be_cut_is_sent_whole() -> None:
    response = respond(iter([DATA]), Range="bytes=0-9")
    assert response.status_code == 200
    assert "Accept-Ranges" not in response.headers


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=0-9,50-59", "bytes=999999-", "nothing"])
@pytest.mark.parametrize("read", [0, 1, 1000])
def test_no_file_stays_open(path: Path, asked: str, read: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    response = respond(FileSlice(path.open("rb"), 0, len(DATA)), Range=asked)
    chunks = response.iter_encoded()
    for _, _chunk in zip(range(read), chunks, strict=False):
        pass
    response.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_changed_file_ends_short() -> None:
    """A file that changed while it is sent ends the response short."""

    def check() -> None:
        raise OSError("changed")

    body = FileSlice(io.BytesIO(DATA), 0, len(DATA), check)
    sent = b""
    with contextlib.suppress(OSError):
        for chunk in body:
            sent += chunk
    assert len(sent) < len(DATA)


def test_a_truncated_file_ends_short() -> None:
    """A file that was truncated while it is sent ends the response short."""
    body = FileSlice(io.BytesIO(DATA[:-1]), 0, len(DATA))
    with pytest.raises(EOFError, match="1 bytes are missing"):
        list(body)
