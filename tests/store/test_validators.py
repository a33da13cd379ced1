"""``etag`` and ``last_modified`` of a policy: a 304 before the view runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask, Response, make_response, request, send_file, session
from freezegun import freeze_time
from werkzeug.http import http_date

from flask_static_optimizer import ConfigurationError, cacheable_static

from .conftest import Stored, status_of

Serve = Callable[..., Stored]

LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("tag", ["v1", '"v1"', 'W/"v1"'])
@pytest.mark.parametrize("store", [None, False])
def test_an_etag_answers_304_before_the_view_runs(
    serve: Serve, tag: str, store: bool | None
) -> None:
    asked: list[Any] = []

    def etag(number: int) -> str:
        asked.append(number)
        return tag

    stored = serve(path="/thing/<int:number>", etag=etag, store=store)
    cold = stored.get("/thing/7", headers={"If-None-Match": f'"other", {tag.strip("W/")}, "v1"'})
    assert cold.status_code == 304
    assert stored.runs == []
    assert asked == [7]
    assert cold.headers["Cache-Control"] == "max-age=60"
    whole = stored.get("/thing/7")
    assert whole.headers["ETag"] == cold.headers["ETag"] == (tag if '"' in tag else '"v1"')
    assert len(stored.runs) == 1


def test_an_etag_that_changes_runs_the_view(serve: Serve) -> None:
    versions = ["v1"]
    stored = serve(etag=lambda: versions[-1], store=False)
    first = stored.get()
    versions.append("v2")
    second = stored.get(headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.headers["ETag"]) == (200, '"v2"')


def test_it_is_asked_before_the_view(serve: Serve) -> None:
    """A change in between is asked for once more, and never missed."""
    version = ["v1"]

    def view() -> str:
        version[0] = "v2"
        return "new"

    assert serve(view, etag=lambda: version[0]).get().headers["ETag"] == '"v1"'


@pytest.mark.parametrize(
    "value", [LONG_AGO, LONG_AGO.replace(tzinfo=None), LONG_AGO.timestamp(), 1577836800]
)
def test_a_date_answers_304_before_the_view_runs(serve: Serve, value: Any) -> None:
    stored = serve(last_modified=lambda: value, store=False)
    whole = stored.get()
    assert whole.headers["Last-Modified"] == http_date(LONG_AGO)
    assert "ETag" not in whole.headers  # or clients would send that, and it comes first
    same = stored.get(headers={"If-Modified-Since": http_date(LONG_AGO)})
    assert same.status_code == 304
    older = stored.get(headers={"If-Modified-Since": http_date(LONG_AGO - timedelta(seconds=1))})
    assert older.status_code == 200
    assert len(stored.runs) == 2


def test_a_date_alone_removes_the_views_etag(serve: Serve) -> None:
    """A date alone takes the view's own ETag away."""
    stored = serve(lambda: make_response("x", {"ETag": '"own"'}), last_modified=lambda: LONG_AGO)
    assert ["ETag" in stored.get().headers for _ in range(2)] == [False, False]
    same = stored.get(headers={"If-Modified-Since": http_date(LONG_AGO)})
    assert same.status_code == 304


def test_a_date_of_this_very_moment_is_not_told(serve: Serve) -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with freeze_time(now) as clock:
        stored = serve(last_modified=lambda: now, store=False)
        assert "Last-Modified" not in stored.get().headers
        clock.tick(3)
        assert stored.get().headers["Last-Modified"] == http_date(now)


def test_both(serve: Serve) -> None:
    stored = serve(etag=lambda: "v1", last_modified=lambda: LONG_AGO, store=False)
    since = {"If-Modified-Since": http_date(LONG_AGO)}
    assert stored.get(headers=since).status_code == 304
    assert stored.get(headers={**since, "If-None-Match": '"v0"'}).status_code == 200


def test_none_is_not_known(serve: Serve) -> None:
    stored = serve(lambda: "x", etag=lambda: None, last_modified=lambda: None, store=False)
    etag = stored.get().headers["ETag"]
    assert stored.get(headers={"If-None-Match": etag}).status_code == 304
    assert len(stored.runs) == 2


