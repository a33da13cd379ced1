"""Clients that ask and do not read: what their responses hold in memory."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import create_environ
from werkzeug.wsgi import FileWrapper

MakeApp = Callable[..., Flask]

#: The sizes of files that memory keeps, that it has no room for, and that it never keeps.
SIZES = {"kept.bin": 900_000, "displaced.bin": 900_001, "large.bin": 5 * 2**20}
CLIENTS = 40


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("asked", ["", "bytes=1-800000", "bytes=1-400000,500000-800000"])
@pytest.mark.parametrize("wrapper", [FileWrapper, None])
def test_what_a_waiting_response_holds(
    make_app: MakeApp, static_folder: Path, name: str, asked: str, wrapper: Any
) -> None:
    """A response holds a chunk of its own at most, as the body in memory is shared."""
    for file, size in SIZES.items():
        (static_folder / file).write_bytes(os.urandom(size))
    app = make_app(STATIC_OPTIMIZER_MEMORY=1_200_000)
    app.test_client().get("/")
    app.test_client().get("/static/kept.bin")

    def ask() -> tuple[Any, Any]:
        headers = {"Range": asked} if asked else {}
        environ = create_environ(f"/static/{name}", headers=headers)
        if wrapper:
            environ["wsgi.file_wrapper"] = wrapper
        body = app.wsgi_app(environ, lambda *_: None)
        chunks = iter(body)
        return body, (chunks, next(chunks))

    waiting = [ask()]
    gc.collect()
    tracemalloc.start()
    try:
        waiting += [ask() for _ in range(CLIENTS)]
        held = tracemalloc.get_traced_memory()[0] / CLIENTS
    finally:
        tracemalloc.stop()
        for body, _ in waiting:
            getattr(body, "close", lambda: None)()
    assert held < 2**17
