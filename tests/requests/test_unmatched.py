"""Rules whose globs match no file are told, and looking for files costs little."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.requests import unmatched
from flask_static_optimizer.requests.unmatched import rules_without_files

MakeApp = Callable[..., Flask]


def unmatched_rules(app: Flask, *, whole: bool = False) -> dict[str, str]:
    """Return the rules that match no file, with what each may have meant."""
    endpoints = app.extensions["static_optimizer"].endpoints
    return {found.rule.key: found.nearest for found in rules_without_files(endpoints, whole=whole)}


@pytest.mark.parametrize(
    ("glob", "nearest"),
    [
        ("privat/*", "private"),
        ("private/report.pfd", "private/report.pdf"),
        ("app.cs", "app.css"),
        ("private/", ""),
        ("private", ""),
        ("*.jpeg", ""),
        ("private/*.png", ""),
        ("Private/*", "private"),
        ("./private/*", ""),
        ("../static/*", ""),
        ("elsewhere/[ab]/*", ""),
    ],
)
def test_a_glob_without_a_file(make_app: MakeApp, glob: str, nearest: str) -> None:
    app = make_app(STATIC_OPTIMIZER_RULES={f"static:{glob}": {"session": "protected"}})
    assert unmatched_rules(app) == {f"static:{glob}": nearest}


@pytest.mark.parametrize(
    "glob", ["private/*", "*.pdf", "*", "private/report.pdf", "pri*", "*/report.*", "app.[cj]s*"]
)
def test_a_glob_with_a_file(make_app: MakeApp, glob: str) -> None:
    assert unmatched_rules(make_app(STATIC_OPTIMIZER_RULES={f"static:{glob}": {}})) == {}


def test_files_of_a_view_are_not_known(make_app: MakeApp) -> None:
    def declare(app: Flask) -> None:
        for url in ("/photos/<name>", "/plain"):
            app.get(url, endpoint=f"x{url}")(cacheable_static(lambda **_: ""))

    rules = {"x/photos*:a/*": {}, "x/plain:a/*": {}, "*:a/*": {}, "[sx]*[cn]:a/*": {}}
    # What the first and the third match may have such names; the others have none.
    app = make_app(after=declare, STATIC_OPTIMIZER_RULES=rules)
    assert unmatched_rules(app) == {"x/plain:a/*": "", "[sx]*[cn]:a/*": ""}


def test_a_folder_that_is_large_is_not_looked_through(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0
    scandir = os.scandir

    class Counted:
        def __init__(self, path: str) -> None:
            self._entries = scandir(path)

        def __enter__(self) -> Counted:
            return self

        def __exit__(self, *_: object) -> None:
            self._entries.close()

        def __iter__(self) -> Counted:
            return self

        def __next__(self) -> os.DirEntry[str]:
            nonlocal seen
            entry = next(self._entries)
            seen += 1
            return entry

    for number in range(50):
        (static_folder / f"{number}.txt").touch()
    monkeypatch.setattr(unmatched, "_FOR_RULE", 20)
    monkeypatch.setattr(unmatched, "_FOR_ALL", 50)
    monkeypatch.setattr(os, "scandir", Counted)
    rules = {f"static:*.{number}": {} for number in range(10)} | {"static:privat/*": {}}
    app = make_app(STATIC_OPTIMIZER_RULES=rules)
    assert [*unmatched_rules(app)] == ["static:privat/*"]
    one_more_each, for_the_hint = len(rules), 21
    assert seen <= 50 + one_more_each + for_the_hint
    assert len(unmatched_rules(app, whole=True)) == len(rules)


def test_a_circle_of_links_is_left(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "round").symlink_to(static_folder)
    app = make_app(STATIC_OPTIMIZER_RULES={"static:*.jpeg": {}})
    assert unmatched_rules(app, whole=True) == {"static:*.jpeg": ""}


def test_it_is_told_once_in_each_app(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(STATIC_OPTIMIZER_RULES={"static:privat/*": {"session": "protected"}})
    assert not caplog.records
    for _ in range(2):
        app.test_client().get("/")
    (record,) = caplog.records
    assert "Did you mean 'private'?" in record.getMessage()
