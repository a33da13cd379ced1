"""Redirects and errors that are stored, as the view itself says how long they hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask, Response, abort, session
from freezegun import freeze_time
from werkzeug.http import http_date

from flask_static_optimizer import StaticOptimizer

from .conftest import Caches, Stored, status_of

Serve = Callable[..., Stored]

#: memcached's own clock goes on, so the tests begin at what it shows.
#: Later than now: memcached has a clock of its own, and is told the time at which to forget.
START = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=9)

SAID = {"Cache-Control": "max-age=600"}


@pytest.fixture
def clock() -> Any:
    with freeze_time(START) as frozen:
        yield frozen


def answer(status: int, fields: dict[str, str], body: str = "it") -> Callable[[], Response]:
    return lambda: Response(body, status, {"Location": "/new", **fields})


@pytest.mark.parametrize("status", [201, 300, 301, 302, 303, 307, 308, 400, 404, 405, 410, 451])
@pytest.mark.parametrize(
    "fields",
    [
        SAID,
        {"Cache-Control": "s-maxage=600"},
        {"Expires": http_date(START + timedelta(seconds=600))},
    ],
    ids=str,
)
def test_for_as_long_as_it_says(
    serve: Serve, clock: Any, status: int, fields: dict[str, str]
) -> None:
    """The view's word counts, and not the age of the policy."""
    stored = serve(answer(status, fields), max_age=60, public=True)
    first = stored.get()
    clock.tick(599)
    second = stored.get()
    assert status_of(second) == "hit"
    assert (second.status_code, second.text) == (status, "it")
    changing = {"Age", "Cache-Status"}
    for name, value in first.headers:
        assert name in changing or second.headers[name] == value
    assert "Accept-Ranges" not in second.headers
    clock.tick(1)
    stored.get()
    assert len(stored.runs) == 2


@pytest.mark.parametrize("status", [203, 204])
def test_a_success_by_the_age_of_the_policy(serve: Serve, clock: Any, status: int) -> None:
    stored = serve(lambda: Response("" if status == 204 else "x", status), max_age=60)
    assert stored.get().headers["Cache-Control"] == "max-age=60"
    for _ in range(2):
        response = stored.get()
        assert (response.status_code, status_of(response)) == (status, "hit")
        assert ("Content-Length" in response.headers) is (status == 203)
    assert len(stored.runs) == 1


def test_all_backends(serve: Serve, cache: Caches) -> None:
    stored = serve(answer(404, SAID), config=cache.config, add=cache.install)
    for _ in range(3):
        response = stored.get()
        assert (response.status_code, response.text) == (404, "it")
    assert len(stored.runs) == 1


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (404, {}),
        (404, {"Cache-Control": "public"}),
        (404, {"Cache-Control": "no-cache"}),
        (404, {"Cache-Control": "private, max-age=600"}),
        (404, {**SAID, "Set-Cookie": "a=b"}),
        (404, {**SAID, "Vary": "Cookie"}),
        (404, {"Expires": "0"}),
        *((status, SAID) for status in (206, 304, 401, 403, 412, 416, 429, 500, 502, 503)),
    ],
    ids=str,
)
def test_what_is_not_stored(serve: Serve, status: int, fields: dict[str, str]) -> None:
    stored = serve(answer(status, fields, "" if status == 304 else "it"))
    for _ in range(2):
        assert stored.get().status_code == status
    assert len(stored.runs) == 2


def test_what_is_raised_is_not_stored(serve: Serve) -> None:
    """An error handler may have made it, for its visitor."""
    stored = serve(lambda: abort(answer(404, SAID)()))
    for _ in range(2):
        assert stored.get().headers["Cache-Control"] == "max-age=600"
    assert len(stored.runs) == 2


@pytest.mark.parametrize(("made", "sent"), [(200, 404), (404, 410), (404, 200), (200, 203)])
def test_a_hook_that_changes_the_status(serve: Serve, made: int, sent: int) -> None:
    """Neither what the view made nor what left is stored: the hook goes by what it sees."""

    def add(app: Flask) -> None:
        @app.after_request
        def change(response: Response) -> Response:
            response.status_code = sent
            return response

    stored = serve(answer(made, SAID), add=add)
    for _ in range(2):
        assert stored.get().status_code == sent
    assert len(stored.runs) == 2


def test_nobodys_conditions_apply(serve: Serve) -> None:
    """A condition or a range is about a 200 (RFC 9110 section 13.2.1)."""
    stored = serve(answer(404, {**SAID, "ETag": '"v1"'}))
    fields = {"If-None-Match": '"v1"', "Range": "bytes=0-0"}
    for _ in range(2):
        response = stored.get(headers=fields)
        assert (response.status_code, response.text) == (404, "it")
    assert stored.client.head("/thing", headers={"If-Match": '"v2"'}).status_code == 404
    assert len(stored.runs) == 1


def test_nothing_private(serve: Serve) -> None:
    def view() -> Response:
        session["user"] = 7
        return answer(404, SAID)()

    stored = serve(view)
    for _ in range(2):
        assert stored.get().cache_control.private
    assert len(stored.runs) == 2
    stored = serve(answer(404, SAID))
    for _ in range(2):
        assert stored.get(headers={"Authorization": "Basic eDp5"}).cache_control.private
    assert len(stored.runs) == 2
    for _ in range(2):
        assert stored.get(data=b"content").headers["Cache-Control"] == "no-store"
    assert len(stored.runs) == 4


def test_hooks_run_and_handlers_do_not(serve: Serve) -> None:
    """A stored error is the view's response, as Flask would take it from the view."""

    def add(app: Flask) -> None:
        app.register_error_handler(404, lambda error: ("handled", 404))

        @app.after_request
        def hook(response: Response) -> Response:
            response.headers.add("X-Hook", "1")
            return response

    stored = serve(answer(404, SAID), add=add)
    for _ in range(2):
        response = stored.get()
        assert (response.text, response.headers.getlist("X-Hook")) == ("it", ["1"])
    assert len(stored.runs) == 1


def test_it_is_purged(serve: Serve) -> None:
    stored = serve(answer(404, SAID))
    stored.get()
    with stored.app.app_context():
        StaticOptimizer().purge(endpoint="thing")
    stored.get()
    assert len(stored.runs) == 2


def test_what_was_there_is_replaced(serve: Serve, clock: Any) -> None:
    """A thing that is gone is not found again in the store."""
    answers = [answer(200, {}, "was"), answer(410, SAID, "gone")]
    stored = serve(lambda: answers[len(stored.runs) > 1](), stale_if_error=600)
    stored.get()
    clock.tick(61)
    for _ in range(3):
        assert (stored.get().status_code, stored.get().text) == (410, "gone")
    assert len(stored.runs) == 2
