"""A view that says itself, by a 304, that its stale stored response has not changed."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask, Response, abort, after_this_request, make_response, request, send_file
from flask import session as flask_session
from freezegun import freeze_time
from werkzeug.http import http_date

from flask_static_optimizer import StaticOptimizer

from .conftest import Caches, Stored, status_of

Serve = Callable[..., Stored]

#: memcached's own clock goes on, so the tests begin at what it shows.
#: Later than now: memcached has a clock of its own, and is told the time at which to forget.
START = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=9)
LONG_AGO = http_date(START - timedelta(days=9))

#: The conditions and the range of a request.
FIELDS = (
    "If-None-Match",
    "If-Modified-Since",
    "If-Match",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
)

RENEWED = "fwd=stale; fwd-status=304; stored"


@pytest.fixture
def clock() -> Any:
    with freeze_time(START) as frozen:
        yield frozen


class Source:
    """A view whose body and validators a test may change, and what it was asked."""

    def __init__(self, etag: str | None = '"v1"', modified: str | None = None) -> None:
        self.etag, self.modified = etag, modified
        self.body = "one"
        #: The header fields of its responses, and of its 304s.
        self.fields: dict[str, str] = {}
        self.fields_304: dict[str, str] = {}
        #: The conditions that each run saw.
        self.seen: list[dict[str, str]] = []
        self.during: Callable[[], Any] = lambda: None

    def __call__(self) -> Any:
        headers = request.headers
        self.seen.append({name: headers[name] for name in FIELDS if name in headers})
        assert request.if_none_match.to_header() == headers.get("If-None-Match", "")
        self.during()
        response = make_response(self.body)
        response.headers.update(self.fields)
        if self.etag:
            response.headers["ETag"] = self.etag
        if self.modified:
            response.headers["Last-Modified"] = self.modified
        response.make_conditional(request)
        if response.status_code == 304:
            response.headers.update(self.fields_304)
        return response


@pytest.mark.parametrize(
    ("source", "conditions"),
    [
        (Source(), {"If-None-Match": '"v1"'}),
        (Source('W/"v1"'), {"If-None-Match": 'W/"v1"'}),
        (Source(None, LONG_AGO), {"If-Modified-Since": LONG_AGO}),
        (Source('"v1"', LONG_AGO), {"If-None-Match": '"v1"', "If-Modified-Since": LONG_AGO}),
    ],
)
def test_a_304_renews(serve: Serve, clock: Any, source: Source, conditions: Any) -> None:
    """The view is asked by its own validators, and its 304 makes the stored response fresh."""
    source.seen.clear()
    stored = serve(source)
    first = stored.get()
    for number in range(1, 4):
        clock.tick(61)
        renewed = stored.get()
        assert (renewed.status_code, renewed.text) == (200, "one")
        assert status_of(renewed) == RENEWED
        assert renewed.headers["ETag"] == first.headers["ETag"]
        assert renewed.headers["Cache-Control"] == "max-age=60"
        assert source.seen == [{}, *[conditions] * number]
        hit = stored.get()
        assert (hit.text, hit.headers["Age"], status_of(hit)) == ("one", "0", "hit")
        assert hit.headers["ETag"] == first.headers["ETag"]


def test_all_backends(serve: Serve, clock: Any, cache: Caches) -> None:
    source = Source()
    stored = serve(source, config=cache.config, add=cache.install)
    stored.get()
    clock.tick(61)
    assert status_of(stored.get()) == RENEWED
    assert status_of(stored.get()) == "hit"


def test_what_has_changed_is_made_anew(serve: Serve, clock: Any) -> None:
    source = Source()
    stored = serve(source)
    stored.get()
    source.etag, source.body = '"v2"', "two"
    clock.tick(61)
    response = stored.get()
    assert (response.text, status_of(response)) == ("two", "fwd=stale; stored")
    assert source.seen == [{}, {"If-None-Match": '"v1"'}]
    clock.tick(61)
    assert stored.get().text == "two"
    assert source.seen[-1] == {"If-None-Match": '"v2"'}


@pytest.mark.parametrize("parsed", [False, True], ids=["plain", "parsed by a hook"])
@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ({"If-None-Match": '"v1"'}, 304, ""),
        ({"If-None-Match": '"mine"'}, 200, "one"),
        ({"If-None-Match": "*"}, 304, ""),
        ({"If-Match": '"mine"'}, 412, ""),
        ({"If-Modified-Since": http_date(START)}, 200, "one"),
        ({"Range": "bytes=1-1"}, 206, "n"),
        ({"Range": "bytes=1-1", "If-Range": '"mine"'}, 200, "one"),
    ],
)
def test_the_clients_own_conditions_are_for_afterwards(
    serve: Serve, clock: Any, fields: dict[str, str], status: int, body: str, parsed: bool
) -> None:
    """The view never sees them, nor what a hook has had Werkzeug make of them."""

    def read(app: Flask) -> None:
        @app.before_request
        def all_of_them() -> None:
            _ = request.if_none_match, request.if_match, request.if_range, request.range
            _ = request.if_modified_since, request.if_unmodified_since

        @app.after_request
        def still_there(response: Response) -> Response:
            said = request.headers.get("If-None-Match", "")
            assert request.if_none_match.to_header() == said
            return response

    source = Source()
    stored = serve(source, add=read if parsed else None)
    stored.get()
    clock.tick(61)
    response = stored.get(headers=fields)
    assert (response.status_code, response.text) == (status, body)
    assert source.seen == [{}, {"If-None-Match": '"v1"'}]
    assert stored.get().text == "one"
    assert len(source.seen) == 2


@pytest.mark.parametrize(
    "view",
    [
        lambda: "plain",
        lambda: make_response("dated", {"Last-Modified": http_date(datetime.now(timezone.utc))}),
        lambda: send_file(io.BytesIO(b"file"), "text/plain"),
    ],
    ids=["no validator", "a date of this moment", "a file without a name"],
)
def test_a_view_without_a_validator_is_not_asked(serve: Serve, clock: Any, view: Any) -> None:
    """The ETag that the extension makes of the bytes is none of the view's."""
    seen = []

    def noting() -> Any:
        seen.append([name for name in FIELDS if name in request.headers])
        return view()

    stored = serve(noting)
    stored.get()
    clock.tick(61)
    assert status_of(stored.get(headers={"If-None-Match": '"x"', "Range": "bytes=0-0"}))
    assert seen == [[], []]


