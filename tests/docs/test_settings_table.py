"""The configuration page says what the classes that read the configuration say."""

from __future__ import annotations

import ast
import importlib.util
import re
from types import ModuleType
from typing import NamedTuple

import pytest

from docs.pages import ROOT
from flask_static_optimizer.config.names import PREFIX
from flask_static_optimizer.config.policy import CachePolicy
from flask_static_optimizer.config.settings import _READERS, Settings


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "settings_table", ROOT / "docs" / "_ext" / "settings_table.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.splitlines()[2:]
    ]


def keys(text: str) -> list[list[str]]:
    """Read the keys of the page: name, default and meaning of each."""
    found = re.findall(r"^### (\w+)\n\nDefault: `(.+)`\n\n(.+)\n$", text, re.MULTILINE)
    return [list(key) for key in found]


def test_the_page_is_up_to_date(tables: ModuleType) -> None:
    page = tables.PAGE.read_text("utf-8")
    assert page == tables.renewed(page), "run: python docs/_ext/settings_table.py"
    for table in tables.TABLES.values():
        assert table() in page


def test_every_key_is_described(tables: ModuleType) -> None:
    """Every key has its default and a description, under a heading of its own."""
    found = keys(tables.settings_list())
    assert sorted(key for key, _, _ in found) == sorted(PREFIX + name for name in _READERS)
    assert {name.lower() for name in _READERS} == set(Settings._fields)
    for key, default, meaning in found:
        # What the page calls the default has to be one that can be set, and to change nothing.
        config = {key: ast.literal_eval(default)}
        assert Settings.from_config(config) == Settings(), key
        assert len(meaning) > 15, key


def test_groups_name_keys_that_there_are(tables: ModuleType) -> None:
    """Each key is in one group at most, and the list above the groups leads to each."""
    named = [name for names in tables.GROUPS.values() for name in names]
    assert len(named) == len(set(named))
    assert set(named) <= set(Settings._fields)
    linked = re.findall(r"\[(\w+)\]\(#(\w+)\)", tables.settings_list())
    assert [name for name, anchor in linked if anchor == f"{PREFIX}{name}".lower()] == [
        key.removeprefix(PREFIX) for key, _, _ in keys(tables.settings_list())
    ]


def test_every_policy_field_is_described(tables: ModuleType) -> None:
    """Every field of a policy has a description in the table."""
    found = rows(tables.policy_table())
    assert [name.strip("`") for name, _ in found] == list(CachePolicy._fields)
    assert all(len(meaning) > 15 for _, meaning in found)


def test_a_field_without_a_comment_is_refused(tables: ModuleType) -> None:
    class Silent(NamedTuple):
        key: bool

    Silent.__module__ = "flask_static_optimizer.config.settings"
    with pytest.raises(tables.UndocumentedError, match=r"Silent\.key"):
        list(tables.documented(Silent))
