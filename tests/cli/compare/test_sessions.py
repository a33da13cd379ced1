"""The calls of an app's own session interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.cli.compare.sessions import counted_sessions
from flask_static_optimizer.cli.compare.tally import Counts


class Interface(SecureCookieSessionInterface):
    """An interface of the app's own."""


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("optimize", "expected"), [(False, Counts(2, 2)), (True, Counts(1, 1))])
def test_what_reaches_the_interface_counts(
    tmp_path: Path, own: bool, optimize: bool, expected: Counts
) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("p {}")
    app = Flask("site", root_path=str(tmp_path))
    app.secret_key = "k"
    app.add_url_rule("/", view_func=lambda: "page", endpoint="page")
    # With a hook a file goes through Flask, which opens a session of the extension's own.
    app.before_request(lambda: None)
    if own:
        app.session_interface = Interface()
    if optimize:
        StaticOptimizer(app)
    with counted_sessions(app) as counts:
        for path in ("/", "/static/a.css"):
            app.test_client().get(path).close()
        assert counts() == expected
    app.test_client().get("/").close()
    assert counts() == expected
    assert "open_session" not in vars(Interface)
