"""Warnings: each once, and not without end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, render_template_string

from flask_static_optimizer.monitoring.log import MOST_OF_A_KIND

MakeApp = Callable[..., Flask]


def test_names_that_views_choose(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log nor its memory grows with them, and nothing is said twice."""
    app = make_app()
    log = app.extensions["static_optimizer"].log
    with app.test_request_context():
        for _ in range(2):
            for number in range(MOST_OF_A_KIND + 50):
                render_template_string("{{ static_integrity(name) }}", name=f"{number}.css")
    said = [each for each in caplog.messages if "static_integrity" in each]
    assert len(said) == len({*said}) == MOST_OF_A_KIND + 1
    assert "no more of them" in caplog.messages[-1]
    assert len(caplog.messages) == MOST_OF_A_KIND + 2
    assert len(log.occasions("integrity")) == MOST_OF_A_KIND + 1


def test_other_warnings_are_still_logged(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    log = make_app().extensions["static_optimizer"].log
    for number in range(MOST_OF_A_KIND + 50):
        log.warn_once(("names", number), "name %s", number)
    caplog.clear()
    for _ in range(2):
        log.warn_once(("guards", "a"), "guard")
        log.warn_once("a word", "word")
    assert caplog.messages == ["guard", "word"]
    assert log.occasions("guards") == [("guards", "a")]
    assert log.occasions("a word") == []
