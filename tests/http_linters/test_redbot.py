"""The findings of REDbot, which asks each URL again with conditions, ranges and codings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for

CHECK = Path(__file__).with_name("redbot_check.py")


def redbot(port: int, path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    sent = json.dumps([(name.replace("_", "-"), value) for name, value in headers.items()])
    command = [sys.executable, str(CHECK), f"http://127.0.0.1:{port}{path}", method, sent]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("mode", ["query", "path", False])
def test_redbot_finds_nothing_wrong(
    serve: Callable[..., tuple[Flask, int]], static_folder: Path, mode: str | bool
) -> None:
    rules = (f".r{n} {{ width: {n * 7919 % 1009}px }}\n" for n in range(400))
    (static_folder / "app.css").write_text("".join(rules))
    (static_folder / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    app, port = serve(STATIC_OPTIMIZER_FINGERPRINT=mode)
    with app.test_request_context():
        path = url_for("static", filename="app.css")
        picture = url_for("static", filename="dot.png")
    every = {"range": True, "if-none-match": True, "if-modified-since": True}
    found = redbot(port, path)
    assert found["bad"] == []
    assert found["answered"] == {
        "default": 200,
        "conneg": 200,
        "range": 206,
        "etag_validate": 304,
        "lm_validate": 304,
    }
    assert found["support"] == {**every, "gzip": True}
    for coding in ("br", "zstd", "identity"):
        assert redbot(port, path, Accept_Encoding=coding)["bad"] == [], coding
    found = redbot(port, picture)
    assert found["bad"] == []
    assert found["support"] == {**every, "gzip": False}
    assert redbot(port, path, "HEAD")["bad"] == []
    missing = redbot(port, "/static/none.css")
    assert (missing["bad"], missing["answered"]["default"]) == ([], 404)


def test_control_redbot_sees_a_wrong_response(serve: Callable[..., tuple[Flask, int]]) -> None:
    app, port = serve()
    wrong = {"ETag": "no-quotes", "Last-Modified": "yesterday", "Cache-Control": "max-age=x"}
    app.add_url_rule("/wrong", "wrong", lambda: ("wrong", wrong))
    assert redbot(port, "/wrong")["bad"]
