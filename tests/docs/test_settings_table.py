"""The configuration page says what the classes that read the configuration say."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import field, fields, make_dataclass
from types import ModuleType

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


def test_the_page_is_up_to_date(tables: ModuleType) -> None:
    page = tables.PAGE.read_text("utf-8")
    assert page == tables.renewed(page), "run: python docs/_ext/settings_table.py"
    for table in tables.TABLES.values():
        assert table() in page


def test_every_key_is_described(tables: ModuleType) -> None:
    """Every key has its default and a description in the table."""
    found = rows(tables.settings_table())
    assert [key for key, _, _ in found] == [f"`{PREFIX}{f.name.upper()}`" for f in fields(Settings)]
    assert {key.strip("`").removeprefix(PREFIX) for key, _, _ in found} == set(_READERS)
    for key, default, meaning in found:
        # What the page calls the default has to be one that can be set, and to change nothing.
        config = {key.strip("`"): ast.literal_eval(default.strip("`"))}
        assert Settings.from_config(config) == Settings(), key
        assert len(meaning) > 15, key


def test_every_policy_field_is_described(tables: ModuleType) -> None:
    """Every field of a policy has a description in the table."""
    found = rows(tables.policy_table())
    assert [name.strip("`") for name, _ in found] == [f.name for f in fields(CachePolicy)]
    assert all(len(meaning) > 15 for _, meaning in found)


def test_a_field_without_a_comment_is_refused(tables: ModuleType) -> None:
    silent = make_dataclass("Silent", [("key", bool, field(default=True))])
    silent.__module__ = "flask_static_optimizer.config.settings"
    with pytest.raises(tables.UndocumentedError, match=r"Silent\.key"):
        list(tables.documented(silent))
