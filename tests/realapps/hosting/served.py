"""The WSGI application that a server is pointed at: the real one, with a report beside it."""

from __future__ import annotations

import gc
import json
import os
import time
from typing import Any

import counted

#: Where the report is, out of the way of any application's routes.
REPORT = "/-realapps-report-"

#: What stands before the path of a file whose CPU time is asked for.
CPU = "/-realapps-cpu-"

#: The calls of the application for one such request.
CALLS = 100

#: The number of requests after which a server refuses more: a page must not load itself for ever.
LIMIT = 6000

if os.environ.get("STATIC_OPTIMIZER_APP"):
    from flask_static_optimizer.wsgi import app
else:
    app = counted.create_app()

_requests: list[dict[str, Any]] = []


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer as the application does, and note the request."""
    if environ["PATH_INFO"] == REPORT:
        return _report(start_response)
    if environ["PATH_INFO"].startswith(CPU):
        return _cpu(environ, start_response)
    if len(_requests) >= LIMIT:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []
    entry = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": 0}
    _requests.append(entry)

    def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        entry["status"] = int(status[:3])
        return start_response(status, headers, *rest)

    return app(environ, noting)


def _cpu(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Call the application for a file again and again, without the server."""
    asked = {key: value for key, value in environ.items() if key != "wsgi.file_wrapper"}
    for key in ("PATH_INFO", "RAW_URI"):
        asked[key] = environ[key].removeprefix(CPU)
    statuses = set()

    def note(status: str, *_: Any) -> Any:
        statuses.add(status)
        return lambda data: None

    gc.collect()
    before = time.thread_time()
    for _ in range(CALLS):
        body = app(asked.copy(), note)
        for _chunk in body:
            pass
        if hasattr(body, "close"):
            body.close()
    taken = time.thread_time() - before
    return _json(
        start_response,
        {
            "statuses": sorted(statuses),
            "seconds": taken / CALLS,
            "is_in_folder": counted.is_in_folder(asked),
        },
    )


def _report(start_response: Any) -> list[bytes]:
    report = {"requests": _requests, "operations": counted.operations}
    return _json(start_response, report)


def _json(start_response: Any, told: dict[str, Any]) -> list[bytes]:
    body = json.dumps(told).encode()
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", head)
    return [body]
