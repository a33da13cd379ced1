"""What the commands say of what is misspelt, and of URLs that were given."""

from __future__ import annotations

import pytest

from flask_static_optimizer import cacheable_static


def with_avatars(app):
    @app.get("/login")
    def login():
        return "login"

    @app.get("/avatars/<int:user_id>.svg")
    @cacheable_static
    def avatar(user_id):
        return f"<svg>{user_id}</svg>"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("static/private/*", "static:private/*"),
        ("/static/private/*", "static:private/*"),
        ("statc:private/*", "static:private/*"),
        ("logn", "login"),
    ],
)
def test_a_rule_that_matches_no_endpoint(make_app, audited, caplog, key, meant):
    """The audit and the log ask whether the nearest key was meant."""
    app = make_app(STATIC_OPTIMIZER_RULES={key: {"max_age": 5}}, before=with_avatars)
    assert f"did you mean {meant!r}?" in audited(app).findings["rule-unmatched"]["fix"]
    app.test_client().get("/login")
    assert f"did you mean {meant!r}?" in caplog.text


def test_a_rule_that_is_like_nothing(make_app, audited):
    """Nothing is guessed."""
    found = audited(make_app(STATIC_OPTIMIZER_RULES={"zzzz": {"max_age": 5}})).findings[
        "rule-unmatched"
    ]
    assert "did you mean" not in found["fix"]


def test_a_url_without_a_rule(make_app, audited):
    """There is no view that could be decorated."""
    found = audited(make_app(), "--url", "/nope").findings["not-static"]
    assert "no URL rule matches" in found["problem"]
    assert "decorate" not in found["fix"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("ap.css", "no file 'ap.css' in a static folder; did you mean 'app.css'?"),
        ("zzzz", "no file 'zzzz' in a static folder\n"),
    ],
)
def test_explain_a_file_that_is_not_there(make_app, given, words):
    """It says so, and names one that is like it."""
    result = make_app().test_cli_runner().invoke(args=["static", "explain", given])
    assert words in result.output
