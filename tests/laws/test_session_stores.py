"""Real session stores: static requests ask them nothing, and pages the same as ever."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cachelib
import pytest
from flask import Blueprint, Flask, Response, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time
from pymemcache.client.base import Client
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import event
from werkzeug.test import TestResponse

from conftest import Memcached, RedisServer
from flask_static_optimizer import cacheable_static

try:
    from flask_session.base import ServerSideSessionInterface
except ImportError:  # before 0.7
    from flask_session.sessions import SessionInterface as ServerSideSessionInterface

MakeApp = Callable[..., Flask]


@pytest.fixture
def through() -> str:
    """Serve files through hooks, so that they reach the session interface."""
    return "hooks"


T = TypeVar("T")

# Flask-Session's SQLAlchemy backend asks datetime.utcnow(), deprecated since Python 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

#: What Flask-Session 0.7 brought: cachelib's caches, and tables that it makes itself.
since_0_7 = pytest.mark.needs("flask-session>=0.7", "for this backend")
BACKENDS = [
    "redis",
    "memcached",
    pytest.param("FileSystemCache", marks=since_0_7),
    pytest.param("SQLAlchemy", marks=since_0_7),
    "signed cookie",
]
ORDERS = ["before", "after", "later"]
PROTECT = {"static:private/*": {"session": "protected"}}
REPORT = "/static/private/report.pdf"


# -- The stores -------------------------------------------------------------------------------


@dataclass
class Store:
    """A session store, and what it was asked so far."""

    commands: Callable[[], Counter[str]]
    #: What must be done while the app is made; and making it the app's session store.
    prepare: Callable[[Flask], Any]
    assign: Callable[[Flask], Any]

    def asked(
        self, action: Callable[..., T], *args: Any, **kwargs: Any
    ) -> tuple[T, dict[str, int]]:
        """Return the result of an action, and what the store was asked in the meantime."""
        before = self.commands()
        result = action(*args, **kwargs)
        return result, dict(self.commands() - before)


class CountingFiles(cachelib.FileSystemCache):
    """A cache that counts what is asked for sessions, without its own bookkeeping."""

    def __init__(self, folder: str, asked: Counter[str]) -> None:
        self._asked = asked
        super().__init__(folder)

    def _count(self, name: str, key: str) -> None:
        self._asked[name] += key.startswith("session:")

    def get(self, key: str) -> Any:
        self._count("get", key)
        return super().get(key)

    def set(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self._count("set", key)
        return super().set(key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        self._count("delete", key)
        return super().delete(key, *args, **kwargs)


class CountingCookies(SecureCookieSessionInterface):
    """An interface that counts how often it reads or writes the cookie, by its serializer."""

    def __init__(self, asked: Counter[str]) -> None:
        self._asked = asked

    def get_signing_serializer(self, app: Flask) -> Any:
        self._asked["serializer"] += 1
        return super().get_signing_serializer(app)


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from make_store(request.param, request, tmp_path)


@pytest.fixture
def redis_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from make_store("redis", request, tmp_path)


def make_store(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    asked: Counter[str] = Counter()

    def flask_session(**config: Any) -> Callable[[Flask], None]:
        def assign(app: Flask) -> None:
            app.config.update(config)
            Session(app)

        return assign

    def nothing(app: Flask) -> None: ...

    def so_far() -> Counter[str]:
        return asked.copy()

    if backend == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        assign = flask_session(SESSION_TYPE="redis", SESSION_REDIS=server.client)
        yield Store(lambda: Counter(server.commands()), nothing, assign)
    elif backend == "memcached":
        memcached: Memcached = request.getfixturevalue("memcached")
        with closing(
            Client(("127.0.0.1", memcached.port), default_noreply=False, no_delay=True)
        ) as client:
            assign = flask_session(SESSION_TYPE="memcached", SESSION_MEMCACHED=client)
            yield Store(lambda: Counter(memcached.counts()), nothing, assign)
    elif backend == "FileSystemCache":
        files = CountingFiles(str(tmp_path / "sessions"), asked)
        assign = flask_session(SESSION_TYPE="cachelib", SESSION_CACHELIB=files)
        yield Store(so_far, nothing, assign)
    elif backend == "SQLAlchemy":
        engines: list[Any] = []

        def prepare(app: Flask) -> None:
            app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/sessions.db"
            app.config["SESSION_SQLALCHEMY"] = database = SQLAlchemy(app)
            with app.app_context():
                engines.append(database.engine)

            @event.listens_for(engines[-1], "before_cursor_execute")
            def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
                asked[statement.split()[0]] += 1

        yield Store(so_far, prepare, flask_session(SESSION_TYPE="sqlalchemy"))
        for engine in engines:
            engine.dispose()
    else:

        def assign_cookies(app: Flask) -> None:
            app.session_interface = CountingCookies(asked)

        yield Store(so_far, nothing, assign_cookies)


def add_views(app: Flask) -> None:
    @app.get("/login")
    def login() -> str:
        session.permanent = True
        session["visits"] = 1
        return "in"

    @app.route("/form", methods=["GET", "POST"])
    def form() -> str:
        session["said"] = request.form.get("say", "nothing")
        return session["said"]

    @app.get("/drawn.svg")
    @cacheable_static(max_age=60)
    def drawn() -> Response:
        return Response("<svg/>", mimetype="image/svg+xml")

    @app.route("/chart", methods=["GET", "POST"])
    @cacheable_static
    def chart() -> str:
        session["drawn"] = request.method
        return "|||"


@pytest.fixture
def app_with(make_app: MakeApp) -> MakeApp:
    """Make an app whose session store is assigned before the extension, after it, or later:
    when a first request was served already.
    """

    def make(
        store: Store,
        order: str = "before",
        *,
        views: Callable[[Flask], Any] = add_views,
        **kwargs: Any,
    ) -> Flask:
        def before(app: Flask) -> None:
            views(app)
            store.prepare(app)
            if order == "before":
                store.assign(app)

        after = store.assign if order == "after" else None
        app = make_app(before=before, after=after, **kwargs)
        if order == "later":
            assert app.test_client().get("/look").text == "0"
            store.assign(app)
        return app

    return make


@pytest.fixture
def log_in(make_app: MakeApp, app_with: MakeApp) -> Callable[..., FlaskClient]:
    """Return a browser that logged in elsewhere: the app itself was asked nothing."""

    def log_in(app: Flask, store: Store) -> FlaskClient:
        elsewhere = app_with(store, optimize=False).test_client()
        elsewhere.get("/login")
        cookie = elsewhere.get_cookie("session")
        assert cookie is not None
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        return client

    return log_in


def nosy(app: Flask) -> None:
    """Install hooks that look at the session, write into it and set cookies on any request."""
    add_views(app)

    @app.before_request
    def load_user() -> None:
        session.permanent = True
        session["seen"] = session.get("seen", 0) + 1

    @app.after_request
    def refresh(response: Response) -> Response:
        session["seen"] += 1
        response.set_cookie("seen", "lately")
        return response

    @app.teardown_request
    def say_goodbye(_: BaseException | None) -> None:
        session.pop("seen", None)


def is_silent(response: TestResponse) -> bool:
    """Return True if a response has neither a cookie nor a word of one."""
    return "Set-Cookie" not in response.headers and "cookie" not in response.vary


# -- Static requests --------------------------------------------------------------------------


def static_requests(client: FlaskClient, *, times: int = 10) -> list[TestResponse]:
    """Send every kind of static request, each as often as told."""
    etag = client.get("/static/app.css").headers["ETag"]
    kinds: list[tuple[int, str, str, dict[str, str]]] = [
        (200, "GET", "/static/app.css", {}),
        (200, "HEAD", "/static/app.css", {}),
        (200, "OPTIONS", "/static/app.css", {}),
        (304, "GET", "/static/app.css", {"If-None-Match": etag}),
        (308, "GET", "/static//app.css", {}),
        (206, "GET", "/static/app.css", {"Range": "bytes=0-3"}),
        (200, "GET", "/drawn.svg", {}),
        (200, "GET", "/chart", {}),
    ]
    responses = []
    for status, method, path, headers in kinds:
        for _ in range(times):
            response = client.open(path, method=method, headers=headers)
            assert response.status_code == status
            responses.append(response)
    return responses


@pytest.mark.parametrize("views", [add_views, nosy])
@pytest.mark.parametrize("order", ["before", "after"])
def test_static_requests_ask_the_store_nothing(
    store: Store,
    app_with: MakeApp,
    log_in: Callable[..., FlaskClient],
    order: str,
    views: Callable[[Flask], None],
) -> None:
    client = log_in(app_with(store, order, views=views), store)
    responses, asked = store.asked(static_requests, client)
    assert asked == {}
    assert all(is_silent(response) for response in responses)
    assert client.get("/look").text == "1"


def test_control_plain_requests_ask_the_store(
    store: Store, app_with: MakeApp, log_in: Callable[..., FlaskClient]
) -> None:
    """Control: without the extension static requests ask the store each time."""
    client = log_in(app_with(store, optimize=False), store)
    responses, asked = store.asked(static_requests, client)
    assert sum(asked.values()) >= 2 * len(responses)
    assert all("session=" in response.headers["Set-Cookie"] for response in responses)
    assert not any(is_silent(response) for response in responses)


@pytest.mark.parametrize("path", ["/static/app.css", "/drawn.svg"])
def test_a_store_assigned_while_serving(
    store: Store, app_with: MakeApp, log_in: Callable[..., FlaskClient], path: str
) -> None:
    """A store that is assigned while the app serves is adopted within one request.

    Flask opens the session before it asks us: the first may read once, and shares nothing.
    """
    app = app_with(store, "later")
    client = log_in(app, store)
    first, asked = store.asked(client.get, path)
    assert sum(asked.values()) == 1
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first.vary

    responses, asked = store.asked(static_requests, client)
    assert asked == {}
    assert all(is_silent(response) for response in responses)
    assert client.get("/look").text == "1"


def test_a_page_adopts_a_later_store(
    store: Store, app_with: MakeApp, log_in: Callable[..., FlaskClient]
) -> None:
    """A page that comes first adopts a store that was assigned while the app serves."""
    client = log_in(app_with(store, "later"), store)
    assert client.get("/look").text == "1"
    responses, asked = store.asked(static_requests, client, times=1)
    assert asked == {}
    assert all(is_silent(response) for response in responses)


# -- Pages ------------------------------------------------------------------------------------

PAGES = [
    ("GET", "/look"),
    ("GET", "/login"),
    ("GET", "/"),
    ("HEAD", "/"),
    ("OPTIONS", "/"),
    ("GET", "/form"),
    ("POST", "/form"),
    ("POST", "/"),
    ("GET", "/none"),
    ("POST", "/static/app.css"),
    ("POST", "/drawn.svg"),
    ("POST", "/chart"),
    ("GET", "/look"),
    ("GET", "/logout"),
    ("GET", "/look"),
]


def page_by_page(app: Flask, store: Store) -> list[tuple[Any, ...]]:
    """Return all that can be seen of the pages from outside, and what they asked the store."""
    client = app.test_client()
    seen: list[tuple[Any, ...]] = []
    for method, path in PAGES:
        response, asked = store.asked(client.open, path, method=method, data={"say": "hello"})
        headers = response.headers.to_wsgi_list()
        seen.append((method, path, response.status, headers, response.data, asked))
    return seen


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_pages_are_the_same_to_the_byte(
    store: Store,
    app_with: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    refresh: bool,
) -> None:
    monkeypatch.setattr(ServerSideSessionInterface, "_generate_sid", lambda self, *length: "sid")
    config = {"SESSION_REFRESH_EACH_REQUEST": refresh}
    with freeze_time("2031-05-04 03:02:01", ignore=["_pytest.timing"]):
        ours = page_by_page(app_with(store, order, **config), store)
        plain = page_by_page(app_with(store, order, optimize=False, **config), store)
    assert ours == plain
    assert any(page[-1] for page in plain)
    assert any(name == "Set-Cookie" for page in plain for name, _ in page[3])


# -- Everywhere that Flask serves static files -------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A place where an app serves a static file, and a page of the same app."""

    url: str
    page: str = "http://localhost/"
    flask: dict[str, Any] | None = None
    views: Callable[[Flask], Any] = add_views
    server_name: str | None = None


