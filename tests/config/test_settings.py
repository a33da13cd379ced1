"""Configuration: what is read, and how loudly it is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_static_optimizer import ConfigurationError
from flask_static_optimizer.config.settings import Settings


def read(**config: Any) -> Settings:
    return Settings.from_config({f"STATIC_OPTIMIZER_{key}": value for key, value in config.items()})


def test_defaults() -> None:
    assert Settings.from_config({"SECRET_KEY": "x"}) == Settings()


def test_every_key_is_read() -> None:
    settings = read(
        ENABLED=True,
        RULES={"static": {"session": "protected"}, "charts.*:*.png": {"max_age": 60}},
        UNVERSIONED_MAX_AGE=timedelta(minutes=5),
        SESSION="protected",
        PUBLIC=True,
        CDN_CACHE_CONTROL="max-age=86400",
    )
    assert settings.unversioned_max_age == 300
    assert settings.session == "protected"
    assert settings.public is True
    assert settings.cdn_cache_control == "max-age=86400"
    assert [rule.key for rule in settings.rules] == ["static", "charts.*:*.png"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"UNVERSIONED_MAXAGE": 5}, ["STATIC_OPTIMIZER_UNVERSIONED_MAXAGE=5", "no setting; did you"
                                     " mean STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE?"]),
        ({"ZZZZ": 5}, ["STATIC_OPTIMIZER_ZZZZ=5", "CACHE_DIR, "]),
        ({"ENABLED": "yes"}, ["STATIC_OPTIMIZER_ENABLED", "'yes'", "True or False"]),
        ({"ENABLED": 1}, ["STATIC_OPTIMIZER_ENABLED", "True or False"]),
        ({"UNVERSIONED_MAX_AGE": -1}, ["STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE", "-1", "from 0"]),
        ({"UNVERSIONED_MAX_AGE": float("nan")}, ["nan"]),
        ({"UNVERSIONED_MAX_AGE": float("inf")}, ["inf"]),
        ({"UNVERSIONED_MAX_AGE": 2**31 + 1}, ["2147483648"]),
        ({"UNVERSIONED_MAX_AGE": 0.5}, ["0.5", "whole number"]),
        *(({"VITE_SERVER": value}, ["STATIC_OPTIMIZER_VITE_SERVER", repr(value),
                                    "'http://localhost:5173'", "False"])
          for value in (True, 5173, "localhost:5173", "http://", "http://a b", "http://a/?b",
                        "http://ada:secret@a", "http://a\n", "javascript:alert(1)//", "")),
        ({"CDN_CACHE_CONTROL": "\u65e5"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"UNVERSIONED_MAX_AGE": True}, ["True", "seconds"]),
        ({"UNVERSIONED_MAX_AGE": "1h"}, ["'1h'", "seconds"]),
        ({"SESSION": "readonly"}, ["'readonly'", "'isolated' or 'protected'"]),
        ({"PUBLIC": None, "CDN_CACHE_CONTROL": ""}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"CDN_CACHE_CONTROL": "max-age=1\r\nX: y"}, ["STATIC_OPTIMIZER_CDN_CACHE_CONTROL"]),
        ({"RULES": {"static:/private/*": {}}}, ["first '/'"]),
        ({"RULES": {"static": {}, "static:*.css": {"max_age": 5}}},
         ["RULES['static:*.css'] is never reached", "'static' before it"]),
        ({"RULES": {"*": {}, "shop.static": {"max_age": 5}}}, ["shop.static", "'*' before it"]),
        ({"APP": "x:y"}, ["STATIC_OPTIMIZER_APP", " is: CACHE_DIR"]),
        ({"RULES": ["static"]}, ["STATIC_OPTIMIZER_RULES", "mapping"]),
        ({"RULES": {"": {}}}, ["endpoint glob"]),
        ({"RULES": {"static": True}}, ["RULES['static']", "False to leave"]),
        ({"RULES": {"static": {"max-age": 5}}}, ["RULES['static']", "'max-age'", "'max_age'"]),
        ({"RULES": {"static": {"max_age": -5}}}, ["RULES['static']", "max_age", "-5"]),
        ({"RULES": {"static": {"immutable": "no"}}}, ["immutable", "True or False"]),
        ({"RULES": {"static": {"vary": ["*"]}}}, ["vary", "header name"]),
        ({"RULES": {"static": {"vary": 5}}}, ["vary", "list of header names"]),
        ({"RULES": {"static": {"session": "protected", "immutable": True}}},
         ["immutable", "contradicts session='protected'"]),
        ({"RULES": {"static": {"session": "protected", "max_age": 9}}}, ["max_age", "contradicts"]),
        ({"RULES": {"static": {"immutable": True, "max_age": 0}}}, ["immutable", "max_age=0"]),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(config: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**config)
    for word in words:
        assert word in str(caught.value)


def test_from_prefixed_env(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {"charts.*": {"max_age": 3600}, "static:private/*": {"session": "protected"}}
    monkeypatch.setenv("FLASK_STATIC_OPTIMIZER_RULES", json.dumps(rules))
    monkeypatch.setenv("FLASK_STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE", "60")
    monkeypatch.setenv("FLASK_STATIC_OPTIMIZER_PUBLIC", "true")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    settings = Settings.from_config(app.config)
    assert settings.unversioned_max_age == 60
    assert settings.public is True
    assert [rule.fields for rule in settings.rules] == list(rules.values())


@pytest.mark.needs("python>=3.11", "for tomllib")
def test_toml() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")
    text = """
    STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE = 60
    [STATIC_OPTIMIZER_RULES]
    "static:private/*" = {session = "protected"}
    "legacy.static" = false
    """
    settings = Settings.from_config(tomllib.loads(text))
    assert settings.unversioned_max_age == 60
    assert [rule.fields for rule in settings.rules] == [{"session": "protected"}, None]


@pytest.mark.parametrize(
    ("key", "filename", "covered"),
    [
        ("static", None, True),
        ("static:private/*", "private/a.pdf", True),
        ("static:private/*", "private/deep/a.pdf", True),
        ("static:private/*", "./private/a.pdf", True),
        ("static:private/*", "css/../private/a.pdf", True),
        ("static:private/*", "public/a.pdf", False),
        ("static:private/*", None, False),
        ("static:*.css", "a.CSS", False),
    ],
)
def test_rules_go_by_the_name_that_is_served(key: str, filename: str, covered: bool) -> None:
    (rule,) = read(RULES={key: {}}).rules
    assert rule.covers(filename) is covered