def test_an_etag_that_a_view_gives_its_file(serve: Serve, clock: Any) -> None:
    """It is the view's own word, and so the view can say by it that nothing has changed."""
    seen = []

    def noting() -> Any:
        seen.append({name: request.headers[name] for name in FIELDS if name in request.headers})
        return send_file(io.BytesIO(b"file"), "text/plain", etag="own")

    stored = serve(noting)
    assert stored.get().headers["ETag"] == '"own"'
    clock.tick(61)
    response = stored.get(headers={"If-None-Match": '"x"'})
    assert (response.status_code, response.data) == (200, b"file")
    assert seen == [{}, {"If-None-Match": '"own"'}]


def test_an_unasked_304_is_as_ever(serve: Serve, clock: Any) -> None:
    """A view may say 304 to everybody; with nothing to renew it is the answer, and not stored."""
    stored = serve(lambda: Response(status=304))
    for _ in range(2):
        response = stored.get()
        assert (response.status_code, status_of(response)) == (304, "fwd=uri-miss")
    assert len(stored.runs) == 2


def test_a_304_updates_the_fields(serve: Serve, clock: Any) -> None:
    """RFC 9111 sections 3.2 and 4.3.4: all but what belongs to the stored bytes."""
    source = Source()
    source.fields = {"X-A": "old", "X-B": "kept", "Content-Language": "en"}
    source.fields["Cache-Control"] = "max-age=9"
    stored = serve(source)
    before = stored.get()
    source.fields = {}
    source.fields_304 = {
        "X-A": "new",
        "X-C": "more",
        "Content-Language": "de",
        "Cache-Control": "max-age=99",
        "Content-Encoding": "gzip",
        "Content-Length": "77",
        "Content-Range": "bytes 0-1/2",
        "Content-MD5": "x",
        "Connection": "X-Hop",
        "X-Hop": "1",
    }
    clock.tick(10)
    stored.get()
    clock.tick(98)
    after = stored.get()
    assert status_of(after) == "hit"
    fields = ("X-A", "X-B", "X-C", "Content-Language", "Cache-Control", "X-Hop")
    assert [after.headers.get(name) for name in fields] == [
        "new", "kept", "more", "de", "max-age=99", None,
    ]  # fmt: skip
    for name in ("Content-Encoding", "Content-Length", "Content-Range", "Content-MD5"):
        assert after.headers.get(name) == before.headers.get(name)
    assert len(after.headers.getlist("ETag")) == len(after.headers.getlist("Accept-Ranges")) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: Response(status=304), "image/png"),
        (lambda: ("", 304), "image/png"),
        (lambda: Response(status=304, mimetype="text/x-new"), "text/x-new; charset=utf-8"),
        (lambda: abort(Response(status=304)), "image/png"),
    ],
)
def test_the_type_that_flask_gives_every_response_is_not_taken(
    serve: Serve, clock: Any, answer: Any, kind: str
) -> None:
    """A bare 304, returned or raised, says nothing of the type, though Flask gives it one.

    Nor does it say when it was made; the time of the stored response is not that of the 304.
    """

    fields = {"ETag": '"v1"', "Date": http_date(START)}

    def view() -> Any:
        if '"v1"' in request.if_none_match.to_header():
            return answer()
        return Response("png", mimetype="image/png", headers=fields)

    stored = serve(view)
    assert stored.get().mimetype == "image/png"
    clock.tick(61)
    renewed = stored.get()
    assert (renewed.text, renewed.headers["Content-Type"]) == ("png", kind)
    assert status_of(renewed) == RENEWED
    assert stored.get().headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        (Source(), {"ETag": '"v2"'}),
        (Source(None, LONG_AGO), {"Last-Modified": http_date(START - timedelta(days=99))}),
    ],
)
def test_a_304_about_another_response_is_not_used(
    serve: Serve, clock: Any, source: Source, fields: dict[str, str]
) -> None:
    """The view runs again, without conditions."""
    source.seen.clear()
    source.fields_304 = fields
    stored = serve(source)
    stored.get()
    clock.tick(61)
    source.body = "two"
    response = stored.get()
    assert (response.text, status_of(response)) == ("two", "fwd=stale; stored")
    assert len(source.seen) == 3
    assert source.seen[2] == {}


