"""Apps with a companion extension, installed before ours or after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_session import Session

from conftest import RedisServer

Companion = Callable[[Flask], Any]


@pytest.fixture(params=["before", "after"])
def order(request: pytest.FixtureRequest) -> str:
    """Say if companions are installed before our extension or after it."""
    return str(request.param)


@pytest.fixture
def build(order: str, make_app: Callable[..., Flask], redis: RedisServer) -> Callable[..., Flask]:
    """Make an app with companions and sessions in Valkey, all before our extension or all after.

    ``optimize=False`` leaves ours out: what plain Flask does then is the control of a test.
    ``sessions=None`` leaves the session in Flask's signed cookie.
    """

    def build(*companions: Companion, sessions: str | None = "redis", **config: Any) -> Flask:
        def install(app: Flask) -> None:
            if sessions:
                Session(app)
            for companion in companions:
                companion(app)

        stored = {"SESSION_TYPE": sessions, "SESSION_REDIS": redis.client} if sessions else {}
        return make_app(**{order: install}, **stored, **config)

    return build


@pytest.fixture
def warnings_of(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Give a function that returns the extension's warnings so far."""
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.getMessage().startswith("static_optimizer")
    ]
