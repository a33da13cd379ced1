"""Requests that are like earlier ones: Flask serves them, and is handed what is known."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request, Response, abort, request, session, url_for
from flask.globals import request_ctx
from werkzeug.routing import BaseConverter, MapAdapter
from werkzeug.test import Client

from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.requests.known_adapter import KnownAdapter
from flask_static_optimizer.views.file_choice import FileChooser

pytestmark = pytest.mark.usefixtures("settled")

CSS = b"body { color: red }" * 200

Make = Callable[..., Flask]


def write(file: Path, data: bytes) -> None:
    """Write a file whose state has settled, as it has been there for a day."""
    file.write_bytes(data)
    then = time.time() - 86400 - len(data)
    os.utime(file, (then, then))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    (tmp_path / "static").mkdir()
    write(tmp_path / "static" / "app.css", CSS)
    write(tmp_path / "static" / "app.css.gz", gzip.compress(CSS, mtime=0))
    write(tmp_path / "static" / "b.css", b"b {}")

    def make(optimize: bool = True, **options: Any) -> Flask:
        app = Flask("app", root_path=str(tmp_path), instance_path=str(tmp_path / "i"), **options)
        app.config["SECRET_KEY"] = "secret"
        if optimize:
            StaticOptimizer(app)
        return app

    return make


def adapters(app: Flask) -> list[type]:
    """Return a list that gets the class of the URL adapter of each request of an app."""
    seen: list[type] = []
    app.before_request(lambda: seen.append(type(request_ctx.url_adapter)))
    return seen


def test_the_second_request_is_known(make: Make) -> None:
    app = make()
    seen = adapters(app)
    client = app.test_client()
    answers = [client.get("/static/app.css") for _ in range(3)]
    assert seen == [MapAdapter, KnownAdapter, KnownAdapter]
    known = app.extensions["static_optimizer"].known
    assert [key[0] for key in known.files.values] == ["/static/app.css"]
    assert [answer.data for answer in answers] == [CSS] * 3
    assert answers[0].headers.to_wsgi_list() == answers[2].headers.to_wsgi_list()


def test_a_known_request_has_all_that_hooks_look_at(make: Make) -> None:
    """Its rule, its arguments, its blueprint, and an adapter that builds and matches URLs."""
    app = make()
    looks: list[tuple[Any, ...]] = []

    @app.before_request
    def look() -> None:
        adapter = request_ctx.url_adapter
        assert isinstance(adapter, MapAdapter)
        looks.append(
            (
                request.url_rule,
                request.endpoint,
                dict(request.view_args or {}),
                request.host,
                url_for("static", filename="b.css", _external=True),
                adapter.match("/static/b.css"),
                adapter.test("/nowhere"),
                adapter.allowed_methods(),
                adapter.server_name,
                adapter.path_info,
            )
        )

    client = app.test_client()
    for _ in range(2):
        client.get("/static/app.css", base_url="http://www.example.org/")
    assert looks[0] == looks[1]


def test_arguments_belong_to_one_request(make: Make) -> None:
    """A preprocessor that takes an argument away takes it from its own request only."""
    app = make()
    given = []

    @app.url_value_preprocessor
    def pull(_: str | None, values: dict[str, Any] | None) -> None:
        given.append(dict(values or {}))
        (values or {}).pop("lang", None)

    @app.get("/<lang>/logo")
    @cacheable_static(store=False)
    def logo() -> str:
        return "logo"

    client = app.test_client()
    assert [client.get("/de/logo").text for _ in range(3)] == ["logo"] * 3
    assert given == [{"lang": "de"}] * 3


def test_a_hook_may_ask_for_another_file(make: Make) -> None:
    app = make()
    files = iter(["app.css", "b.css", "app.css"])

    @app.before_request
    def other() -> None:
        (request.view_args or {})["filename"] = next(files)

    client = app.test_client()
    assert [client.get("/static/app.css").data for _ in range(3)] == [CSS, b"b {}", CSS]


def test_a_hook_may_change_what_is_accepted(make: Make) -> None:
    app = make()
    agents = iter(["new", "old", "new"])

    @app.before_request
    def no_coding_for_old_clients() -> None:
        if next(agents) == "old":
            del request.environ["HTTP_ACCEPT_ENCODING"]

    client = app.test_client()
    codings = [
        client.get("/static/app.css", headers={"Accept-Encoding": "gzip"}).content_encoding
        for _ in range(3)
    ]
    assert codings == ["gzip", None, "gzip"]


def test_a_changed_default_age_is_heard(make: Make) -> None:
    """Flask asks the configuration for each file; an app may change it between requests."""
    app = make()
    app.before_request(lambda: None)
    client = app.test_client()
    for age in (600, 60, 60, 600):
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = age
        assert client.get("/static/app.css").cache_control.max_age == age


def test_a_changed_file_is_noticed(make: Make, tmp_path: Path) -> None:
    app = make()
    seen = adapters(app)
    client = app.test_client()
    file = tmp_path / "static" / "app.css"
    for text in (CSS, b"new {}", b"newer {}"):
        write(file, text)
        for _ in range(3):
            assert client.get("/static/app.css").data == text
    file.unlink()
    gone = client.get("/static/app.css")
    assert (gone.status_code, gone.cache_control.no_store) == (404, True)
    assert seen.count(MapAdapter) == 1


def test_what_is_known_is_shared_when_it_is_whole(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread that asks for the same finds all of it, or nothing."""
    app = make()
    known = app.extensions["static_optimizer"].known
    plain = FileChooser.plain

    def looking(self: FileChooser, representation: Any) -> Any:
        assert not known.files.values
        return plain(self, representation)

    monkeypatch.setattr(FileChooser, "plain", looking)
    accepted = {"Accept-Encoding": "gzip"}
    for _ in range(2):
        assert app.test_client().get("/static/app.css", headers=accepted).status_code == 200


