"""A Flask app with one stored view, which forwards what it is asked to an origin server.

The view has no word of its own about caching: what of its responses is stored, and for how long, is
what the extension makes of the origin's header fields.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection

from flask import Flask, Response, request

from flask_static_optimizer import StaticOptimizer, cacheable_static

#: The header fields of one connection (RFC 9110 §7.6.1), and one that http.client sets itself.
OF_CONNECTION = frozenset(
    {"connection", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}
)

ORIGIN_PORT = int(os.environ["ORIGIN_PORT"])

app = Flask(__name__, static_folder=None)
StaticOptimizer(app)


@app.route("/<path:path>", methods=["GET", "HEAD", "POST", "PUT", "DELETE", "M-SEARCH"])
@cacheable_static(max_age=0)
def forward(path: str) -> Response:
    """Ask the origin server the same, and return its answer."""
    sent = {name: value for name, value in request.headers if name.lower() not in OF_CONNECTION}
    origin = HTTPConnection("127.0.0.1", ORIGIN_PORT, timeout=10)
    try:
        origin.request(request.method, request.full_path.rstrip("?"), request.get_data(), sent)
        answer = origin.getresponse()
        body = answer.read()
    finally:
        origin.close()
    response = Response(body, answer.status)
    response.headers.clear()
    named = {name.strip().lower() for name in answer.getheader("Connection", "").split(",")}
    for name, value in answer.getheaders():
        if name.lower() not in OF_CONNECTION | named:
            response.headers.add(name, value)
    return response
