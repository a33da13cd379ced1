"""The lane: who may take it, and that nobody can tell that it was taken."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Blueprint, Flask, Response
from flask.sessions import SecureCookieSessionInterface
from werkzeug.routing import Map, MapAdapter
from werkzeug.test import create_environ

from conftest import CSS, set_monotonic
from flask_static_optimizer import ConfigurationError, StaticOptimizer, static_request_marked
from flask_static_optimizer.assets.asset import SMALL, Asset
from flask_static_optimizer.assets.derived import Derived
from flask_static_optimizer.assets.memory import Memory
from flask_static_optimizer.assets.representation import Representation
from flask_static_optimizer.assets.variants import VariantMaker
from flask_static_optimizer.http.bodies import SMALL_BODY
from flask_static_optimizer.lane.observers import replaced_steps

MakeApp = Callable[..., Flask]
URL = "/static/app.css"


def asked(app: Flask) -> Callable[..., bool]:
    """Return a function that tells if Flask itself is asked: it makes a context then."""
    app.test_client().get("/")  # the app is complete now

    def ask(path: str = URL, **environ: Any) -> bool:
        contexts = []
        make = app.request_context
        app.request_context = lambda given: contexts.append(given) or make(given)  # type: ignore
        try:
            body = app(create_environ(path, **environ), lambda *_: None)
            list(body)
            close = getattr(body, "close", None)
            if close:
                close()
        finally:
            del app.request_context
        return bool(contexts)

    assert ask("/")
    return ask


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize(
    "given",
    [{"HTTP_AUTHORIZATION": "Bearer x"}, {"REMOTE_USER": "ada"}, {"HTTP_UPGRADE": "websocket"}],
    ids=lambda given: next(iter(given)),
)
def test_flask_is_asked_about_known_files_too(
    make_app: MakeApp, given: dict[str, str], express: bool
) -> None:
    """Whatever else such a request asks for, the lane does not answer it."""
    app = make_app(STATIC_OPTIMIZER_EXPRESS=express)
    ask = asked(app)
    answer = app.test_client().get(URL)
    same = {"HTTP_IF_NONE_MATCH": answer.headers["ETag"]}
    since = {"HTTP_IF_MODIFIED_SINCE": answer.headers["Last-Modified"]}
    part = {"HTTP_RANGE": "bytes=0-1"}
    for fields in ({}, same, since, part, same | part):
        assert not ask(environ_overrides=fields)
        assert ask(environ_overrides=fields | given)


@pytest.mark.usefixtures("settled")
def test_if_range_is_about_another_coding(make_app: MakeApp) -> None:
    """A client that began with the plain bytes gets a part of these."""
    client = make_app().test_client()
    etag = client.get(URL).headers["ETag"]
    for _ in range(2):
        coded = client.get(URL, headers={"Accept-Encoding": "gzip"})
        assert coded.headers["Content-Encoding"] == "gzip"
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=0-3", "If-Range": etag}
    part = client.get(URL, headers=headers)
    assert (part.status_code, part.data, part.headers["ETag"]) == (206, CSS[:4], etag)


def test_flask_is_not_asked_without_need(make_app: MakeApp) -> None:
    """Flask is not asked where it would run nothing of the app's."""
    ask = asked(make_app())
    assert not ask()
    assert not ask(method="HEAD")
    assert not ask(headers={"Cookie": "session=x", "Range": "bytes=0-1"})


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST"},
        {"method": "OPTIONS"},
        {"headers": {"Authorization": "Bearer x"}},
        {"environ_overrides": {"REMOTE_USER": "ada"}},
        {"headers": {"Upgrade": "websocket", "Connection": "Upgrade"}},
        {"headers": {"If-Match": '"other"'}},
        {"headers": {"Range": "bytes=99999-"}},
        {"path": "/static/none.css"},
        {"path": "/static//app.css"},
        {"path": "/static/"},
        {"path": "/look"},
    ],
    ids=str,
)
@pytest.mark.parametrize("express", [False, True])
def test_anything_but_a_file_is_flasks(
    make_app: MakeApp, request_: dict[str, Any], express: bool
) -> None:
    """A request that is not plainly for a file is left to Flask."""
    ask = asked(make_app(STATIC_OPTIMIZER_EXPRESS=express))
    assert not ask()
    assert ask(**request_)


