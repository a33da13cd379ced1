"""The findings of an independent linter of HTTP messages in every kind of response."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask, url_for
from httplint import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels

from conftest import CSS

#: What it says of a part in a content coding, which can't be decoded by itself.
OF_A_PART = {"BAD_BROTLI", "BAD_GZIP", "BAD_ZSTD"}

#: It wants a Content-Range, which RFC 9110 §15.3.7.2 forbids beside several parts.
OF_SEVERAL_PARTS = {"PARTIAL_WITHOUT_RANGE"}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    #: What is BAD or a WARN, by its name.
    findings: set[str]


def judge(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    fields = response.getheaders()
    connection.close()

    request = HttpRequestLinter()
    request.process_request_topline(method.encode(), path.encode(), b"HTTP/1.1")
    sent = {"Host": f"127.0.0.1:{port}", **headers}
    request.process_headers([(n.encode(), v.encode()) for n, v in sent.items()])
    request.finish_content(True)
    linter = HttpResponseLinter(no_content=method == "HEAD")
    linter.request = request
    version = b"HTTP/1.1" if response.version == 11 else b"HTTP/1.0"
    linter.process_response_topline(
        version, str(response.status).encode(), response.reason.encode()
    )
    linter.process_headers([(name.encode(), value.encode("latin-1")) for name, value in fields])
    linter.feed_content(body)
    linter.finish_content(True)
    bad = {type(note).__name__ for note in linter.notes if note.level in (levels.BAD, levels.WARN)}
    return Answer(response.status, dict(fields), body, bad)


@pytest.mark.usefixtures("settled")
def test_nothing_is_wrong_with_any_response(
    serve: Callable[..., tuple[Flask, int]], static_folder: Path
) -> None:
    rules = {"static:private/*": {"session": "protected"}}
    (static_folder / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    app, port = serve(STATIC_OPTIMIZER_DELTA=True, STATIC_OPTIMIZER_RULES=rules)
    with app.test_request_context():
        verified = url_for("static", filename="app.css")
    plain, every = "/static/app.css", "gzip, br, zstd"
    whole = judge(port, plain)
    etag = whole.headers["ETag"]
    brotli = judge(port, plain, Accept_Encoding="br").headers["ETag"]
    asked: list[tuple[int, str, str, dict[str, str]]] = [
        (200, plain, "GET", {}),
        (200, verified, "GET", {}),
        (200, f"{plain}?v=0123456789abcdef", "GET", {}),
        (200, "/static/dot.png", "GET", {"Accept_Encoding": every}),
        (200, "/static/private/report.pdf", "GET", {}),
        *((200, verified, "GET", {"Accept_Encoding": coding}) for coding in every.split(", ")),
        (200, plain, "HEAD", {}),
        (200, verified, "HEAD", {"Accept_Encoding": every}),
        (206, plain, "GET", {"Range": "bytes=5-99"}),
        (206, plain, "GET", {"Range": "bytes=0-4,100-104"}),
        (206, plain, "GET", {"Range": "bytes=5-", "If_Range": brotli, "Accept_Encoding": "br"}),
        (304, plain, "GET", {"If_None_Match": etag}),
        (304, verified, "GET", {"If_None_Match": etag}),
        (404, "/static/none.css", "GET", {}),
        (405, plain, "POST", {"Content_Length": "0"}),
        (412, plain, "GET", {"If_Match": '"x"'}),
        (416, plain, "GET", {"Range": "bytes=9999-"}),
    ]
    for status, path, method, headers in asked:
        found = judge(port, path, method, **headers)
        place = (status, path, method, headers, found.headers)
        assert found.status == status, place
        allowed = set()
        if status == 206 and "Content-Encoding" in found.headers:
            allowed = OF_A_PART
        elif found.headers.get("Content-Type", "").startswith("multipart/byteranges"):
            allowed = OF_SEVERAL_PARTS
        assert found.findings <= allowed, (found.findings, place)
        see_what_it_does_not(found, method, judge(port, path))


def see_what_it_does_not(found: Answer, method: str, whole: Answer) -> None:
    said = found.headers.get("Cache-Control", "")
    assert not ("Set-Cookie" in found.headers and found.status < 400)
    if found.status >= 400:
        assert "immutable" not in said
        assert "max-age" not in said
    if found.status == 304:
        assert found.headers["ETag"] == whole.headers["ETag"]
        assert found.headers.get("Vary") == whole.headers.get("Vary")
    elif method != "HEAD":
        assert int(found.headers["Content-Length"]) == len(found.body)
    if found.status == 206 and "Content-Range" in found.headers:
        start, stop = found.headers["Content-Range"].split()[1].split("/")[0].split("-")
        assert int(stop) - int(start) + 1 == len(found.body)
        if "Content-Encoding" not in found.headers:
            assert found.body == CSS[int(start) : int(stop) + 1]


def test_control_a_wrong_response_is_found_out() -> None:
    linter = HttpResponseLinter()
    linter.process_response_topline(b"HTTP/1.1", b"200", b"OK")
    linter.process_headers(
        [(b"ETag", b"no-quotes"), (b"Last-Modified", b"yesterday"), (b"Content-Encoding", b"br")]
    )
    linter.feed_content(b"not brotli")
    linter.finish_content(True)
    assert any(note.level == levels.BAD for note in linter.notes)