def test_a_guard_runs_each_time(make: Make) -> None:
    app = make()
    allowed = [True, True, False, True]

    @app.before_request
    def guard() -> None:
        if not allowed.pop():
            abort(403)

    client = app.test_client()
    assert [client.get("/static/app.css").status_code for _ in range(4)] == [200, 403, 200, 200]


def test_hooks_see_plain_bytes_each_time(make: Make) -> None:
    """The header fields that a hook sets are those of one response."""
    app = make()
    seen = []

    @app.after_request
    def look(response: Response) -> Response:
        seen.append((response.status, response.headers.to_wsgi_list(), response.is_streamed))
        response.headers["X-Number"] = str(len(seen))
        response.headers["Cache-Control"] = "no-cache"
        return response

    client = app.test_client()
    accepted = {"Accept-Encoding": "gzip"}
    answers = [client.get("/static/app.css", headers=accepted) for _ in range(3)]
    assert seen == seen[:1] * 3
    assert [answer.headers["X-Number"] for answer in answers] == ["1", "2", "3"]
    assert {answer.content_encoding for answer in answers} == {"gzip"}


def test_the_app_has_a_response_class_of_its_own(make: Make) -> None:
    """A class that makes something of its own with each response makes it with each."""
    app = make()
    made = []

    class Numbered(Response):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)
            self.headers["X-Number"] = str(len(made))

    app.response_class = Numbered
    client = Client(app)  # Flask's makes a response of the app's class of each answer
    answers = [client.get("/static/app.css") for _ in range(3)]
    numbers = [int(answer.headers["X-Number"]) for answer in answers]
    assert numbers == sorted(set(numbers))


def test_what_is_to_be_done_at_the_end_is_done_once(make: Make) -> None:
    app = make()
    done: list[int] = []
    number = iter(range(9))

    @app.after_request
    def at_close(response: Response) -> Response:
        response.call_on_close(partial(done.append, next(number)))
        return response

    client = app.test_client()
    etag = client.get("/static/app.css").headers["ETag"]
    for _ in range(2):
        client.get("/static/app.css", headers={"If-None-Match": etag}).close()
    assert done == [1, 2]  # in plain Flask, too, a file that is passed through closes itself alone


