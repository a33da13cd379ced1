"""The rule that decides about a request, beside a walk through all rules in their order."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets.fingerprints import split
from flask_static_optimizer.config.errors import ConfigurationError
from flask_static_optimizer.config.globs import Glob
from flask_static_optimizer.config.rules import Rule, read_rules

PROTECTED = {"session": "protected"}
FINGERPRINT = "0123456789abcdef0123"

#: Names in a folder in which ``link`` leads to ``secret``.
NAMES = [
    "a.css",
    "secret/a.css",
    "secret/deep/b.css",
    "link/a.css",
    "./a.css",
    "secret/../a.css",
    f"a.{FINGERPRINT}.css",
    f"link/a.{FINGERPRINT}.css",
    "none/a.css",
]

ENDPOINTS = st.sampled_from(["static", "sta*", "*", "stat?c", "page", "p[a-b]ge", "other"])
FILES = st.sampled_from(
    ["", "a.css", "*.css", "secret/*", "link/*", "sec*", "secret/deep/?.css", "*/a.css", "[sl]*"]
)
KEYS = st.builds(lambda name, file: f"{name}:{file}" if file else name, ENDPOINTS, FILES)
VALUES: st.SearchStrategy[Any] = st.sampled_from([False, {}, {"max_age": 5}, PROTECTED])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    (folder / "secret/deep").mkdir(parents=True)
    (folder / "link").symlink_to("secret")
    return folder


def hidden(rules: dict[str, Any]) -> str | None:
    """Return the first rule that one before it hides, as far as that is plain."""
    keys = list(rules)
    for index, key in enumerate(keys):
        glob = key.partition(":")[0]
        literal = not set(glob) & set("*?[")
        for earlier in keys[:index]:
            if ":" not in earlier and (
                earlier in ("*", glob) or (literal and fnmatchcase(glob, earlier))
            ):
                return f"RULES[{key!r}] is never reached, as {earlier!r}"
    return None


def walk(rules: dict[str, Any], endpoint: str, names: Sequence[str | None]) -> str | None:
    """Return the key of the first rule that matches one of a file's names."""
    for key in rules:
        glob, colon, file = key.partition(":")
        if not fnmatchcase(endpoint, glob):
            continue
        if not colon or any(name and fnmatchcase(normpath(name), file) for name in names):
            return key
    return None


def strict(rules: dict[str, Any], key: str | None) -> bool:
    return key is not None and rules[key] in (False, PROTECTED)


@settings(deadline=None)
@given(rules=st.dictionaries(KEYS, VALUES, max_size=7))
def test_the_first_match_wins(folder: Path, rules: dict[str, Any]) -> None:
    app = Flask("walked", static_folder=str(folder), static_url_path="/static")
    app.config["STATIC_OPTIMIZER_RULES"] = rules
    problem = hidden(rules)
    if problem is not None:
        with pytest.raises(ConfigurationError) as error:
            StaticOptimizer(app)
        assert problem in str(error.value)
        return
    StaticOptimizer(app)
    endpoint = app.extensions["static_optimizer"].endpoints.get("static")
    for name in NAMES:
        found = split(name)
        names = [name, *(found[:1] if found else ())]
        key = walk(rules, "static", names)
        real = [each.replace("link/", "secret/") for each in names]
        by_real = walk(rules, "static", real)
        if strict(rules, by_real) and not strict(rules, key):
            key = by_real
        rule, policy = endpoint.choose({"filename": name})
        assert (rule and rule.key) == key, name
        assert (policy is None) == (key is not None and rules[key] is False)


def test_most_rules_are_never_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand rules those are compared with a file that begin as its name does."""
    asked: list[Glob] = []
    matches = Glob.matches

    def count(self: Glob, text: str) -> bool:
        asked.append(self)
        return matches(self, text)

    app = Flask("many", static_folder=str(folder), static_url_path="/static")
    app.config["STATIC_OPTIMIZER_RULES"] = {
        f"static:folder{number}/*": {"max_age": number} for number in range(1000)
    }
    StaticOptimizer(app)
    endpoint = app.extensions["static_optimizer"].endpoints.get("static")
    monkeypatch.setattr(Glob, "matches", count)
    rule, policy = endpoint.choose({"filename": "folder500/a.css"})
    assert (rule.key, policy.max_age) == ("static:folder500/*", 500)
    assert len(asked) <= 2


def test_rules_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check at the first request reads no configuration that is as it was."""
    read = []
    parse = Rule.parse

    def count(key: object, value: object) -> Rule:
        read.append(key)
        return parse(key, value)

    monkeypatch.setattr(Rule, "parse", count)
    app = Flask("once")
    app.config["STATIC_OPTIMIZER_RULES"] = {"static:a/*": {"max_age": 5}}
    StaticOptimizer(app)
    app.test_client().get("/static/a/b.css")
    assert read == ["static:a/*"]


def test_a_rule_that_was_changed_in_place_is_refused() -> None:
    app = Flask("changed")
    app.config["STATIC_OPTIMIZER_RULES"] = {"static:a/*": {"max_age": 5}}
    StaticOptimizer(app)
    app.config["STATIC_OPTIMIZER_RULES"]["static:a/*"]["max_age"] = 6
    app.testing = True
    with pytest.raises(ConfigurationError, match="RULES was set after"):
        app.test_client().get("/static/a/b.css")


def test_equal_rules_are_equal() -> None:
    assert read_rules("R", {"a:b*": {}}) == read_rules("R", {"a:b*": {}})
    assert read_rules("R", {"a:b*": {}}) != read_rules("R", {"a:c*": {}})
