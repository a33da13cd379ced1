"""What is said of guards in front of static files, and the rule that is proposed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, abort, request, session

from flask_static_optimizer.config.protecting import narrowest_keys

pytestmark = pytest.mark.usefixtures("settled")

RULE = 'STATIC_OPTIMIZER_RULES = {"static:private/*": {"session": "protected"}}'


def guard(app: Flask) -> None:
    @app.before_request
    def refuse() -> None:
        if request.path.startswith("/static/private/") and "user" not in session:
            abort(403)

    @app.before_request
    def other() -> None:
        pass


@pytest.mark.parametrize(
    ("refused", "passed", "keys"),
    [
        ({"private/a"}, {"b"}, ["s:private/*"]),
        ({"p/x/a", "p/x/b"}, {"p/c"}, ["s:p/x/*"]),
        ({"p/x/a", "p/y/b"}, {"c"}, ["s:p/*"]),
        ({"p/a", "q/b"}, {"c", "q/d"}, ["s:p/*", "s:q/b"]),
        ({"a"}, {"b"}, ["s:a"]),
        ({"[a]"}, {"b"}, ["s:[[]a]"]),
        ({"a"}, set(), ["s"]),
    ],
)
def test_the_narrowest_rule(refused: set[str], passed: set[str], keys: list[str]) -> None:
    assert narrowest_keys("s", refused, passed) == keys


@pytest.mark.parametrize(
    ("express", "code"), [(False, "guard-not-protected"), (True, "guard-passed")]
)
def test_the_audit(make_app: Any, audited: Any, express: bool, code: str) -> None:
    found = audited(make_app(before=guard, STATIC_OPTIMIZER_EXPRESS=express)).findings
    assert found[code]["severity"] == "error"
    assert found[code]["fix"] == RULE
    rules = {"static:private/*": {"session": "protected"}}
    app = make_app(before=guard, STATIC_OPTIMIZER_EXPRESS=express, STATIC_OPTIMIZER_RULES=rules)
    assert code not in audited(app).findings


def explained(app: Flask, path: str) -> str:
    said = app.test_cli_runner().invoke(args=["static", "explain", path])
    return " ".join(said.output.split())


def test_explain_offers_no_express_for_what_is_refused(make_app: Any) -> None:
    app = make_app(before=guard)
    said = explained(app, "/static/private/report.pdf")
    assert "EXPRESS" not in said
    assert RULE in said
    assert "If none of them guards files" in explained(app, "/static/app.css")
    rules = {"static:private/*": {"session": "protected"}}
    said = explained(
        make_app(before=guard, STATIC_OPTIMIZER_RULES=rules), "/static/private/report.pdf"
    )
    assert "EXPRESS" not in said
    assert "The rule 'static:private/*' protects it" in said


def test_explain_says_first_what_passes_a_guard(make_app: Any) -> None:
    app = make_app(before=guard, STATIC_OPTIMIZER_EXPRESS=True)
    said = explained(app, "/static/private/report.pdf")
    assert said.index("everybody gets it") < said.index("Endpoint")
    assert RULE in said
    assert "Status 200 what visitors get, not the 403" in said
    assert "no-store" not in said


def test_the_log_names_the_folder(make_app: Any, caplog: pytest.LogCaptureFixture) -> None:
    make_app(before=guard).test_client().get("/static/private/report.pdf")
    assert RULE in caplog.text
