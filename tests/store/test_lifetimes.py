"""The lifetime of a stored response (RFC 9111 §4.2, RFC 5861), by the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from threading import Event
from typing import Any

import pytest
from flask import Flask, Response, abort, got_request_exception, make_response
from freezegun import freeze_time
from werkzeug.http import http_date

from flask_static_optimizer import cacheable_static

from .conftest import Stored, status_of

Serve = Callable[..., Stored]

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def clock() -> Any:
    with freeze_time(START) as frozen:
        yield frozen


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does; the clock of the tests may stand still."""
    for _ in range(6000):
        if condition():
            return
        Event().wait(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    ("seconds", "age", "runs"),
    [(0, "0", 1), (0.9, "0", 1), (1, "1", 1), (30, "30", 1), (59, "59", 1), (59.9, "59", 1),
     (60, None, 2), (61, None, 2), (86400, None, 2)],
)  # fmt: skip
def test_fresh_for_its_lifetime(
    serve: Serve, clock: Any, seconds: float, age: str | None, runs: int
) -> None:
    stored = serve(max_age=60)
    assert "Age" not in stored.get().headers
    clock.tick(seconds)
    response = stored.get()
    assert response.headers.get("Age") == age
    assert len(stored.runs) == runs
    assert response.text == f"run {runs}"


def test_what_is_made_anew_is_fresh_again(serve: Serve, clock: Any) -> None:
    stored = serve(max_age=10)
    texts = []
    for _ in range(25):
        texts.append(stored.get().text)
        clock.tick(1)
    assert texts == ["run 1"] * 10 + ["run 2"] * 10 + ["run 3"] * 5


def test_cache_status_says_where_it_comes_from(serve: Serve, clock: Any) -> None:
    stored = serve(max_age=10)
    said = []
    for seconds in (0, 4, 6):
        clock.tick(seconds)
        said.append(stored.get().headers["Cache-Status"])
    assert said == [
        "flask-static-optimizer; fwd=uri-miss; stored",
        "flask-static-optimizer; hit; ttl=6",
        "flask-static-optimizer; fwd=stale; stored",
    ]


@pytest.mark.parametrize(("back", "runs"), [(1, 1), (5, 1), (6, 2), (3600, 2)])
def test_a_clock_that_steps_back(serve: Serve, clock: Any, back: int, runs: int) -> None:
    stored = serve(max_age=60)
    stored.get()
    clock.move_to(START - timedelta(seconds=back))
    response = stored.get()
    assert len(stored.runs) == runs
    assert response.headers.get("Age") == ("0" if runs == 1 else None)
    clock.tick(59)
    assert stored.get().text == f"run {runs}"


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        ({"Cache-Control": "max-age=7"}, 7),
        ({"Cache-Control": "max-age=7, s-maxage=3"}, 3),
        ({"Cache-Control": "MAX-AGE=7"}, 7),
        ({"Cache-Control": 'max-age="7"'}, 7),
        ({"Cache-Control": "max-age=-7"}, 0),
        ({"Cache-Control": "max-age=7.5"}, 0),
        ({"Cache-Control": "max-age=x"}, 0),
        ({"Cache-Control": "max-age=7", "Age": "3"}, 4),
        ({"Cache-Control": "max-age=7", "Age": "9"}, 0),
        ({"Cache-Control": "max-age=7", "Date": http_date(START - timedelta(seconds=5))}, 2),
        ({"Expires": http_date(START + timedelta(seconds=9))}, 9),
        ({"Expires": http_date(START)}, 0),
        ({"Expires": "0"}, 0),
        ({"Expires": http_date(START + timedelta(9)), "Cache-Control": "max-age=7"}, 7),
    ],
)
def test_what_the_response_says_of_its_lifetime(
    serve: Serve, clock: Any, said: dict[str, str], lifetime: int
) -> None:
    stored = serve(lambda: make_response("x", said))
    stored.get()
    if lifetime:
        clock.tick(lifetime - 1)
        stored.get()
    assert len(stored.runs) == 1
    clock.tick(1)
    stored.get()
    assert len(stored.runs) == 2