def blueprint(**kwargs: Any) -> Callable[[Flask], None]:
    def register(app: Flask) -> None:
        add_views(app)
        part = Blueprint("part", "part", root_path=app.root_path, **kwargs)
        app.register_blueprint(part)

    return register


def nested(app: Flask) -> None:
    add_views(app)
    outer = Blueprint("outer", "outer", url_prefix="/outer")
    inner = Blueprint(
        "inner", "inner", url_prefix="/inner", root_path=app.root_path, static_folder="static"
    )
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def hosts(app: Flask) -> None:
    @app.get("/page", host="www.test")
    def page_of_host() -> str:
        session["visits"] = 1
        return "1"


PLACES = {
    "blueprint": Place(
        "http://localhost/part/static/app.css",
        views=blueprint(url_prefix="/part", static_folder="static"),
    ),
    "blueprint at its own path": Place(
        "http://localhost/assets/app.css",
        views=blueprint(static_folder="static", static_url_path="/assets"),
    ),
    "nested blueprint": Place("http://localhost/outer/inner/static/app.css", views=nested),
    "static_url_path=''": Place("http://localhost/app.css", flask={"static_url_path": ""}),
    "static_host": Place(
        "http://static.test/static/app.css",
        page="http://www.test/page",
        flask={"static_host": "static.test", "host_matching": True},
        views=hosts,
    ),
    "subdomain": Place(
        "http://cdn.site.test/static/app.css",
        page="http://site.test/",
        flask={"subdomain_matching": True, "static_folder": None},
        views=blueprint(subdomain="cdn", static_folder="static", static_url_path="/static"),
        server_name="site.test",
    ),
}


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_kind_of_folder_asks_nothing(
    redis_store: Store, app_with: MakeApp, place: Place, optimize: bool
) -> None:
    """No kind of static folder asks the store anything."""
    app = app_with(
        redis_store,
        optimize=optimize,
        views=place.views,
        flask=place.flask,
        SERVER_NAME=place.server_name,
    )
    client = app.test_client(use_cookies=False)
    cookie = client.get(place.page).headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie}
    read_and_written = {"get": 1, "set": 1}
    _, asked = redis_store.asked(client.get, place.page, headers=headers)
    assert asked == read_and_written
    response, asked = redis_store.asked(client.get, place.url, headers=headers)
    assert response.status_code == 200
    assert asked == ({} if optimize else read_and_written)
    assert is_silent(response) == optimize
    # A file that is not there is an ordinary request of the app.
    response, asked = redis_store.asked(
        client.get, place.url.replace("app.", "none."), headers=headers
    )
    assert response.status_code == 404
    assert asked == read_and_written


