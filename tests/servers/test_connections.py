"""Connections that live on, and some that end early; what the server holds open."""

from __future__ import annotations

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from servers.host import BIG, Host, ask, sha256


def hang_up(host: Host, headers: str = "") -> None:
    """Ask for the large file and reset the connection when its first bytes are there."""
    with socket.create_connection(("127.0.0.1", host.server.port), 30) as sock:
        request = f"GET /static/big.bin HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        sock.sendall(request.encode())
        assert sock.recv(70_000).startswith(b"HTTP/1.1 20")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def every_way(host: Host) -> None:
    """Ask in each way that opens a file."""
    etag = host.ask("/static/big.bin", "HEAD").headers["etag"]
    assert host.ask("/static/big.bin", If_None_Match=etag).status == 304
    assert host.ask("/static/big.bin", If_Match='"other"').status == 412
    assert host.ask("/static/big.bin", Range=f"bytes={BIG}-").status == 416
    assert host.ask("/static/big.bin", Range="bytes=0-99").status == 206
    assert host.ask("/static/big.bin", Range="bytes=0-99,5000-5999").status == 206
    assert host.ask("/static/app.css", Accept_Encoding="br").status == 200
    assert host.ask("/static/film.bin").status == 200
    assert host.ask("/static/film.bin", Range="bytes=9-").status == 206
    hang_up(host)
    hang_up(host, "Range: bytes=1000-\r\n")
    hang_up(host, "Range: bytes=1000-,0-9\r\n")


def test_several_requests_on_one_connection(host: Host) -> None:
    connection = host.connect()
    etag = host.ask("/static/app.css").headers["etag"]
    try:
        for _ in range(3):
            whole = ask(connection, "/static/app.css")
            answers = [
                whole,
                ask(connection, "/static/app.css", If_None_Match=etag),
                ask(connection, "/static/app.css", "HEAD"),
                ask(connection, "/static/app.css", Range="bytes=0-99"),
                ask(connection, "/static/app.css", Range="bytes=9999999-"),
                ask(connection, "/static/big.bin", Range="bytes=1000000-1999999"),
            ]
            assert [answer.status for answer in answers] == [200, 304, 200, 206, 416, 206]
            assert whole.body == host.site.css
            assert answers[-1].sha256 == sha256(host.site.part(1_000_000, 2_000_000))
            for answer in answers:
                assert answer.closes == host.kind.ends_connection(answer.status)
    finally:
        connection.close()


def test_a_client_that_leaves_early_harms_nobody(host: Host) -> None:
    for _ in range(5):
        hang_up(host)
    answer = host.ask("/static/app.css")
    assert (answer.status, answer.body) == (200, host.site.css)
    assert "Traceback" not in host.server.log.read_text()


def test_many_at_once(host: Host) -> None:
    def one(number: int) -> bool:
        start = number * 1_000_000
        answer = host.ask("/static/big.bin", Range=f"bytes={start}-{start + 499_999}")
        return answer.body == host.site.part(start, start + 500_000)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(40)))


def test_no_descriptor_stays_open(host: Host) -> None:
    # What the server opens once, for its threads and workers, does not count.
    every_way(host)
    before = settled_descriptors(host)
    for _ in range(10):
        every_way(host)
    deadline = time.monotonic() + 60
    while host.server.descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert host.server.descriptors() <= before


def settled_descriptors(host: Host) -> int:
    """Count open descriptors once no more close by themselves (connections that idle out)."""
    count, seen_at = host.server.descriptors(), time.monotonic()
    while time.monotonic() < seen_at + 1:
        time.sleep(0.1)
        now = host.server.descriptors()
        if now != count:
            count, seen_at = now, time.monotonic()
    return count
