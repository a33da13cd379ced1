"""The CPU time that a server takes to send one stylesheet."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from server import Server

ROUNDS, REQUESTS = 6, 50


#: A path that is answered beside the application, as ``hosting/served.py`` has it.
NOTHING = "/-realapps-nothing-"


def measure(
    servers: dict[str, Server], paths: dict[str, str], headers: dict[str, dict[str, str]]
) -> dict[str, float]:
    """Ask each server for its file 300 times, by turns, and return the milliseconds per request.

    The time that gunicorn takes for a request to no application is taken off.

    :raises RuntimeError: if one does not answer with the file.
    """
    taken = dict.fromkeys(servers, 0.0)
    for number in range(-1, ROUNDS):
        for way, server in servers.items():
            file = _ask(server, paths[way], headers[way])
            nothing = _ask(server, NOTHING, headers[way])
            if number >= 0:  # the first round is for what is made when it is first asked for
                taken[way] += file - nothing
    return {way: seconds * 1000 / (ROUNDS * REQUESTS) for way, seconds in taken.items()}


def is_file(server: Server, path: str, headers: dict[str, str]) -> bool:
    """Return whether an application sends a file, as Flask gives these an ``ETag``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return "ETag" in response.headers


def _ask(server: Server, path: str, headers: dict[str, str]) -> float:
    """Ask for a path some times over one connection, and return the CPU time in seconds."""
    before = server.report()["cpu"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    fields = {"Accept-Encoding": "gzip, deflate, br, zstd", **headers}
    for _ in range(REQUESTS):
        connection.request("GET", path, headers=fields)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answers {response.status}")
    connection.close()
    return server.report()["cpu"] - before


def path_of(url: str) -> str:
    """Return what is asked for of a URL's server."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
