"""The API reference has all that is public, and public docstrings say all that is asked of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

import flask_static_optimizer
from docs.pages import ROOT
from flask_static_optimizer import StaticOptimizer, cacheable_static, is_static_request
from flask_static_optimizer.config.policy import FILE_FIELDS, CachePolicy
from flask_static_optimizer.monitoring.counters import Stats

REFERENCE = (ROOT / "docs" / "api.md").read_text("utf-8")

CALLED: list[Callable[..., Any]] = [
    StaticOptimizer.init_app,
    StaticOptimizer.purge,
    CachePolicy.build,
    is_static_request,
    Stats.figures,
]


def test_everything_public_is_there() -> None:
    for name in flask_static_optimizer.__all__:
        pattern = rf"^\.\. auto\w+:: flask_static_optimizer\.(\w+\.)*{name}$"
        assert re.search(pattern, REFERENCE, re.MULTILINE), name


@pytest.mark.parametrize("function", CALLED, ids=lambda function: function.__qualname__)
def test_parameters_are_described(function: Callable[..., Any]) -> None:
    said = re.findall(r":param (\w+):", inspect.getdoc(function) or "")
    assert said == [name for name in inspect.signature(function).parameters if name != "self"]


def test_the_decorator_describes_every_field() -> None:
    """The decorator's reference describes every field of a policy that a view can have."""
    said = re.findall(r":param (\w+):", inspect.getdoc(cacheable_static) or "")
    assert set(said) == set(inspect.signature(CachePolicy).parameters) - FILE_FIELDS


def test_the_version_is_in_one_place() -> None:
    assert version("flask-static-optimizer") == flask_static_optimizer.__version__
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert flask_static_optimizer.__version__ not in re.findall(r'"(\d+\.\d+\.\d+)"', project)
