"""The audit of bundlers' manifests, and of a development server that was left in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("settled")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "manifest-broken"),
        ("[]", "manifest-broken"),
        (json.dumps({"main.js": "main.8a2f9c11.js"}), "manifest-files"),
        (None, "manifest-missing"),
        (json.dumps({"app.css": "app.css"}), None),
    ],
)
def test_manifests(
    make_app: Any, static_folder: Path, audited: Callable[..., Any], text: str | None, code: str
) -> None:
    if text is not None:
        (static_folder / "manifest.json").write_text(text)
    found = audited(make_app(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])).findings
    told = {each for each in found if each.startswith("manifest")}
    assert told == ({code} if code else set())
    if code:
        assert "manifest.json" in found[code]["places"][0]


def test_a_development_server(make_app: Any, audited: Callable[..., Any]) -> None:
    app = make_app(STATIC_OPTIMIZER_VITE_SERVER="http://localhost:5173")
    assert audited(app).findings["vite-server"]["places"] == ["http://localhost:5173"]
    assert "vite-server" not in audited(make_app()).findings