def test_an_older_file_in_its_place_is_noticed(serve: Serve, clock: Any, tmp_path: Path) -> None:
    """Werkzeug takes a file that is older than the client's for unmodified."""
    path = tmp_path / "file.txt"
    path.write_text("new")
    os.utime(path, (START.timestamp() - 1000, START.timestamp() - 1000))
    stored = serve(lambda: send_file(path), store=True)
    assert stored.get().text == "new"
    path.write_text("old")
    os.utime(path, (START.timestamp() - 2000, START.timestamp() - 2000))
    clock.tick(61)
    assert stored.get().text == "old"


@pytest.mark.parametrize(
    "fields",
    [
        {"Set-Cookie": "a=b"},
        {"Cache-Control": "private, max-age=60"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "no-cache"},
        {"Vary": "Cookie"},
        {"Age": "600"},
    ],
    ids=str,
)
def test_a_304_that_may_not_be_stored(serve: Serve, clock: Any, fields: dict[str, str]) -> None:
    """What holds for a new response holds for one that a 304 makes new."""
    source = Source()
    source.fields_304 = fields
    stored = serve(source)
    stored.get()
    clock.tick(61)
    response = stored.get()
    assert (response.text, status_of(response)) == ("one", "fwd=stale; fwd-status=304")
    assert "Set-Cookie" not in response.headers
    assert status_of(stored.get()) == "fwd=uri-miss; stored"
    assert source.seen[2:] == [{}]