@pytest.mark.parametrize("trusted", [["example.org"], [".example.org", "localhost"]])
def test_trusted_hosts(make: Make, trusted: list[str]) -> None:
    app, plain = make(), make(optimize=False)
    answers = []
    for each in (app, plain):
        each.config["TRUSTED_HOSTS"] = trusted
        each.before_request(lambda: None)
        hosts = []
        each.before_request(lambda hosts=hosts: hosts.append(request.trusted_hosts))
        client = each.test_client()
        names = ("example.org", "example.org", "evil.org", "evil.org", "www.example.org")
        answers += [
            client.get("/static/app.css", headers={"Host": name}, buffered=True).status_code
            for name in names
        ]
        answers.append(hosts)
    assert answers[:6] == answers[6:]


def test_hosts_that_one_request_trusts(make: Make) -> None:
    class Own(Request):
        def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            super().__init__(environ, *args, **kwargs)
            if "HTTP_X_STRICT" in environ:
                self.trusted_hosts = ["example.org"]

    app, plain = make(), make(optimize=False)
    answers = []
    for each in (app, plain):
        each.request_class = Own
        each.before_request(lambda: None)
        client = each.test_client()
        for strict in ({}, {}, {"X-Strict": "1"}, {"X-Strict": "1"}, {}):
            headers = {"Host": "evil.org", **strict}
            answers.append(client.get("/static/app.css", headers=headers, buffered=True).status)
    assert answers[:5] == answers[5:]


def test_hosts_that_have_routes_of_their_own(make: Make) -> None:
    app = make(host_matching=True, static_host="static.org")
    app.add_url_rule("/static/app.css", "other", lambda: "other", host="other.org")
    client = app.test_client()
    for _ in range(2):
        for host, text in (("static.org", CSS), ("other.org", b"other")):
            assert client.get("/static/app.css", base_url=f"http://{host}/").data == text
        assert client.get("/static/app.css", base_url="http://none.org/").status_code == 404


def test_a_converter_decides_anew(make: Make) -> None:
    """A URL converter of the app's own may say something else each time."""
    app = make()
    is_open = [True]

    class Sometimes(BaseConverter):
        def to_python(self, value: str) -> str:
            if not is_open[0]:
                self.regex_failed = True
                abort(404)
            return value

    app.url_map.converters["sometimes"] = Sometimes

    @app.get("/pictures/<sometimes:name>")
    @cacheable_static(store=False)
    def picture(name: str) -> str:
        return name

    client = app.test_client()
    assert [client.get("/pictures/a").status_code for _ in range(2)] == [200, 200]
    is_open[0] = False
    assert client.get("/pictures/a").status_code == 404


def test_a_session_that_is_opened_by_hand(make: Make) -> None:
    app = make()
    client = app.test_client()
    for _ in range(2):
        client.get("/static/app.css")
        with client.session_transaction("/static/app.css") as real:
            real["visits"] = real.get("visits", 0) + 1
    with client.session_transaction() as real:
        assert real["visits"] == 2


def test_an_app_with_a_router_of_its_own(make: Make, tmp_path: Path) -> None:
    class Own(Flask):
        def create_url_adapter(self, request: Any) -> MapAdapter | None:
            return super().create_url_adapter(request)

    make()
    app = Own("app", root_path=str(tmp_path), instance_path=str(tmp_path / "i"))
    StaticOptimizer(app)
    seen = adapters(app)
    client = app.test_client()
    assert [client.get("/static/app.css").data for _ in range(2)] == [CSS] * 2
    assert seen == [MapAdapter] * 2


def test_a_websocket_is_not_a_known_request(make: Make) -> None:
    app = make()
    seen = adapters(app)
    client = app.test_client()
    client.get("/static/app.css")
    client.get("/static/app.css", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert seen == [MapAdapter] or seen == [MapAdapter, MapAdapter]


def test_the_session_stays_out(make: Make) -> None:
    app = make()
    seen = []
    app.before_request(lambda: seen.append((dict(session), session.new)))

    @app.get("/login")
    def login() -> str:
        session["user"] = "ada"
        return "in"

    client = app.test_client()
    client.get("/login")
    for _ in range(3):
        answer = client.get("/static/app.css")
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.vary
    assert seen[1:] == [({}, True)] * 3
