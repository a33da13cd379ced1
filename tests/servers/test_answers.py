"""Our responses from real servers, as their clients see them."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
import zstandard

from servers.host import BIG, Host, ask, sha256

DECODERS = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def test_the_whole_file(host: Host) -> None:
    answer = host.ask("/static/app.css")
    assert (answer.status, answer.body) == (200, host.site.css)
    assert answer.headers["content-length"] == str(len(host.site.css))
    assert answer.headers["etag"] == f'"{sha256(host.site.css)[:32]}"'
    assert "set-cookie" not in answer.headers
    assert "transfer-encoding" not in answer.headers


def test_head_has_the_headers_and_no_body(host: Host) -> None:
    of_get, of_head = (host.ask("/static/app.css", method) for method in ("GET", "HEAD"))
    assert (of_head.status, of_head.body) == (200, b"")
    for name in ("content-length", "content-type", "etag", "cache-control", "last-modified"):
        assert of_head.headers[name] == of_get.headers[name]


@pytest.mark.parametrize("coding", sorted(DECODERS))
def test_each_coding(host: Host, coding: str) -> None:
    answer = host.ask("/static/app.css", Accept_Encoding=coding)
    assert answer.headers["content-encoding"] == coding
    assert len(answer.body) < len(host.site.css) / 2
    assert DECODERS[coding](answer.body) == host.site.css
    assert answer.headers["etag"] != host.ask("/static/app.css").headers["etag"]
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("coding", ["", "br"])
def test_304_by_either_validator(host: Host, coding: str) -> None:
    whole = host.ask("/static/app.css", Accept_Encoding=coding)
    for condition in (
        {"If_None_Match": whole.headers["etag"]},
        {"If_None_Match": f'"other", W/{whole.headers["etag"]}'},
        {"If_Modified_Since": whole.headers["last-modified"]},
    ):
        answer = host.ask("/static/app.css", Accept_Encoding=coding, **condition)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == whole.headers["etag"]
        assert answer.headers["cache-control"] == whole.headers["cache-control"]


def test_412_and_416(host: Host) -> None:
    assert host.ask("/static/app.css", If_Match='"other"').status == 412
    answer = host.ask("/static/app.css", Range="bytes=9999999-")
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(host.site.css)}"


def test_one_part(host: Host) -> None:
    answer = host.ask("/static/app.css", Range="bytes=100-299")
    assert (answer.status, answer.body) == (206, host.site.css[100:300])
    assert answer.headers["content-range"] == f"bytes 100-299/{len(host.site.css)}"


def test_a_part_of_what_was_coded(host: Host) -> None:
    whole = host.ask("/static/app.css", Accept_Encoding="br")
    answer = host.ask("/static/app.css", Accept_Encoding="br", Range="bytes=-50")
    assert (answer.status, answer.body) == (206, whole.body[-50:])
    assert answer.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize("path", ["app.css", "big.bin"])
def test_several_parts(host: Host, path: str) -> None:
    answer = host.ask(f"/static/{path}", Range="bytes=0-9,500-599,-7")
    assert answer.status == 206
    assert answer.headers["content-length"] == str(len(answer.body))
    boundary = re.fullmatch(
        r"multipart/byteranges; boundary=(.+)", answer.headers["content-type"]
    ).group(1)
    whole = host.site.css if path == "app.css" else host.site.part(0, BIG)
    parts = answer.body.split(b"--" + boundary.strip('"').encode())
    bodies = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]]
    assert bodies == [whole[:10], whole[500:600], whole[-7:]]
    assert parts[-1].strip() == b"--"


def test_what_is_large_and_in_memory(host: Host) -> None:
    photo = host.site.photo
    connection = host.connect()
    for _ in range(3):
        answer = ask(connection, "/static/photo.bin")
        assert (answer.status, answer.sha256) == (200, sha256(photo))
        answer = ask(connection, "/static/photo.bin", Range="bytes=100000-899999")
        assert (answer.status, answer.sha256) == (206, sha256(photo[100_000:900_000]))
    connection.close()


def test_100_mb_byte_for_byte(host: Host) -> None:
    answer = host.ask("/static/big.bin")
    assert answer.status == 200
    assert answer.headers["content-length"] == str(BIG)
    assert answer.sha256 == host.site.big_sha256


def test_a_film_from_the_file_and_from_its_copy(host: Host) -> None:
    """What is asked for twice is sent by the kernel where the server can, and is the same."""
    film = host.site.film
    whole = sha256(film)
    parts = [(0, len(film)), (1, 3_000_000), (2_000_000, len(film)), (len(film) - 1, len(film))]
    connection = host.connect()
    for _ in range(3):
        answer = ask(connection, "/static/film.bin")
        assert (answer.status, answer.sha256) == (200, whole)
        for start, stop in parts:
            answer = ask(connection, "/static/film.bin", Range=f"bytes={start}-{stop - 1}")
            assert (answer.status, answer.sha256) == (206, sha256(film[start:stop]))
            assert answer.headers["content-length"] == str(stop - start)
        answer = host.ask("/static/film.bin", "HEAD")
        assert (answer.status, answer.body) == (200, b"")
    connection.close()
    assert (host.site.folder / "kept" / "copies" / whole[:2] / whole).read_bytes() == film


@pytest.mark.parametrize(("start", "stop"), [(12_345_678, 87_654_321), (BIG - 1, BIG), (1, BIG)])
def test_a_large_part(host: Host, start: int, stop: int) -> None:
    answer = host.ask("/static/big.bin", Range=f"bytes={start}-{stop - 1}")
    assert answer.status == 206
    assert answer.headers["content-length"] == str(stop - start)
    assert answer.sha256 == sha256(host.site.part(start, stop))


def test_an_interrupted_download_goes_on(host: Host) -> None:
    etag = host.ask("/static/big.bin", "HEAD").headers["etag"]
    headers = {"Range": "bytes=50000000-", "If_Range": etag}
    answer = host.ask("/static/big.bin", **headers)
    rest = sha256(host.site.part(50_000_000, BIG))
    assert (answer.status, answer.sha256) == (206, rest)
    answer = host.ask("/static/app.css", Range="bytes=5-", If_Range='"that of an old deploy"')
    assert (answer.status, answer.body) == (200, host.site.css)


def test_a_page_beside_it_has_its_session(host: Host) -> None:
    first = host.ask("/")
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert (first.body, host.ask("/", Cookie=cookie).body) == (b"1", b"2")
    assert "set-cookie" not in host.ask("/static/app.css", Cookie=cookie).headers


def test_hooks_run_unless_the_app_wants_speed(host: Host) -> None:
    before = int(host.ask("/ran").body)
    host.ask("/static/app.css")
    passed = int(host.ask("/ran").body) - before
    assert passed == (1 if host.express else 2)


def test_what_is_not_there(host: Host) -> None:
    answer = host.ask("/static/none.css")
    assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
