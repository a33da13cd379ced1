"""The CPU time that an application takes for a stylesheet, without its server."""

from __future__ import annotations

import http.client
import json
import statistics
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server import Server

ROUNDS = 9

#: What stands before the path of a file whose CPU time is asked for, as ``hosting/served.py`` has
#: it.
CPU = "/-realapps-cpu-"


@dataclass(frozen=True)
class Measured:
    """The time for a file in one way."""

    #: CPU microseconds of a call of the application.
    micros: float
    #: The median of the ratios to the plain way in the same round.
    ratio: float
    #: Whether the file is one of a static folder; else a view of the application sends it.
    is_in_folder: bool


def measure(
    servers: dict[str, Server], paths: dict[str, str], headers: dict[str, dict[str, str]]
) -> dict[str, Measured]:
    """Call the application in each way for its file 100 times a round, by turns.

    The first way is the plain one.

    :raises RuntimeError: if one does not answer with the file.
    """
    first, *_ = servers
    rounds = [
        {way: _call(servers[way], paths[way], headers[way]) for way in servers}
        for _ in range(ROUNDS + 1)
    ]
    in_folder = is_in_folder(servers[first], paths[first], headers[first])
    del rounds[0]  # it is for what is made when it is first asked for
    return {
        way: Measured(
            statistics.median(taken[way] for taken in rounds) * 1e6,
            statistics.median(taken[way] / taken[first] for taken in rounds),
            in_folder,
        )
        for way in servers
    }


def is_file(server: Server, path: str, headers: dict[str, str]) -> bool:
    """Return whether an application sends a file, as Flask gives these an ``ETag``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return "ETag" in response.headers


def is_in_folder(server: Server, path: str, headers: dict[str, str]) -> bool:
    """Return whether a file is one of a static folder."""
    return bool(_ask(server, CPU + path, headers)["is_in_folder"])


def path_of(url: str) -> str:
    """Return what is asked for of a URL's server."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _call(server: Server, path: str, headers: dict[str, str]) -> float:
    told = _ask(server, CPU + path, headers)
    if told["statuses"] != ["200 OK"]:
        raise RuntimeError(f"{path} answers {told['statuses']}")
    seconds: float = told["seconds"]
    return seconds


def _ask(server: Server, path: str, headers: dict[str, str]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    fields = {"Accept-Encoding": "gzip, deflate, br, zstd", **headers}
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    told: dict[str, Any] = json.loads(response.read())
    connection.close()
    return told