# -- Protected files --------------------------------------------------------------------------


def guarded(app: Flask) -> None:
    """Install a guard that looks at the session for private files only, more than once."""
    add_views(app)

    @app.before_request
    def guard() -> None:
        if "/private/" in request.path and not (session.get("visits") and session["visits"]):
            abort(403)


@pytest.mark.parametrize("order", ["before", "after"])
def test_an_unwatched_protected_file(
    store: Store, app_with: MakeApp, log_in: Callable[..., FlaskClient], order: str
) -> None:
    """A protected file asks nothing where nobody looks at the session."""
    app = app_with(store, order, STATIC_OPTIMIZER_RULES=PROTECT)

    @app.after_request
    def look_too_late(response: Response) -> Response:
        session.get("visits")
        return response

    client = log_in(app, store)
    for _ in range(10):
        response, asked = store.asked(client.get, REPORT)
        assert asked == {}
        assert response.data.startswith(b"%PDF")
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Vary"] == "Cookie"


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (REPORT, {}, 200),
        (REPORT, {"Range": "bytes=0-3"}, 206),
        (REPORT, {"If-None-Match": "*"}, 304),
    ],
)
def test_a_guard_reads_once(
    store: Store,
    app_with: MakeApp,
    log_in: Callable[..., FlaskClient],
    order: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    """A guard that looks at the session reads once, and nothing is written."""
    app = app_with(store, order, views=guarded, STATIC_OPTIMIZER_RULES=PROTECT)
    client = log_in(app, store)
    reads = {"get", "SELECT", "serializer"}
    for _ in range(3):
        response, asked = store.asked(client.get, path, headers=headers)
        assert (response.status_code, sum(asked.values())) == (status, 1)
        assert asked.keys() <= reads
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Vary"] == "Cookie"
        assert "Set-Cookie" not in response.headers


def test_a_guard_still_refuses_a_stranger(store: Store, app_with: MakeApp) -> None:
    client = app_with(store, views=guarded, STATIC_OPTIMIZER_RULES=PROTECT).test_client()
    client.set_cookie("session", "made-up")
    response = client.get(REPORT)
    assert response.status_code == 403
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_other_files_stay_isolated(
    store: Store, app_with: MakeApp, log_in: Callable[..., FlaskClient]
) -> None:
    """Files beside the protected ones stay isolated."""
    app = app_with(store, views=guarded, STATIC_OPTIMIZER_RULES=PROTECT)
    client = log_in(app, store)
    responses, asked = store.asked(static_requests, client, times=1)
    assert asked == {}
    assert all(is_silent(response) for response in responses)


# -- A store that is down ---------------------------------------------------------------------


class CountingRedis(Redis):
    """A client that remembers what it was told to ask, answered or not."""

    told: list[str]

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.told.append(args[0])
        return super().execute_command(*args, **options)


@pytest.fixture
def closed_door() -> Iterator[socket.socket]:
    """Take a port that nobody else can open then, and that refuses every connection."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        yield door


@pytest.fixture
def dead(closed_door: socket.socket) -> Iterator[CountingRedis]:
    """Make a client of a Redis that is down."""
    port = closed_door.getsockname()[1]
    client = CountingRedis(port=port, socket_timeout=0.5, retry=Retry(NoBackoff(), 0))
    client.told = []
    yield client
    client.close()


@pytest.fixture
def app_on(make_app: MakeApp) -> MakeApp:
    """Make an app with sessions in the Redis that is given."""

    def make(client: Redis, *, views: Callable[[Flask], Any] = add_views, **kwargs: Any) -> Flask:
        def before(app: Flask) -> None:
            app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client)
            Session(app)
            views(app)

        return make_app(before=before, **kwargs)

    return make


def visitor(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("session", "of-a-visitor-who-was-here-before")
    return client


def test_static_requests_outlive_the_store(app_on: MakeApp) -> None:
    """Static requests are answered after their session store has stopped."""
    server = RedisServer()
    with closing(Redis(port=server.port, retry=Retry(NoBackoff(), 0))) as client:
        browser = app_on(client).test_client()
        try:
            browser.get("/login")
            before = browser.get("/static/app.css")
        finally:
            server.stop()
        after = browser.get("/static/app.css")
        assert (after.status, after.data) == (before.status, before.data)
        for response in (before, after):
            del response.headers["Date"]
        assert after.headers == before.headers
        assert after.headers["Cache-Control"] == "max-age=3600"
        with pytest.raises(RedisConnectionError):
            browser.get("/look")


def test_a_dead_store_is_not_asked(
    app_on: MakeApp, dead: CountingRedis, closed_door: socket.socket
) -> None:
    """Static requests do not try to reach a dead store."""
    closed_door.listen()
    closed_door.setblocking(False)
    responses = static_requests(visitor(app_on(dead)), times=2)
    assert dead.told == []
    with pytest.raises(BlockingIOError):
        closed_door.accept()
    assert all(is_silent(response) for response in responses)

    with pytest.raises(Exception, match="Timeout"):
        visitor(app_on(dead, optimize=False)).get("/static/app.css")
    knocking, _ = closed_door.accept()
    knocking.close()


@pytest.mark.parametrize(
    ("path", "known"),
    [("/", True), ("/look", True), ("/form", True), ("/none", True), ("/login", False)],
)
def test_pages_fail_at_a_dead_store_as_without_us(
    app_on: MakeApp, dead: CountingRedis, path: str, known: bool
) -> None:
    """A known visitor's page fails when the session is read, a new one's when it is saved."""
    seen = []
    for optimize in (True, False):
        loud = app_on(dead, optimize=optimize)
        with pytest.raises(Exception, match="refused") as raised:
            (visitor(loud) if known else loud.test_client()).get(path)
        quiet = app_on(dead, optimize=optimize, PROPAGATE_EXCEPTIONS=False)
        response = (visitor(quiet) if known else quiet.test_client()).get(path)
        assert response.status_code == 500
        seen.append((type(raised.value), response.headers.to_wsgi_list(), response.data, dead.told))
        dead.told = []
    assert seen[0] == seen[1]
    assert seen[1][0] is RedisConnectionError
    assert set(seen[1][3]) & ({"GET"} if known else {"SET", "SETEX"})


def test_protected_files_outlive_the_store(app_on: MakeApp, dead: CountingRedis) -> None:
    """A protected file is answered at a dead store where nobody looks at the session."""
    response = visitor(app_on(dead, STATIC_OPTIMIZER_RULES=PROTECT)).get(REPORT)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert dead.told == []


def test_a_dead_store_is_asked_once(app_on: MakeApp, dead: CountingRedis) -> None:
    """A dead store is asked once for a protected file, however often somebody looks."""
    failed: list[type[Exception]] = []

    def stubborn(app: Flask) -> None:
        def look(*_: Any) -> None:
            try:
                session.get("visits")
            except RedisConnectionError as error:
                failed.append(type(error))

        app.before_request(look)
        app.before_request(look)
        app.before_request(lambda: look())
        app.teardown_request(look)

    response = visitor(app_on(dead, views=stubborn, STATIC_OPTIMIZER_RULES=PROTECT)).get(REPORT)
    assert response.status_code == 200
    assert dead.told == ["GET"]
    assert len(failed) >= 3


def test_a_guard_fails_closed(app_on: MakeApp, dead: CountingRedis) -> None:
    """A guard at a dead store fails closed, and its answer is not remembered."""
    config = {"views": guarded, "STATIC_OPTIMIZER_RULES": PROTECT}
    with pytest.raises(RedisConnectionError):
        visitor(app_on(dead, **config)).get(REPORT)
    dead.told = []
    response = visitor(app_on(dead, PROPAGATE_EXCEPTIONS=False, **config)).get(REPORT)
    assert response.status_code == 500
    assert response.headers["Cache-Control"] == "no-store"
    assert b"%PDF" not in response.data
    assert dead.told == ["GET"]
