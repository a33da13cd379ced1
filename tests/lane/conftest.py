"""What the tests of the lane share."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response

from flask_static_optimizer.lane.steps import Steps


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the path of each request whose steps the lane takes."""
    taken: list[str] = []
    dispatched = Steps._dispatched

    def noted(self: Steps, app: Flask, match: Any, known: Any, this: Any) -> Response:
        taken.append(this.path)
        return dispatched(self, app, match, known, this)

    monkeypatch.setattr(Steps, "_dispatched", noted)
    return taken
