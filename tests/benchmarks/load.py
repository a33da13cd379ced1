"""Clients that keep a server busy."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

#: Connections at a time.
CONNECTIONS = 4

#: Sends requests to a port of 127.0.0.1 for so many seconds: ``(port, url, headers, seconds)``.
#: Returns how many were answered a second.
Client = Callable[[int, str, Mapping[str, str], int], float]


def client() -> tuple[str, Client]:
    """Return the best client that is installed, and its name."""
    return ("wrk", _wrk) if shutil.which("wrk") else ("a Python client", _python)


def _wrk(port: int, url: str, headers: Mapping[str, str], seconds: int) -> float:
    fields = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    how = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    command = ["wrk", *how, *fields, f"http://127.0.0.1:{port}{url}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses.*", said)
    errors = re.search(r"Socket errors.*(?:connect|read|write) [1-9].*", said)
    answered = re.search(r"Requests/sec:\s*([\d.]+)", said)
    # Servers without keep-alive end each connection, which wrk takes for a reading error.
    if failed or not answered or float(answered[1]) == 0:
        raise RuntimeError(f"{' '.join(command)}: {said} {errors}")
    return float(answered[1])


def _python(port: int, url: str, headers: Mapping[str, str], seconds: int) -> float:
    begin = time.perf_counter()

    def one(_: int) -> int:
        connection, count = HTTPConnection("127.0.0.1", port, timeout=10), 0
        while time.perf_counter() - begin < seconds:
            connection.request("GET", url, headers=dict(headers))
            response = connection.getresponse()
            response.read()
            if response.status >= 400:
                raise RuntimeError(f"{url} is answered with {response.status}")
            count += 1
        connection.close()
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        total = sum(pool.map(one, range(CONNECTIONS)))
    return total / (time.perf_counter() - begin)