def test_age_goes_on_from_what_the_view_said(serve: Serve, clock: Any) -> None:
    stored = serve(lambda: make_response("x", {"Age": "100"}), max_age=300)
    assert stored.get().headers.getlist("Age") == ["100"]
    clock.tick(20)
    assert stored.get().headers.getlist("Age") == ["120"]


class TestStaleWhileRevalidate:
    def test_is_used_at_once_and_made_anew(self, serve: Serve, clock: Any) -> None:
        stored = serve(max_age=10, stale_while_revalidate=20)
        stored.get()
        clock.tick(15)
        stale = stored.get()
        assert stale.text == "run 1"
        assert stale.headers["Age"] == "15"
        assert stale.headers["Cache-Status"] == "flask-static-optimizer; hit; ttl=-5"
        wait_until(lambda: len(stored.runs) == 2 and stored.get().text == "run 2")
        assert len(stored.runs) == 2

    def test_past_the_window_it_is_not_used(self, serve: Serve, clock: Any) -> None:
        stored = serve(max_age=10, stale_while_revalidate=20)
        stored.get()
        clock.tick(30)
        assert stored.get().text == "run 2"

    def test_a_refresh_sees_a_whole_get_and_all_hooks(self, serve: Serve, clock: Any) -> None:
        from flask import request

        seen: list[Any] = []

        def add(app: Flask) -> None:
            app.before_request(lambda: seen.append((request.method, "Range" in request.headers)))

        stored = serve(max_age=10, stale_while_revalidate=20, add=add)
        stored.get()
        clock.tick(15)
        head = stored.client.head("/thing", headers={"Range": "bytes=0-1", "If-Match": '"x"'})
        assert head.status_code == 412
        wait_until(lambda: len(stored.runs) == 2)
        assert seen == [("GET", False), ("HEAD", True), ("GET", False)]

    def test_a_refresh_sees_what_a_middleware_left(self, serve: Serve, clock: Any) -> None:
        from flask import request

        stored = serve(
            lambda: f"tenant {request.environ.get('tenant')}", max_age=10, stale_while_revalidate=90
        )
        given = {"environ_overrides": {"tenant": 7, "connection": object()}}
        stored.get(**given)
        clock.tick(15)
        stored.get(**given)
        wait_until(lambda: len(stored.runs) == 2 and stored.get().headers["Age"] == "0")
        assert stored.get().text == "tenant 7"

    def test_a_view_that_a_refreshed_view_asks_for_is_not_refreshed(
        self, serve: Serve, clock: Any
    ) -> None:
        """The inner response is fresh, so its view does not run again."""
        inner: list[int] = []

        def add(app: Flask) -> None:
            @app.get("/inner")
            @cacheable_static(max_age=600)
            def part() -> str:
                inner.append(1)
                return "part"

        stored: Stored = serve(
            lambda: stored.app.test_client().get("/inner").text,
            max_age=10,
            stale_while_revalidate=20,
            add=add,
        )
        stored.get()
        clock.tick(15)
        stored.get()
        wait_until(lambda: len(stored.runs) == 2 and stored.get().headers["Age"] == "0")
        assert len(inner) == 1

    def test_a_failed_refresh_keeps_the_old(
        self, serve: Serve, clock: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A refresh that fails leaves the old response, and is not repeated at once."""

        def view() -> str:
            if len(stored.runs) > 1:
                raise OSError("the database is away")
            return "fine"

        stored = serve(view, max_age=10, stale_while_revalidate=100)
        stored.get()
        clock.tick(15)
        for _ in range(3):
            assert stored.get().text == "fine"
            wait_until(lambda: "could not be refreshed" in caplog.text)
        assert len(stored.runs) == 2

    @pytest.mark.parametrize("said", ["must-revalidate", "proxy-revalidate"])
    def test_not_against_the_word_of_the_response(
        self, serve: Serve, clock: Any, said: str
    ) -> None:
        stored = serve(
            lambda: make_response(str(len(stored.runs)), {"Cache-Control": said}),
            max_age=10, stale_while_revalidate=20, stale_if_error=20,
        )  # fmt: skip
        stored.get()
        clock.tick(15)
        assert stored.get().text == "2"


class TestStaleIfError:
    def fail(self, how: str) -> Any:
        if how == "raise":
            raise OSError("the database is away")
        if how == "abort":
            abort(503)
        return Response("sorry", int(how))

    @pytest.mark.parametrize(("how", "status"), [
        ("raise", 500), ("abort", 503), ("500", 500), ("504", 504)])  # fmt: skip
    def test_a_failing_view_is_stood_in_for(
        self, serve: Serve, clock: Any, how: str, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        stored = serve(
            lambda: "fine" if len(stored.runs) == 1 else self.fail(how),
            max_age=10, stale_if_error=100, config={"PROPAGATE_EXCEPTIONS": False},
        )  # fmt: skip
        told: list[Any] = []
        got_request_exception.connect(lambda _, exception, **__: told.append(exception), weak=False)
        stored.get()
        clock.tick(109)
        response = stored.get()
        assert (response.status_code, response.text) == (200, "fine")
        assert response.headers["Age"] == "109"
        assert response.headers["Cache-Status"] == (
            f"flask-static-optimizer; fwd=stale; fwd-status={status}; ttl=-99"
        )
        assert [str(error) for error in told] == (
            ["the database is away"] if how == "raise" else []
        )
        assert ("Exception on /thing" in caplog.text) is (how == "raise")
        clock.tick(1)
        past = stored.get()
        assert past.status_code == status
        assert past.headers["Cache-Control"] == "no-store"

    def test_it_is_asked_again_each_time(self, serve: Serve, clock: Any) -> None:
        stored = serve(
            lambda: Response("sorry", 503) if len(stored.runs) == 2 else f"run {len(stored.runs)}",
            max_age=10, stale_if_error=100,
        )  # fmt: skip
        stored.get()
        clock.tick(20)
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 3"]

    @pytest.mark.parametrize("status", [404, 410, 302])
    def test_other_statuses_end_it(self, serve: Serve, clock: Any, status: int) -> None:
        """A response that is no server error is passed on, and ends the stored one's use."""
        answers = ["fine", Response("", status), Response("", 503)]
        stored = serve(lambda: answers[len(stored.runs) - 1], max_age=10, stale_if_error=100)
        stored.get()
        clock.tick(20)
        assert [stored.get().status_code for _ in range(2)] == [status, 503]


class TestRequestDirectives:
    def test_are_not_obeyed_unless_configured(self, serve: Serve) -> None:
        stored = serve()
        for said in ("no-cache", "max-age=0", "min-fresh=999"):
            stored.get(headers={"Cache-Control": said})
        stored.get(headers={"Pragma": "no-cache"})
        assert len(stored.runs) == 1

    @pytest.mark.parametrize(
        ("headers", "runs"),
        [
            ({"Cache-Control": "no-cache"}, 2),
            ({"Pragma": "no-cache"}, 2),
            ({"Cache-Control": "max-age=0"}, 2),
            ({"Cache-Control": "max-age=20"}, 2),
            ({"Cache-Control": "max-age=21"}, 1),
            ({"Cache-Control": "min-fresh=40"}, 1),
            ({"Cache-Control": "min-fresh=41"}, 2),
            ({"Cache-Control": "max-stale"}, 1),
            ({"Cache-Control": "only-if-cached"}, 1),
            ({}, 1),
        ],
    )
    def test_are_obeyed_where_configured(
        self, serve: Serve, clock: Any, headers: dict[str, str], runs: int
    ) -> None:
        stored = serve(config={"STATIC_OPTIMIZER_STORE_OBEYS_REQUESTS": True})
        stored.get()
        clock.tick(20)
        response = stored.get(headers=headers)
        assert len(stored.runs) == runs
        assert status_of(response) == ("hit" if runs == 1 else "fwd=request; stored")
        assert stored.get().text == f"run {runs}"

    def test_only_if_cached_and_nothing_is(self, serve: Serve) -> None:
        stored = serve(config={"STATIC_OPTIMIZER_STORE_OBEYS_REQUESTS": True})
        response = stored.get(headers={"Cache-Control": "only-if-cached"})
        assert response.status_code == 504
        assert response.headers["Cache-Control"] == "no-store"
        assert stored.runs == []

    def test_no_store_is_not_stored(self, serve: Serve) -> None:
        stored = serve()
        assert status_of(stored.get(headers={"Cache-Control": "no-store"})) == "fwd=uri-miss"
        assert status_of(stored.get()) == "fwd=uri-miss; stored"