def hook_before(app: Flask) -> None:
    app.before_request(lambda: None)


def hook_after(app: Flask) -> None:
    app.after_request(lambda response: response)


def hook_teardown(app: Flask) -> None:
    app.teardown_request(lambda error: None)


def hook_context(app: Flask) -> None:
    app.teardown_appcontext(lambda error: None)


def hook_values(app: Flask) -> None:
    app.url_value_preprocessor(lambda endpoint, values: None)


def other_responses(app: Flask) -> None:
    class Mine(Response):
        pass

    app.response_class = Mine


def a_middleware(app: Flask) -> None:
    flask_itself = app.wsgi_app
    app.wsgi_app = lambda *given: flask_itself(*given)  # type: ignore[method-assign]


WATCHING = [
    hook_before,
    hook_after,
    hook_teardown,
    hook_context,
    hook_values,
    other_responses,
    a_middleware,
]


@pytest.mark.parametrize("watch", WATCHING)
def test_who_would_notice_does(make_app: MakeApp, watch: Callable[[Flask], None]) -> None:
    assert asked(make_app(before=watch))()


@pytest.mark.parametrize("watch", [watch for watch in WATCHING if watch is not a_middleware])
def test_the_express_lane_passes_hooks_by(
    make_app: MakeApp, watch: Callable[[Flask], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The express lane passes hooks and receivers by, and the log says so."""
    assert not asked(make_app(before=watch, STATIC_OPTIMIZER_EXPRESS=True))()
    (said,) = [line for line in caplog.messages if "STATIC_OPTIMIZER_EXPRESS" in line]
    if watch is other_responses:
        assert "Flask.response_class" in said
    else:
        assert f"test_lane.{watch.__name__}.<locals>.<lambda>" in said
    assert '{"static:part/*": {"session": "protected"}}' in said
    assert "'flask static audit' lists the header fields" in said


def test_who_hears_of_requests_is_named_too(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def hear(*_: Any, **__: Any) -> None: ...

    app = make_app(STATIC_OPTIMIZER_EXPRESS=True)
    with flask.request_started.connected_to(hear, app):
        assert not asked(app)()
    (said,) = [line for line in caplog.messages if "STATIC_OPTIMIZER_EXPRESS" in line]
    assert "without " in said
    assert "test_who_hears_of_requests_is_named_too.<locals>.hear (request-started)" in said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"RULES": {"static:private/*": {"session": "protected"}}}, "['static:private/*']"),
        ({"RULES": {"static:*.js": False}}, "['static:*.js']"),
        ({"RULES": {"static:*.js": {"max_age": 5}}}, '{"static:part/*": {"session": "protected"}}'),
        ({"RULES": {"*": {"session": "protected"}}}, None),
        ({"RULES": {"static": False}}, None),
        ({"SESSION": "protected"}, None),
    ],
    ids=str,
)
def test_advice_that_is_followed_is_not_given(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, config: dict[str, Any], said: str | None
) -> None:
    """No advice is given that is followed already."""
    config = {f"STATIC_OPTIMIZER_{name}": value for name, value in config.items()}
    asked(make_app(before=hook_before, STATIC_OPTIMIZER_EXPRESS=True, **config))()
    lines = [line for line in caplog.messages if "STATIC_OPTIMIZER_EXPRESS" in line]
    assert len(lines) == (said is not None)
    assert all(said in line for line in lines if said)


@pytest.mark.usefixtures("settled")
def test_the_first_request_is_like_the_next(make_app: MakeApp) -> None:
    """The first request is answered as the next ones are."""

    def guard(app: Flask) -> None:
        @app.before_request
        def refuse() -> Any:
            return ("log in", 401) if flask.request.path == URL else None

    app = make_app(before=guard, STATIC_OPTIMIZER_EXPRESS=True)
    client = app.test_client()
    assert [client.get(URL).status_code for _ in range(2)] == [200, 200]
    app.session_interface = SecureCookieSessionInterface()  # as an extension that comes late
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
    assert getattr(app.session_interface, "static_optimizer_aware", False)


def test_late_configuration_is_refused(make_app: MakeApp) -> None:
    """Configuration that came too late is refused before Flask is asked."""
    app = make_app(STATIC_OPTIMIZER_EXPRESS=True)
    app.config["STATIC_OPTIMIZER_MEMORY"] = 5
    for path in (URL, "/"):
        with pytest.raises(ConfigurationError, match="STATIC_OPTIMIZER_MEMORY was set after"):
            app.test_client().get(path)


def test_nothing_to_pass_by_is_no_news(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged where there is nothing to pass by."""
    asked(make_app(STATIC_OPTIMIZER_EXPRESS=True, STATIC_OPTIMIZER_PRELOAD=["style"]))()
    assert caplog.messages == []


class Logging(Flask):
    def full_dispatch_request(self, *ctx: Any) -> Response:  # type: ignore[override]
        return super().full_dispatch_request(*ctx)


def test_a_step_that_a_subclass_replaces_is_taken(static_folder: Path) -> None:
    app = Logging("app", root_path=str(static_folder.parent))
    app.get("/")(lambda: "")
    StaticOptimizer(app)
    assert asked(app)()


def as_flask_3_2_wraps(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method as Flask 3.2 does: in a function of ``flask.app``, by ``update_wrapper``."""
    made: dict[str, Any] = {}
    code = "def wrap(f):\n    return lambda self, *args, **kwargs: f(self, *args, **kwargs)"
    exec(code, vars(flask.app), made)
    return functools.update_wrapper(made["wrap"](method), method)


@pytest.mark.parametrize("step", ["full_dispatch_request", "finalize_request", "ensure_sync"])
def test_a_step_that_flask_3_2_wraps(
    static_folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A step of a subclass is taken, and one of Flask's own is not, where Flask has wrapped both.

    Flask 3.2 does so with methods of the signatures that Flask 3.1 had.
    """

    def mine(app: Flask, *given: Any) -> Any:
        return getattr(Flask, step)(app, *given)

    monkeypatch.setattr(Flask, step, as_flask_3_2_wraps(getattr(Flask, step)))
    for kind, taken in (
        (type("Mine", (Flask,), {step: as_flask_3_2_wraps(mine)}), True),
        (type("Plain", (Flask,), {}), False),
    ):
        app = kind("app", root_path=str(static_folder.parent))
        app.get("/")(lambda: "")
        StaticOptimizer(app)
        assert asked(app)() == taken


def test_a_step_of_a_class_in_flasks_name(static_folder: Path) -> None:
    """A step counts as replaced where the class that defines it is not Flask's, whatever its code.

    A mixin may be given a function of Flask's.
    """
    kind = type("Mine", (Flask,), {"dispatch_request": Flask.full_dispatch_request})
    app = kind("app", root_path=str(static_folder.parent))
    assert "Mine.dispatch_request" in replaced_steps(app)


@pytest.mark.parametrize("step", ["wsgi_app", "dispatch_request", "ensure_sync"])
@pytest.mark.parametrize("honest", [False, True])
def test_a_step_that_a_tracer_patches(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, step: str, honest: bool
) -> None:
    """A step that a tracer patches in Flask's own class is taken."""
    flasks = getattr(Flask, step)

    def traced(*given: Any) -> Any:
        return flasks(*given)

    monkeypatch.setattr(Flask, step, traced if honest else functools.wraps(flasks)(traced))
    assert asked(make_app())()


class Tenants(Map):
    """A URL map that is bound in a way of the app's own."""

    def bind_to_environ(self, *args: Any, **kwargs: Any) -> MapAdapter:
        return super().bind_to_environ(*args, **kwargs)


def test_urls_that_the_app_matches_itself(static_folder: Path) -> None:
    """URLs that the app matches in a way of its own are left to it."""

    class Rented(Flask):
        url_map_class = Tenants

    app = Rented("app", root_path=str(static_folder.parent))
    app.get("/")(lambda: "")
    StaticOptimizer(app)
    assert asked(app)()


@pytest.mark.parametrize("guarded", ["shop", "shop.inner", "other"])
def test_other_blueprints_hooks_do_not_matter(
    static_folder: Path, make_app: MakeApp, guarded: str
) -> None:
    """The hooks of another blueprint do not close the lane."""

    def add(app: Flask) -> None:
        made = {
            "shop": Blueprint("shop", __name__, url_prefix="/shop"),
            "shop.inner": Blueprint("inner", __name__, static_folder=static_folder),
            "other": Blueprint("other", __name__, url_prefix="/other"),
        }
        made[guarded].before_request(lambda: None)
        made["shop"].register_blueprint(made["shop.inner"], url_prefix="/inner")
        app.register_blueprint(made["shop"])
        app.register_blueprint(made["other"])

    ask = asked(make_app(before=add))
    assert not ask()
    assert ask("/shop/inner/static/app.css") == (guarded != "other")


@pytest.mark.parametrize(
    "signal",
    [
        flask.request_started,
        flask.request_finished,
        flask.request_tearing_down,
        flask.appcontext_pushed,
        flask.appcontext_popped,
        flask.appcontext_tearing_down,
        static_request_marked,
    ],
    ids=lambda signal: signal.name,
)
def test_who_listens_hears_even_later(make_app: MakeApp, signal: Any) -> None:
    app = make_app()
    ask = asked(app)
    heard = []

    def hear(sender: Flask, **_: Any) -> None:
        heard.append(sender)

    other = Flask("other")
    with signal.connected_to(hear, other):
        assert not ask()
    with signal.connected_to(hear, app):
        assert ask()
    assert heard == [app]
    assert not ask()


def test_a_context_that_a_test_wants_is_kept(make_app: MakeApp) -> None:
    app = make_app()
    with app.test_client() as client:
        client.get("/")
        client.get(URL)
        assert flask.request.path == URL


def test_who_wants_speed_has_no_context_to_keep(make_app: MakeApp) -> None:
    app = make_app(STATIC_OPTIMIZER_EXPRESS=True)
    with app.test_client() as client:
        client.get("/")
        assert client.get(URL).data == CSS
        assert not flask.has_request_context()


@pytest.mark.parametrize("express", [False, True])
def test_protected_and_excluded_files(make_app: MakeApp, express: bool) -> None:
    """A protected file, and one that a rule leaves alone, do not take the lane."""
    rules = {"static:private/*": {"session": "protected"}, "static:*.js": False}
    ask = asked(make_app(STATIC_OPTIMIZER_RULES=rules, STATIC_OPTIMIZER_EXPRESS=express))
    assert not ask()
    assert ask("/static/private/report.pdf")
    assert ask("/static/app.js")


@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize(
    "config", [{"TRUSTED_HOSTS": ["example.org"]}, {"DEBUG": True}], ids=lambda c: next(iter(c))
)
def test_hosts_and_debug_mode_are_flasks(
    make_app: MakeApp, config: dict[str, Any], express: bool
) -> None:
    assert asked(make_app(STATIC_OPTIMIZER_EXPRESS=express, **config))()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_host_that_can_be_none_is_flasks(make_app: MakeApp, host: str, express: bool) -> None:
    app = make_app(STATIC_OPTIMIZER_EXPRESS=express)
    ask = asked(app)
    for _ in range(2):  # looked up, and remembered
        assert not ask()
        assert ask(headers={"Host": host})
    assert app.test_client().get(URL, headers={"Host": host}).status_code == 400


def test_a_middleware_that_comes_later_sees_all(make_app: MakeApp) -> None:
    app = make_app()
    seen = []
    inner = app.wsgi_app

    def outer(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    app.wsgi_app = outer  # type: ignore[method-assign]
    assert not asked(app)()
    assert seen == ["/", "/", URL]


@pytest.mark.usefixtures("settled")
def test_a_file_is_looked_at_each_time(make_app: MakeApp, static_folder: Path) -> None:
    client = make_app().test_client()
    client.get("/")
    assert client.get(URL).data == CSS
    (static_folder / "app.css").write_bytes(b"new")
    assert client.get(URL).data == b"new"
    (static_folder / "app.css").unlink()
    assert client.get(URL).status_code == 404


@pytest.mark.usefixtures("settled")
def test_the_express_lane_looks_once_a_second(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    set_monotonic(monkeypatch, clock)
    client = make_app(STATIC_OPTIMIZER_EXPRESS=True).test_client()
    client.get("/")
    old = client.get(URL)
    (static_folder / "app.css").write_bytes(b"new")
    clock[0] += 0.9
    again = client.get(URL)
    assert (again.data, again.headers["ETag"]) == (CSS, old.headers["ETag"])
    clock[0] += 0.2
    assert client.get(URL).data == b"new"


@pytest.mark.usefixtures("settled")
def test_a_new_url_gets_the_new_bytes_at_once(make_app: MakeApp, static_folder: Path) -> None:
    app = make_app(STATIC_OPTIMIZER_EXPRESS=True)
    client = app.test_client()
    client.get("/")
    assert client.get(URL).data == CSS
    (static_folder / "app.css").write_bytes(b"new")
    with app.test_request_context():
        url = flask.url_for("static", filename="app.css")
    answer = client.get(url)
    assert (answer.data, "immutable" in answer.headers["Cache-Control"]) == (b"new", True)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("through", ["lane", "hooks"])
def test_a_failing_start_response_closes_files(make_app: MakeApp, static_folder: Path) -> None:
    """A ``start_response`` that fails leaves no file open."""
    (static_folder / "large.bin").write_bytes(bytes(2 * SMALL))
    app = make_app()
    app.test_client().get("/")

    def fail(*_: Any) -> None:
        raise BrokenPipeError

    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for headers in ({}, {"Range": f"bytes=0-{SMALL + 9}"}):
        environ = create_environ("/static/large.bin", headers=headers)
        with pytest.raises(BrokenPipeError):
            app.wsgi_app(environ, fail)
    after = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    assert before == after


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("through", ["lane", "hooks"])
@pytest.mark.parametrize("asked", ["", f"bytes=10-{SMALL + 99}"])
def test_a_large_file_uses_the_file_wrapper(
    make_app: MakeApp, static_folder: Path, asked: str
) -> None:
    """A large file is handed to the server's ``wsgi.file_wrapper``."""
    data = os.urandom(2 * SMALL)
    (static_folder / "large.bin").write_bytes(data)
    app = make_app()
    app.test_client().get("/")
    given: list[Any] = []

    def file_wrapper(file: Any, size: int) -> list[bytes]:
        given.append(file)
        assert not hasattr(file, "fileno")
        assert file.seek(0, os.SEEK_END) == file.tell()
        file.seek(0)
        first = file.read(10)
        file.seek(-10, os.SEEK_CUR)
        assert file.read(10) == first
        return [first, *iter(lambda: file.read(size), b"")]

    environ = create_environ("/static/large.bin", headers={"Range": asked} if asked else {})
    environ["wsgi.file_wrapper"] = file_wrapper
    body = app.wsgi_app(environ, lambda *_: None)
    assert b"".join(body) == (data[10 : SMALL + 100] if asked else data)
    (file,) = given
    file.close()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("asked", ["", f"bytes=1-{SMALL_BODY + 1}"])
def test_large_bodies_use_the_file_wrapper(
    make_app: MakeApp, static_folder: Path, asked: str, hooked: bool
) -> None:
    """Many bytes in memory are handed to the server as a file.

    Waitress copies what is none.
    """
    data = os.urandom(SMALL)
    (static_folder / "photo.bin").write_bytes(data)
    (static_folder / "icon.bin").write_bytes(data[:SMALL_BODY])
    app = make_app()
    if hooked:
        app.before_request(lambda: None)
    app.test_client().get("/")

    def ask(path: str) -> Any:
        environ = create_environ(path, headers={"Range": asked} if asked else {})
        environ["wsgi.file_wrapper"] = lambda file, size: [
            b"file",
            *iter(functools.partial(file.read, size), b""),
        ]
        return app.wsgi_app(environ, lambda *_: None)

    for _ in range(2):  # when it is chosen, and when it is remembered
        assert b"".join(ask("/static/photo.bin")) == b"file" + (
            data[1 : SMALL_BODY + 2] if asked else data
        )
        assert b"".join(ask("/static/icon.bin")) == (
            data[1:SMALL_BODY] if asked else data[:SMALL_BODY]
        )


class TestMemory:
    @pytest.fixture
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let nothing but bytes count."""
        monkeypatch.setattr("flask_static_optimizer.assets.asset._ASSET", 0)

    def filled(self, limit: int, *sizes: int) -> tuple[Memory, list[Asset]]:
        memory = Memory(limit)
        assets = []
        for number, size in enumerate(sizes):
            asset = Asset.__new__(Asset)
            asset.path, asset.derived = str(number), Derived(body=bytes(size))
            asset.body, asset.dependencies, asset.known = None, (), None
            assets.append(asset)
            memory.hold(asset)
        return memory, assets

    @pytest.mark.usefixtures("bare")
    def test_what_was_used_longest_ago_goes_first(self) -> None:
        memory, assets = self.filled(300, 100, 100)
        memory.touch(assets[0])
        third = self.filled(0, 200)[1][0]
        third.path = "third"
        memory.hold(third)
        assert sizes_held(assets) == [100, None]

    @pytest.mark.usefixtures("bare")
    def test_the_last_one_stays_however_large(self) -> None:
        _, assets = self.filled(100, 50, 1000)
        assert sizes_held(assets) == [None, 1000]

    @pytest.mark.usefixtures("bare")
    def test_a_file_counts_once(self) -> None:
        memory, assets = self.filled(250, 100, 100)
        for _ in range(5):
            memory.hold(assets[0])
        assert sizes_held(assets) == [100, 100]

    @pytest.mark.usefixtures("settled")
    @pytest.mark.parametrize("kind", ["bin", "css", "rewritten.css", "large.bin"])
    def test_it_is_bounded_while_all_is_served(
        self, make_app: MakeApp, static_folder: Path, kind: str
    ) -> None:
        """All that is kept of files stays below the limit, whichever files these are."""
        limit = 200_000
        bodies = {
            "bin": lambda number: os.urandom(2000),
            "css": lambda number: b"a { b: c }" * 100 + b"%d" % number,
            "rewritten.css": lambda number: b"a { b: url(app.js) }" * 100 + b"%d" % number,
            "large.bin": lambda number: bytes(250_000),
        }
        for number in range(150):
            (static_folder / f"{number}.{kind}").write_bytes(bodies[kind](number))
        app = make_app(STATIC_OPTIMIZER_MEMORY=limit)
        client = app.test_client()
        client.get("/")
        first: dict[int, bytes] = {}
        for _ in range(2):
            for number in range(150):
                body = client.get(f"/static/{number}.{kind}").data
                assert first.setdefault(number, body) == body
        memory = app.extensions["static_optimizer"].memory
        (mount,) = app.extensions["static_optimizer"].catalogue.mounts
        kept = {*memory._held, *memory._released}
        assert set(mount.known.values()) <= kept
        assert 10 < len(kept) < 100
        assert memory._size == sum(asset.weight() for asset in kept) <= limit
        assert {answer.asset for answer in answers_of(app).values()} <= set(memory._held)

    @pytest.mark.usefixtures("settled")
    def test_spellings_of_a_header_count(self, make_app: MakeApp, static_folder: Path) -> None:
        """What is remembered of requests counts, and is shared by those that mean the same."""
        limit = 300_000
        for number in range(20):
            (static_folder / f"{number}.css").write_bytes(CSS + b"%d" % number)
        app = make_app(STATIC_OPTIMIZER_MEMORY=limit)
        client = app.test_client()
        client.get("/")
        for number in range(20):
            for spelling in range(60):
                accepted = {"Accept-Encoding": f"x{spelling}{'x' * 400}, br"}
                assert client.get(f"/static/{number}.css", headers=accepted).status_code == 200
                answers = answers_of(app)
                assert sum(len("".join(map(str, key))) + 500 for key in answers) < limit
        last = [answer for answer in answers.values() if answer.asset.name == "19.css"]
        assert len(last) == 60
        assert len({id(answer) for answer in last}) == 1

    @pytest.mark.usefixtures("settled")
    def test_a_large_file_displaces_nothing(self, make_app: MakeApp, static_folder: Path) -> None:
        """Large files that don't fit together are not read anew into memory by turns."""
        for name in ("one.bin", "two.bin"):
            (static_folder / name).write_bytes(os.urandom(SMALL_BODY * 4))
        app = make_app(STATIC_OPTIMIZER_MEMORY=SMALL_BODY * 6)
        client = app.test_client()
        client.get("/")
        for _ in range(3):
            for name in ("one.bin", "two.bin"):
                data = (static_folder / name).read_bytes()
                assert client.get(f"/static/{name}").data == data
            (mount,) = app.extensions["static_optimizer"].catalogue.mounts
            held = [asset.name for asset in mount.known.values() if asset.derived.body]
            assert held == ["one.bin"]

    @pytest.mark.usefixtures("settled")
    def test_a_file_is_not_kept_twice(self, make_app: MakeApp, static_folder: Path) -> None:
        """The bytes in which a file was read for its hash don't stay behind memory's back."""
        data = os.urandom(3 * 2**20)
        (static_folder / "some.bin").write_bytes(data)
        app = make_app()
        assert app.test_client().get("/static/some.bin").data == data
        (mount,) = app.extensions["static_optimizer"].catalogue.mounts
        assert mount.known["some.bin"].snapshot.data is None

    @pytest.mark.usefixtures("settled")
    @pytest.mark.parametrize(
        ("limit", "size", "is_held"),
        [
            (32 * 2**20, SMALL, True),
            (32 * 2**20, SMALL + 1, False),
            (64 * 2**20, 2 * SMALL, True),
            (64 * 2**20, 2 * SMALL + 1, False),
            (2**30, 16 * SMALL, True),
            (2**30, 16 * SMALL + 1, False),
            (10_000, 7000, True),
            (10_000, 10_001, False),
        ],
    )
    def test_how_large_a_file_it_holds(
        self, make_app: MakeApp, static_folder: Path, limit: int, size: int, is_held: bool
    ) -> None:
        (static_folder / "some.bin").write_bytes(bytes(size))
        app = make_app(STATIC_OPTIMIZER_MEMORY=limit)
        client = app.test_client()
        client.get("/")
        response = client.get("/static/some.bin")
        assert response.data == bytes(size)
        assert "ETag" in response.headers
        (answer,) = answers_of(app).values()
        assert (answer.body is not None) is is_held

    @pytest.mark.usefixtures("settled")
    def test_dropped_bytes_are_not_remembered(
        self, make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is remembered of bytes that were let go in the meantime."""
        (static_folder / "other.css").write_bytes(CSS + b" ")
        app = make_app(STATIC_OPTIMIZER_MEMORY=5000)
        client = app.test_client()
        client.get("/")
        make = Representation.__init__
        asking = iter(["/static/other.css"])

        def slowly(self: Representation, *args: Any, **kwargs: Any) -> None:
            make(self, *args, **kwargs)
            for path in asking:
                client.get(path)

        monkeypatch.setattr(Representation, "__init__", slowly)
        assert client.get(URL).data == CSS
        assert [answer.asset.name for answer in answers_of(app).values()] == ["other.css"]

    @pytest.mark.usefixtures("settled")
    def test_a_changed_file_is_not_remembered(self, make_app: MakeApp, static_folder: Path) -> None:
        """Nothing is remembered of a file that has changed."""
        app = make_app()
        client = app.test_client()
        client.get("/")
        for coding in ("", "br"):
            client.get(URL, headers={"Accept-Encoding": coding})
        assert len(answers_of(app)) == 2
        (static_folder / "app.css").write_bytes(b"new")
        assert client.get(URL).data == b"new"
        assert [answer.body for answer in answers_of(app).values()] == [b"new"]
        (static_folder / "app.css").unlink()
        assert client.get(URL).status_code == 404
        assert not answers_of(app)

    @pytest.mark.usefixtures("settled")
    def test_forgotten_bytes_are_not_remembered(self, make_app: MakeApp) -> None:
        """Nothing is remembered of a file that another thread forgets in the meantime."""
        app = make_app()
        client = app.test_client()
        client.get("/")
        client.get(URL)
        (answer,) = answers_of(app).values()
        asset = answer.asset
        files = app.extensions["static_optimizer"].lane._files.remembered

        class Interrupted(set[Any]):
            def add(self, key: Any) -> None:
                super().add(key)
                files.forget(asset)  # as the other thread does just then

        files._keys[asset] = Interrupted(files._keys[asset])
        client.get(URL, headers={"Accept-Encoding": "br"})
        assert not answers_of(app)
        assert asset not in files._keys

    @pytest.mark.usefixtures("settled")
    def test_a_touched_file_is_remembered_again(
        self, make_app: MakeApp, static_folder: Path
    ) -> None:
        """A file that was touched is remembered again."""
        app = make_app()
        client = app.test_client()
        for _ in range(2):
            client.get(URL, headers={"Accept-Encoding": "br"})
        before = answers_of(app)
        (answer,) = before.values()
        os.utime(static_folder / "app.css", (1_500_000_000, 1_500_000_000))
        client.get(URL, headers={"Accept-Encoding": "br"})
        (again,) = answers_of(app).values()
        assert (again.body, again.asset is answer.asset) == (answer.body, False)
        memory = app.extensions["static_optimizer"].memory
        assert (memory.holds(answer.asset), memory.holds(again.asset)) == (False, True)

    @pytest.mark.usefixtures("settled")
    def test_equal_folders_are_apart(self, make_app: MakeApp, static_folder: Path) -> None:
        """Two folders of the same files leave each other's bytes alone."""

        def add(app: Flask) -> None:
            folder = {"static_folder": str(static_folder), "static_url_path": "/assets"}
            app.register_blueprint(Blueprint("shop", "shop", url_prefix="/shop", **folder))

        app = make_app(after=add)
        client = app.test_client()
        client.get("/")
        for path in (URL, "/shop/assets/app.css", URL):
            assert client.get(path).data == CSS
        assert [key[0] for key in answers_of(app)] == [URL, "/shop/assets/app.css"]

    @pytest.mark.usefixtures("settled")
    def test_what_is_gone_is_forgotten(self, make_app: MakeApp, static_folder: Path) -> None:
        app = make_app()
        client = app.test_client()
        client.get("/")
        memory = app.extensions["static_optimizer"].memory
        for turn in range(20):
            path = static_folder / f"chart{turn}.css"
            path.write_bytes(b"a { background: url(app.js) }" * 20)
            assert client.get(f"/static/{path.name}").status_code == 200
            path.unlink()
            assert client.get(f"/static/{path.name}?v=0").status_code == 404
        assert not answers_of(app)
        assert {asset.name for asset in memory._held} <= {"app.js"}

    @pytest.mark.usefixtures("settled")
    def test_limits_of_what_is_remembered(
        self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flask_static_optimizer.requests.remembered._REQUESTS_OF_ONE", 4)
        app = make_app()
        client = app.test_client()
        client.get("/")
        files = app.extensions["static_optimizer"].lane._files.remembered
        files.values._limit = 6
        for spelling in range(20):
            for name in ("app.css", "app.js"):
                client.get(f"/static/{name}", headers={"Accept-Encoding": f"x{spelling}"})
                known = files._keys.values()
                assert set().union(*known) >= set(answers_of(app))
                assert all(len(keys) <= 4 for keys in known)
                assert len(answers_of(app)) <= 6
        before = set(answers_of(app))
        client.get(URL, headers={"Accept-Encoding": "x" * 3000})
        assert set(answers_of(app)) == before

    @pytest.mark.usefixtures("settled")
    def test_belief_begins_with_the_look(
        self, make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file is believed from the moment at which it was looked at.

        Not from when its variants were made, which may take long.
        """
        app = make_app(STATIC_OPTIMIZER_EXPRESS=True)
        client = app.test_client()
        client.get("/")
        clock = [1000.0]
        set_monotonic(monkeypatch, clock)
        make = VariantMaker.make

        def slowly(self: VariantMaker, asset: Asset, *, best: bool) -> Any:
            made = make(self, asset, best=best)
            (static_folder / "app.css").write_bytes(b"new")
            clock[0] += 3
            return made

        monkeypatch.setattr(VariantMaker, "make", slowly)
        assert len(client.get(URL, headers={"Accept-Encoding": "br"}).data) < len(CSS)
        assert client.get(URL, headers={"Accept-Encoding": "br"}).data == b"new"


def sizes_held(assets: list[Asset]) -> list[int | None]:
    """Return the bytes that are held of each asset."""
    return [asset.derived.body and len(asset.derived.body) for asset in assets]


def answers_of(app: Flask) -> dict[Any, Representation]:
    """Return what the lane remembers."""
    lane = app.extensions["static_optimizer"].lane
    answers: dict[Any, Representation] = lane._answers
    return answers