def test_a_session_that_was_written_meanwhile(serve: Serve, clock: Any) -> None:
    source = Source()
    stored = serve(source)
    stored.get()
    clock.tick(61)
    source.during = lambda: flask_session.update(user=7)
    response = stored.get()
    assert response.cache_control.private
    assert "stored" not in status_of(response)


@pytest.mark.parametrize(
    "asked",
    [
        {"headers": {"Authorization": "Basic eDp5"}},
        {"data": b"content"},
        {"method": "HEAD"},
        {"headers": {"Cache-Control": "no-store"}},
    ],
    ids=str,
)
def test_whose_answer_is_not_stored_asks_plainly(serve: Serve, clock: Any, asked: Any) -> None:
    source = Source()
    stored = serve(source)
    stored.get()
    clock.tick(61)
    assert stored.client.open("/thing", **asked).status_code == 200
    assert source.seen == [{}, {}]


@pytest.mark.parametrize(
    "what", [{"endpoint": "thing"}, {"tag": "t"}, {"path": "/thing"}, {}], ids=str
)
def test_a_purge_meanwhile_is_not_undone(
    serve: Serve, clock: Any, cache: Caches, what: dict[str, str]
) -> None:
    source = Source()
    stored = serve(source, tags="t", config=cache.config, add=cache.install)
    stored.get()
    clock.tick(61)
    source.during = lambda: StaticOptimizer().purge(**what)
    stored.get()
    source.during, source.body = lambda: None, "two"
    assert stored.get().text == "two"
    assert source.seen == [{}, {"If-None-Match": '"v1"'}, {}]


def test_what_hooks_and_the_view_add_is_there_once(serve: Serve, clock: Any) -> None:
    def add(app: Flask) -> None:
        @app.after_request
        def hook(response: Response) -> Response:
            response.headers.add("X-Hook", "1")
            response.vary.add("X-By-Hook")
            return response

    source = Source()
    source.fields = {"X-View": "1"}
    stored = serve(source, add=add)
    stored.get()
    for _ in range(3):
        clock.tick(61)
        for _ in range(2):
            response = stored.get()
            assert response.headers.getlist("X-Hook") == response.headers.getlist("X-View") == ["1"]
            assert response.headers.getlist("Content-Length") == ["3"]


def test_after_this_request_is_not_lost(serve: Serve, clock: Any) -> None:
    """A view that changes its response after it was made is not stored, so the change is seen."""
    source = Source()
    stored = serve(source)
    stored.get()

    def change(response: Response) -> Response:
        response.headers["X-This"] = "1"
        return response

    source.during = lambda: after_this_request(change)
    clock.tick(61)
    for _ in range(2):
        response = stored.get()
        assert (response.text, response.headers["X-This"]) == ("one", "1")


def test_each_variant_has_its_own(serve: Serve, clock: Any) -> None:
    def view() -> Any:
        language = request.headers.get("Accept-Language", "")
        seen.append((language, request.headers.get("If-None-Match")))
        response = make_response(language, {"Vary": "Accept-Language", "ETag": f'"{language}"'})
        return response.make_conditional(request)

    seen: list[Any] = []
    stored = serve(view)
    for _ in range(2):
        for language in ("de", "en"):
            assert stored.get(headers={"Accept-Language": language}).text == language
        clock.tick(61)
    assert seen == [("de", None), ("en", None), ("de", '"de"'), ("en", '"en"')]


def test_a_refresh_in_the_background(serve: Serve, clock: Any) -> None:
    source = Source()
    ran = Event()
    stored = serve(source, stale_while_revalidate=600)
    stored.get()
    source.during = ran.set
    clock.tick(61)
    assert status_of(stored.get(headers={"If-None-Match": '"mine"'})) == "hit"
    assert ran.wait(60)
    for _ in range(6000):
        response = stored.get()
        if response.headers["Age"] == "0":
            break
        Event().wait(0.01)
    assert (response.text, response.headers["Age"]) == ("one", "0")
    assert source.seen == [{}, {"If-None-Match": '"v1"'}]