def test_over_a_views_own_validators(serve: Serve) -> None:
    """A policy's validators come over those that the view has set."""
    stored = serve(lambda: send_file(io.BytesIO(b"x"), "image/png", etag="own"), etag=lambda: "v1")
    assert [stored.get().headers["ETag"] for _ in range(2)] == ['"v1"'] * 2
    assert len(stored.runs) == 1


def test_an_error_gets_none(serve: Serve) -> None:
    response = serve(lambda: Response("no", 404), etag=lambda: "v1").get()
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_a_current_response_is_renewed(serve: Serve) -> None:
    """A stale response that is current is renewed without the view."""
    versions = ["v1"]
    with freeze_time("2026-01-01") as clock:
        stored = serve(max_age=10, etag=lambda: versions[-1], vary="Accept")
        stored.get()
        clock.tick(15)
        renewed = stored.get()
        assert renewed.text == "run 1"
        assert renewed.headers["Age"] == "0"
        assert status_of(renewed) == "fwd=stale; fwd-status=304; stored"
        clock.tick(5)
        assert status_of(stored.get()) == "hit"
        clock.tick(6)
        versions.append("v2")
        assert stored.get().text == "run 2"


def test_what_expires_at_a_date_is_not_renewed(serve: Serve) -> None:
    with freeze_time("2026-01-01") as clock:
        expires = {"Expires": "Thu, 01 Jan 2026 00:00:10 GMT"}
        stored = serve(lambda: make_response("x", expires), etag=lambda: "v1")
        stored.get()
        clock.tick(15)
        stored.get()
        assert len(stored.runs) == 2


def test_a_stored_response_is_not_asked_for(serve: Serve) -> None:
    asked: list[int] = []
    stored = serve(etag=lambda: asked.append(1) or "v1")
    stored.get()
    stored.get()
    stored.get(headers={"If-None-Match": '"v1"'})
    assert asked == [1]


def test_protected_views_may_look_at_the_session(serve: Serve) -> None:
    stored = serve(
        lambda: str(session.get("visits")), max_age=None, session="protected",
        etag=lambda: f"v{session.get('visits')}",
    )  # fmt: skip
    stored.client.get("/")
    response = stored.get(headers={"If-None-Match": '"v1"'})
    assert (response.status_code, stored.runs) == (304, [])
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.vary


def test_async_functions(serve: Serve) -> None:
    async def etag() -> str:
        return "v1"

    assert serve(etag=etag).get(headers={"If-None-Match": '"v1"'}).status_code == 304


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"etag": lambda: 5}, "the etag function of 'thing' gave 5"),
        ({"etag": lambda: ""}, "the etag function of 'thing' gave ''"),
        ({"etag": lambda: 'a"b'}, "give a string without spaces"),
        ({"etag": lambda: "a\r\nX: y"}, "give a string without spaces"),
        ({"last_modified": lambda: "today"}, "the last_modified function of 'thing' gave 'today'"),
        ({"last_modified": lambda: True}, "give a datetime"),
    ],
)
def test_an_impossible_validator_is_an_error(
    serve: Serve, policy: dict[str, Any], words: str
) -> None:
    """A value that can be no validator is an error that names the view."""
    with pytest.raises(TypeError, match="function of 'thing'") as caught:
        serve(**policy).get()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"etag": "v1"}, ["etag is 'v1'", "give a function"]),
        ({"last_modified": 5}, ["last_modified is 5", "give a function"]),
        ({"store": "yes"}, ["store is 'yes'", "True or False"]),
        ({"store": True, "session": "protected"}, ["store=True contradicts"]),
        ({"store": True, "max_age": 0}, ["store=True contradicts max_age=0"]),
        ({"tags": 5}, ["tags is 5", "list of names"]),
        ({"tags": [""]}, ["tags is ['']", "list of names"]),
    ],
)
def test_policies_that_cannot_be_meant(policy: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cacheable_static(**policy)
    for word in words:
        assert word in str(caught.value)


def test_rules_keep_what_the_decorator_says(make_app: Callable[..., Flask]) -> None:
    def add(app: Flask) -> None:
        app.get("/thing")(cacheable_static(etag=lambda: "v1")(thing))

    def thing() -> str:
        return request.path

    client = make_app(before=add, STATIC_OPTIMIZER_RULES={"thing": {"max_age": 7}}).test_client()
    response = client.get("/thing", headers={"If-None-Match": '"v1"'})
    assert (response.status_code, response.headers["Cache-Control"]) == (304, "max-age=7")
