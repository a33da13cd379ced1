"""The lane's inlined fast path against the one place that judges conditions and ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from conftest import CSS

MakeApp = Callable[..., Flask]

ETAGS = st.sampled_from(["{etag}", "W/{etag}", '"other"', "*", "{etag}, x", "", "{etag} "])
DATES = st.sampled_from(["{date}", "Thu, 01 Jan 1970 00:00:00 GMT", "no date", ""])

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "If-None-Match": ETAGS,
        "If-Match": ETAGS,
        "If-Modified-Since": DATES,
        "If-Unmodified-Since": DATES,
        "If-Range": st.one_of(ETAGS, DATES),
        "Range": st.sampled_from(["bytes=0-9", "bytes=-0", "bytes=99999999-", "bytes=0-1,4-5"]),
        "Accept-Encoding": st.sampled_from(["br", "gzip", "identity", "br;q=0"]),
    },
)


@pytest.fixture
def app(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Make an app whose lane knows one small file in all its codings."""
    monkeypatch.setattr("flask_static_optimizer.http.ranges.secrets.token_hex", lambda _: "b")
    app = make_app()
    client = app.test_client()
    for coding in ("", "br", "gzip", "identity", "br;q=0"):
        for _ in range(2):
            client.get("/static/app.css", headers={"Accept-Encoding": coding} if coding else {})
    return app


@pytest.mark.usefixtures("settled")
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(method=st.sampled_from(["GET", "HEAD"]), fields=FIELDS)
def test_same_answer_as_representation(app: Flask, method: str, fields: dict[str, str]) -> None:
    """Whatever the fast path answers is what the representation itself would answer."""
    lane = app.extensions["static_optimizer"].lane
    coding = fields.get("Accept-Encoding")
    plain: dict[str, str] = {} if coding is None else {"Accept-Encoding": coding}
    known = lane._answers[_key(plain)]
    said = {"etag": known.etag, "date": known.last_modified}
    headers = {name: value.format(**said) for name, value in fields.items()}
    environ = EnvironBuilder("/static/app.css", method=method, headers=headers).get_environ()
    if "If-Range" in fields:
        known = lane._files.find(app, environ)
    expected = known.answer(dict(environ))
    body, status, answered = run_wsgi_app(lane.wsgi_app, environ)
    if expected is None:
        assert status[:3] in ("412", "416")
        return
    assert (int(status[:3]), list(answered)) == (expected.status, expected.headers)
    assert b"".join(body) == b"".join(expected.body)
    assert len(CSS) > 256, "or there are no codings"


def _key(headers: dict[str, Any]) -> tuple[str | None, ...]:
    environ = EnvironBuilder("/static/app.css", headers=headers).get_environ()
    return (
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ.get("HTTP_ACCEPT_ENCODING"),
        environ["HTTP_HOST"],
    )
