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


PAGE = "<p>\n{{ static_entry('src/main.js') }}\n{{ static_entry(name, 'a.js', endpoint=where) }}"


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, ["finds no manifest", "STATIC_OPTIMIZER_MANIFESTS"]),
        ("none.json", ["is not there in", "build"]),
        ({"src/mian.js": {"file": "main.js", "isEntry": True}}, ["no such entry", "src/mian.js"]),
        ({"src/main.js": {"file": "main.js", "isEntry": True}}, None),
    ],
)
def test_an_entry_in_a_template(
    make_app: Any,
    static_folder: Path,
    template: Callable[..., Path],
    audited: Callable[..., Any],
    manifest: Any,
    words: list[str] | None,
) -> None:
    """It is named with its line where no manifest has it, and also where there is none at all."""
    path = template(PAGE)
    (static_folder / "main.js").write_text("var one = 1")
    config = {}
    if manifest is not None:
        name = manifest if isinstance(manifest, str) else "manifest.json"
        config["STATIC_OPTIMIZER_MANIFESTS"] = [name]
        if not isinstance(manifest, str):
            (static_folder / name).write_text(json.dumps(manifest))
    found = audited(make_app(**config)).findings
    if words is None:
        assert found == {}
        return
    finding = found["entry-missing"]
    assert finding["severity"] == "error"
    assert len(finding["places"]) == 1
    assert finding["places"][0].startswith(f"{path}:2: static_entry('src/main.js')")
    for word in words:
        assert word in finding["places"][0] + finding["fix"]


def test_entries_of_others(
    make_app: Any, template: Callable[..., Path], audited: Callable[..., Any]
) -> None:
    """A development server has its own entries, and so has a helper of the app's own."""
    template(PAGE)

    def helped(app: Any) -> None:
        app.context_processor(lambda: {"static_entry": lambda *names, **_: ""})

    assert audited(make_app(before=helped)).findings == {}
    assert audited(make_app(after=helped)).findings == {}
    found = audited(make_app(STATIC_OPTIMIZER_VITE_SERVER="http://localhost:5173")).findings
    assert [*found] == ["vite-server"]
