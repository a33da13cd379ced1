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

#: What nobody answers, to know what the server takes for a request of its own.
NOTHING = "/-realapps-nothing-"

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
    if environ["PATH_INFO"] == NOTHING:
        start_response("200 OK", [("Content-Length", "0")])
        return []
    if len(_requests) >= LIMIT:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []
    entry = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": 0}
    _requests.append(entry)

    def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        entry["status"] = int(status[:3])
        return start_response(status, headers, *rest)

    return app(environ, noting)


def _report(start_response: Any) -> list[bytes]:
    # Of a large application a full collection takes as long as hundreds of requests. Without this
    # it comes to one way while that is measured, and to another a little later.
    gc.collect()
    report = {
        "requests": _requests,
        "operations": counted.operations,
        "cpu": time.process_time(),
    }
    body = json.dumps(report).encode()
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", head)
    return [body]