def test_one_asks_for_all(serve: Serve, clock: Any) -> None:
    """Those who wait get what the one who asks has renewed."""
    source = Source()
    stored = serve(source, config={"STATIC_OPTIMIZER_STORE_WAIT": 60})
    stored.get()
    clock.tick(61)
    inside, go = Event(), Event()

    def block() -> None:
        inside.set()
        go.wait(60)

    source.during = block
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(stored.app.test_client().get, "/thing")
        assert inside.wait(60)
        others = [pool.submit(stored.app.test_client().get, "/thing") for _ in range(3)]
        go.set()
        assert {answer.result().text for answer in (first, *others)} == {"one"}
    assert source.seen == [{}, {"If-None-Match": '"v1"'}]


def test_an_error_instead(serve: Serve, clock: Any) -> None:
    """A stale response may stand in for the error of a view that was asked."""
    source = Source()
    stored = serve(source, stale_if_error=600)
    stored.get()
    clock.tick(61)
    source.during = lambda: abort(503)
    response = stored.get()
    assert (response.text, status_of(response)) == ("one", "fwd=stale; fwd-status=503")


def test_a_policy_with_validators_is_asked_alone(serve: Serve, clock: Any) -> None:
    """The functions of the policy know better than a stored response what is current."""
    source = Source()
    stored = serve(source, last_modified=lambda: START - timedelta(days=9))
    stored.get()
    clock.tick(61)
    assert stored.get().headers["Last-Modified"] == LONG_AGO
    assert source.seen == [{}, {}]


@pytest.mark.parametrize("way", ["a 304 of the view", "an etag of the policy", "fresh"])
@pytest.mark.parametrize(
    ("policy", "config", "field", "expected"),
    [
        ({"max_age": 5}, {}, "Cache-Control", "max-age=5"),
        ({"max_age": None}, {"UNVERSIONED_MAX_AGE": 9}, "Cache-Control", "max-age=9"),
        ({"stale_if_error": 9}, {}, "Cache-Control", "max-age=60, stale-if-error=9"),
        ({"vary": "X-Kind"}, {}, "Vary", "X-Kind"),
        ({"headers": {"X-A": "2"}}, {}, "X-A", "2"),
        ({}, {"HEADERS": {"X-A": "3"}}, "X-A", "3"),
        ({}, {"CDN_CACHE_CONTROL": "max-age=7"}, "CDN-Cache-Control", "max-age=7"),
        ({"public": True}, {}, "Cache-Control", "public, max-age=60"),
    ],
)
def test_a_deploy_with_another_policy(
    serve: Serve,
    clock: Any,
    tmp_path: Path,
    way: str,
    policy: dict[str, Any],
    config: dict[str, Any],
    field: str,
    expected: str,
) -> None:
    """The policy of now decides, and what was stored under the same one is still used."""
    caches = Caches("FileSystemCache", {"CACHE_DIR": str(tmp_path / "cache")})
    base: dict[str, Any] = {"CACHE_TYPE": "FileSystemCache", **caches.config}
    source = Source()

    def deploy(policy: dict[str, Any], config: dict[str, Any]) -> Stored:
        asked = {"etag": lambda: "v1"} if way == "an etag of the policy" else {}
        settings = {f"STATIC_OPTIMIZER_{name}": value for name, value in config.items()}
        return serve(source, add=caches.install, config=base | settings, **asked, **policy)

    before = deploy({}, {})
    before.get()
    after = deploy(policy, config)
    assert field == "Cache-Control" or field not in before.get().headers
    if way != "fresh":
        clock.tick(61)
    assert after.get().headers[field] == expected
    again = deploy({}, {})
    runs = len(source.seen)
    response = again.get()
    assert response.headers["Cache-Control"] == "max-age=60"
    assert "hit" in status_of(response) or status_of(response) == RENEWED
    assert len(source.seen) - runs == (way == "a 304 of the view")
