"""A pytest plugin that writes what every test came to, and was answered, to a JSON file."""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import _pytest.monkeypatch
import pytest
from flask import Flask, has_request_context, request

#: What else a run counted; ``optimized`` adds to it.
counts: Counter[str] = Counter()

_outcomes: dict[str, tuple[str, str]] = {}

#: By test: the requests that its apps were sent, each with the head of the response.
_answers: dict[str, list[str]] = {}

#: Headers whose values hold a time, or the length of one, or are random.
_CHANGING = frozenset(
    {"content-length", "date", "etag", "expires", "last-modified", "x-csrf-token"}
)

_wsgi_app = Flask.wsgi_app

if not hasattr(_pytest.monkeypatch, "notset"):
    # Flask's tests use a name that newer versions of pytest no longer have.
    from _pytest.compat import NOTSET

    _pytest.monkeypatch.notset = NOTSET  # type: ignore[attr-defined]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--outcomes", type=Path, required=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or not report.passed:
        _note(report.nodeid, _outcome(report), report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if not report.passed:
        _note(report.nodeid, "skipped" if report.skipped else "not collected", report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    found = {"tests": _outcomes, "answers": _answers, "counts": counts}
    session.config.getoption("outcomes").write_text(json.dumps(found), "utf-8")


@functools.wraps(_wsgi_app)
def _listening(self: Flask, environ: dict[str, Any], start_response: Any) -> Any:
    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        lines = [f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}", status]
        # What is static gets other headers: that is what the extension is for.
        endpoint = request.endpoint if has_request_context() else None
        if not (endpoint or "").endswith("static"):
            lines += [_header(name, value) for name, value in headers]
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        _answers.setdefault(test, []).append("\n".join(lines))
        return start_response(status, headers, *rest)

    return _wsgi_app(self, environ, start)


Flask.wsgi_app = _listening  # type: ignore[method-assign]


def _header(name: str, value: str) -> str:
    if name.lower() in _CHANGING:
        value = "..."
    if name.lower() == "set-cookie":
        # A cookie's value is signed with the time, or random.
        value = re.sub(r"(^[^=]+=|expires=)[^;]+", r"\1...", value, flags=re.IGNORECASE)
    return f"{name}: {value}"


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed and report.when != "call":
        return f"error in {report.when}"
    return report.outcome


def _note(test: str, outcome: str, report: pytest.TestReport | pytest.CollectReport) -> None:
    # A test whose teardown fails too is reported twice.
    _, before = _outcomes.get(test, ("", ""))
    skip = report.longrepr[2] if isinstance(report.longrepr, tuple) else None
    _outcomes[test] = (outcome, f"{before}{skip or report.longreprtext}")
