"""The laws of docs/design.md, each against every way of serving something static."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, abort, redirect, session
from flask_session import Session
from freezegun import freeze_time

from conftest import Browser, RedisServer
from flask_static_optimizer import StaticOptimizer, cacheable_static, is_static_request

MakeApp = Callable[..., Flask]


@dataclass
class Way:
    """A way of serving something static: how to set it up, and where it is found."""

    name: str
    url: str = "/static/app.css"
    missing: str = "/static/nope.css"
    host: str = "localhost"
    endpoint: str = "static"
    flask: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    add: Callable[[Flask], None] = lambda app: None
    #: Whether somebody has asked for it before.
    warm: bool = False

    @property
    def files(self) -> bool:
        """Whether Flask's own view serves the files of a folder."""
        return self.endpoint.endswith("static") and not self.name.startswith("overridden")


def add_blueprint(app: Flask) -> None:
    blueprint = Blueprint("shop", __name__, static_folder=app.static_folder, url_prefix="/shop")
    app.register_blueprint(blueprint)


def add_nested_blueprint(app: Flask) -> None:
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(
        Blueprint("inner", __name__, static_folder=app.static_folder, url_prefix="/inner")
    )
    app.register_blueprint(outer)


def add_subdomain(app: Flask) -> None:
    blueprint = Blueprint("cdn", __name__, static_folder=app.static_folder, subdomain="cdn")
    app.register_blueprint(blueprint, url_prefix="/files")


def asset(name: str) -> str:
    if name == "nope":
        abort(404)
    return f"the {name}"


def add_decorated(app: Flask) -> None:
    app.get("/asset/<name>")(cacheable_static(asset))


def add_keyed(app: Flask) -> None:
    key = cacheable_static(key=lambda name: name, unless=lambda name: False)
    app.get("/asset/<name>")(key(asset))


def add_plain_view(app: Flask) -> None:
    app.get("/asset/<name>")(asset)


class Overriding(Flask):
    def send_static_file(self, filename: str) -> Any:
        if filename == "nope.css":
            abort(404)
        return f"/* made for {filename} */"


def add_hook(app: Flask) -> None:
    app.before_request(lambda: None)


WAYS = [
    Way("app folder"),
    Way("app folder through hooks", add=add_hook),
    Way("app folder in the express lane", config={"STATIC_OPTIMIZER_EXPRESS": True}),
    Way("root folder", "/app.css", "/nope.css", flask={"static_url_path": ""}),
    Way("blueprint", "/shop/static/app.css", "/shop/static/no", endpoint="shop.static",
        add=add_blueprint),
    Way("nested blueprint", "/outer/inner/static/app.css", "/outer/inner/static/no",
        endpoint="outer.inner.static", add=add_nested_blueprint),
    Way("static_host", host="assets.example", flask={
        "static_host": "assets.example", "host_matching": True}),
    Way("subdomain", "/files/static/app.css", "/files/static/no", "cdn.example.org", "cdn.static",
        flask={"subdomain_matching": True}, config={"SERVER_NAME": "example.org"},
        add=add_subdomain),
    Way("overridden send_static_file"),
    Way("decorated view", "/asset/logo", "/asset/nope", endpoint="asset", add=add_decorated),
    Way("stored response", "/asset/logo", "/asset/nope", endpoint="asset", add=add_decorated,
        warm=True),
    Way("stored response under a key", "/asset/logo", "/asset/nope", endpoint="asset",
        add=add_keyed, warm=True),
    Way("view named in RULES", "/asset/logo", "/asset/nope", endpoint="asset",
        config={"STATIC_OPTIMIZER_RULES": {"asset": {"max_age": 60}}}, add=add_plain_view),
]  # fmt: skip


def name_of(way: Way) -> str:
    return way.name.replace(" ", "-")


#: For what hooks do to a response: the express lane passes them by, which the log says.
through_hooks = pytest.mark.parametrize(
    "way", [way for way in WAYS if "express" not in way.name], ids=name_of, indirect=True
)


@pytest.fixture(params=WAYS, ids=name_of)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@pytest.fixture
def build(way: Way, redis: RedisServer, static_folder: Path) -> Callable[..., Any]:
    """Make a client, logged in, of an app that keeps its sessions in a real Valkey."""

    def build(
        *hooks: Callable[[Flask], Any], optimize: bool = True, rules: dict[str, Any] | None = None
    ) -> Any:
        kind = Overriding if way.name.startswith("overridden") else Flask
        app = kind("app", root_path=str(static_folder.parent), **way.flask)
        app.test_client_class = Browser
        app.config.update(SECRET_KEY="k", SESSION_TYPE="redis", SESSION_REDIS=redis.client)
        app.config.update(way.config)
        if rules is not None:
            old = app.config.get("STATIC_OPTIMIZER_RULES", {})
            app.config["STATIC_OPTIMIZER_RULES"] = {**old, **rules}
        Session(app)

        @app.get("/page", host=way.host) if app.url_map.host_matching else app.get("/page")
        def page() -> str:
            session["user"] = "ada"
            return "page"

        way.add(app)
        for hook in hooks:
            hook(app)
        if optimize:
            StaticOptimizer(app)
        client = app.test_client(use_cookies=False)
        login = client.get("/page", base_url=f"http://{app.config['SERVER_NAME'] or way.host}")
        client.environ_base["HTTP_COOKIE"] = login.headers["Set-Cookie"].partition(";")[0]
        if way.warm:
            get(app.test_client(), way)
        redis.client.config_resetstat()
        return client

    return build


def get(client: Any, way: Way, path: str | None = None, **kwargs: Any) -> Any:
    return client.open(path or way.url, base_url=f"http://{way.host}", **kwargs)


class TestLaw1And2NoWritesNoReads:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    def test_ten_requests_are_no_commands(
        self, build: Any, way: Way, redis: RedisServer, method: str
    ) -> None:
        client = build()
        for _ in range(10):
            response = get(client, way, method=method)
            assert response.status_code == 200
            assert "Set-Cookie" not in response.headers
            assert "Cookie" not in response.vary
        assert redis.commands() == {}

    def test_without_the_extension_they_are(self, build: Any, way: Way, redis: RedisServer) -> None:
        client = build(optimize=False)
        assert get(client, way).status_code == 200
        assert redis.commands().get("get", 0) >= 1

    def test_an_error_page_of_a_view(self, build: Any, way: Way, redis: RedisServer) -> None:
        """The error page of a static view is static; that of a missing file is like any page."""
        client = build(optimize=False)
        assert get(client, way, way.missing).status_code == 404
        plain = redis.commands()
        client = build()
        redis.commands()
        assert get(client, way, way.missing).status_code == 404
        assert redis.commands() == (plain if way.files else {})

    def test_what_hooks_write_is_dropped(self, build: Any, way: Way, redis: RedisServer) -> None:
        """What hooks write is dropped.

        Cookies are added by ``after_request`` functions, so they are taken off after those: when
        Flask saves the session, which it does last.
        """

        def write(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                session.permanent = True
                session["seen"] = session.get("seen", 0) + 1

            @app.after_request
            def after(response: Any) -> Any:
                session["after"] = True
                response.set_cookie("tracker", "1")
                return response

        response = get(build(write), way)
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
        assert redis.commands() == {}

    def test_protected_and_nobody_looks_is_no_read(
        self, build: Any, way: Way, redis: RedisServer
    ) -> None:
        def touch(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                session.permanent = True

            @app.after_request
            def after(response: Any) -> Any:
                session.get("_remember")
                return response

        client = build(touch, rules={way.endpoint: {"session": "protected"}})
        response = get(client, way)
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert redis.commands() == {}

    def test_protected_and_looked_at_is_one_read(
        self, build: Any, way: Way, redis: RedisServer
    ) -> None:
        """A protected request that looks at the session reads once and writes nothing."""

        def guard(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                if is_static_request() and session.get("user") != "ada":
                    abort(401)
                session["seen"] = True

        client = build(guard, rules={way.endpoint: {"session": "protected"}})
        response = get(client, way)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in response.vary
        assert redis.commands() == {"get": 1}


class TestLaw4NothingPrivateIsShared:
    @through_hooks
    def test_an_isolated_session_is_empty(self, build: Any, way: Way) -> None:
        seen = []

        def look(app: Flask) -> None:
            app.before_request(lambda: seen.append(dict(session)) if is_static_request() else None)

        get(build(look), way)
        assert seen[-1:] == [{}]

    def test_authorization_makes_it_private(self, build: Any, way: Way) -> None:
        client = build()
        assert "private" not in get(client, way).cache_control
        answer = get(client, way, headers={"Authorization": "Bearer x"})
        assert "private" in answer.cache_control

    @through_hooks
    def test_what_varies_by_cookie_is_private(self, build: Any, way: Way) -> None:
        def vary(app: Flask) -> None:
            @app.after_request
            def after(response: Any) -> Any:
                response.vary.add("Cookie")
                return response

        answer = get(build(vary), way)
        assert "private" in answer.cache_control
        assert "Cookie" in answer.vary

    @through_hooks
    def test_a_session_write_makes_it_private(self, build: Any, way: Way) -> None:
        """Writing into the session makes the response private."""

        def restore(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                session["_user_id"] = "restored from another cookie"

        assert "private" in get(build(restore), way).cache_control

    @through_hooks
    def test_not_even_a_hooks_own_page_is_shared(self, build: Any, way: Way) -> None:
        def answer(app: Flask) -> None:
            @app.before_request
            def before() -> Any:
                headers = {"Cache-Control": "public, s-maxage=60, max-age=60"}
                return ("for you", headers) if is_static_request() else None

        assert get(build(answer), way).headers["Cache-Control"] == "no-store"

    @through_hooks
    def test_a_stricter_word_of_the_app_stays(self, build: Any, way: Way) -> None:
        def forbid(app: Flask) -> None:
            @app.after_request
            def after(response: Any) -> Any:
                response.headers["Cache-Control"] = "no-store"
                return response

        assert get(build(forbid), way).headers["Cache-Control"] == "no-store"


class TestLaw5ImmutableMeansVerified:
    """On folders; the fingerprints themselves are tests/assets/test_static_folders.py's."""

    @pytest.mark.parametrize("mode", ["query", "path"])
    def test_only_the_right_fingerprint(self, build: Any, way: Way, mode: str) -> None:
        """Only a URL with the fingerprint of its bytes is immutable."""
        client = build(lambda app: app.config.update(STATIC_OPTIMIZER_FINGERPRINT=mode))
        data = get(client, way).data
        right = hashlib.sha256(data).hexdigest()[:16]
        for fingerprint in (right, right[::-1], right[:-1], right.upper() + "x", "0" * 16, ""):
            head, dot, tail = way.url.rpartition(".")
            named = f"{head}.{fingerprint}.{tail}" if dot else f"{way.url}.{fingerprint}"
            response = get(client, way, f"{way.url}?v={fingerprint}" if mode == "query" else named)
            said = response.headers["Cache-Control"]
            folder = type(client.application) is Flask and way.endpoint.endswith("static")
            assert ("immutable" in said) == (folder and fingerprint == right), said
            if response.status_code == 200 and folder:
                assert response.data == data
                if fingerprint != right and len(fingerprint) == 16:
                    assert said == "no-cache"

    def test_a_plain_url_is_not(self, build: Any, way: Way) -> None:
        assert "immutable" not in get(build(), way).headers["Cache-Control"]


class TestLaw6MistakesAreNotRemembered:
    def test_not_found(self, build: Any, way: Way) -> None:
        response = get(build(), way, way.missing)
        assert response.status_code == 404
        assert response.headers["Cache-Control"] == "no-store"

    @through_hooks
    @pytest.mark.parametrize("status", [301, 302, 308, 401, 403, 404, 410, 500, 503])
    def test_what_a_hook_answers(self, build: Any, way: Way, status: int) -> None:
        """An error or a redirect of a hook is not kept.

        With the headers of the file that was asked for, caches would keep a log-in redirect for as
        long as the file.
        """

        def refuse(app: Flask) -> None:
            @app.before_request
            def before() -> Any:
                if not is_static_request():
                    return None
                return redirect("/login", status) if status < 400 else ("no", status)

        response = get(build(refuse), way)
        assert response.status_code == status
        assert response.headers["Cache-Control"] == "no-store"

    def test_an_error_page_that_says_200(self, build: Any, way: Way) -> None:
        def spa(app: Flask) -> None:
            @app.errorhandler(404)
            def index(error: Exception) -> Any:
                return "the app's shell", 200, {"Cache-Control": "public, max-age=31536000"}

        response = get(build(spa), way, way.missing)
        assert response.status_code == 200
        said = "public, max-age=31536000" if way.files else "no-store"
        assert response.headers["Cache-Control"] == said

    @through_hooks
    def test_a_crash(self, build: Any, way: Way) -> None:
        def crash(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                if is_static_request():
                    raise RuntimeError("broken hook")

        response = get(build(crash), way)
        assert response.status_code == 500
        assert response.headers["Cache-Control"] == "no-store"

    def test_an_unsatisfiable_range(self, build: Any, way: Way) -> None:
        response = get(build(), way, headers={"Range": "bytes=9999999-"})
        assert response.status_code == 416
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Range"].startswith("bytes */")

    @through_hooks
    def test_a_maintenance_page(self, build: Any, way: Way) -> None:
        """A maintenance page in a file's place does not get the file's policy."""

        def closed(app: Flask) -> None:
            @app.before_request
            def before() -> Any:
                return "closed" if is_static_request() else None

        response = get(build(closed), way)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers


class TestLaw7OneValidatorPerRepresentation:
    def test_the_same_bytes_have_the_same_strong_etag(self, build: Any, way: Way) -> None:
        client = build()
        first, again = get(client, way), get(client, way)
        etag, weak = first.get_etag()
        assert etag
        assert not weak
        assert again.headers["ETag"] == first.headers["ETag"]
        assert get(client, way, method="HEAD").headers["ETag"] == first.headers["ETag"]
        partial = get(client, way, headers={"Range": "bytes=0-3"})
        assert partial.status_code == 206
        assert partial.headers["ETag"] == first.headers["ETag"]
        assert partial.data == first.data[:4]
        same = get(client, way, headers={"If-None-Match": first.headers["ETag"]})
        assert same.status_code == 304
        assert same.headers["ETag"] == first.headers["ETag"]
        assert same.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Content-Type" not in same.headers

    @pytest.mark.usefixtures("settled")
    def test_each_coding_has_its_own(self, build: Any, way: Way) -> None:
        """Each content coding has a validator of its own.

        With one for gzip and plain bytes a download is resumed with the bytes of the other.
        """
        client = build()
        found = {}
        for coding in ("identity", "gzip", "br", "zstd"):
            response = get(client, way, headers={"Accept-Encoding": coding})
            found[response.headers.get("Content-Encoding")] = response.headers["ETag"]
        assert len(set(found.values())) == len(found)
        if way.endpoint.endswith("static") and type(client.application) is Flask:
            assert found.keys() == {None, "gzip", "br", "zstd"}


class TestLaw8TheMatchedEndpointDecides:
    def test_a_post_is_an_ordinary_request(self, build: Any, way: Way, redis: RedisServer) -> None:
        get(build(), way, method="POST")
        assert redis.commands().get("get", 0) >= 1

    def test_an_own_view_below_the_folder(self, make_app: MakeApp) -> None:
        """A view of the app's own below the folder's URL is not static.

        A rule by prefix would hand ``/static/u/ada/invoice.pdf``, a view, to everybody.
        """

        def add(app: Flask) -> None:
            @app.get("/static/u/<name>/invoice.pdf")
            def invoice(name: str) -> str:
                assert not is_static_request()
                return session.setdefault("user", name)

        response = make_app(before=add).test_client().get("/static/u/ada/invoice.pdf")
        assert response.status_code == 200
        assert "Set-Cookie" in response.headers
        assert "Cookie" in response.vary

    def test_a_view_merely_called_static(self, make_app: MakeApp) -> None:
        """A view that is merely called "static" is an ordinary one.

        Names of endpoints end in ``static`` by chance.
        """

        def add(app: Flask) -> None:
            @app.get("/mine/<path:filename>", endpoint="static")
            def mine(filename: str) -> str:
                return str(is_static_request())

        app = make_app(before=add, flask={"static_folder": None})
        assert app.test_client().get("/mine/app.css").text == "False"

    def test_nor_is_a_lambda_of_ones_own(self, make_app: MakeApp) -> None:
        def add(app: Flask) -> None:
            view = lambda filename: str(is_static_request())  # noqa: E731
            app.add_url_rule("/mine/<path:filename>", "static", view)

        app = make_app(before=add, flask={"static_folder": None})
        assert app.test_client().get("/mine/app.css").text == "False"

    def test_a_post_to_a_view_that_takes_it(self, make_app: MakeApp) -> None:
        """A POST to a static view that takes it is an ordinary request."""

        def add(app: Flask) -> None:
            app.route("/both", methods=["GET", "POST"])(
                cacheable_static(lambda: str(is_static_request()))
            )

        client = make_app(before=add).test_client()
        assert (client.get("/both").text, client.post("/both").text) == ("True", "False")

    @pytest.mark.parametrize(
        "path", ["//static/app.css", "/x/../static/app.css", "/STATIC/app.css"]
    )
    def test_what_flask_does_not_serve_is_not_static(self, make_app: MakeApp, path: str) -> None:
        response = make_app().test_client().get(path)
        assert response.status_code == 404
        assert response.headers.get("Cache-Control") is None

    def test_a_redirect_to_a_static_url_belongs_to_it(self, make_app: MakeApp) -> None:
        def permanent(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                session.permanent = True
                session["here"] = True

        response = make_app(before=permanent).test_client().get("/static//app.css")
        assert response.status_code == 308
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers


class TestLaw3NobodyElseNotices:
    @freeze_time("2026-01-01")
    @pytest.mark.parametrize("path", ["/", "/look", "/logout", "/nope"])
    def test_pages_answer_to_the_byte_as_without(self, make_app: MakeApp, path: str) -> None:
        answers = []
        for optimize in (False, True):
            client = make_app(optimize=optimize).test_client()
            client.get("/")
            response = client.get(path)
            answers.append((response.status, sorted(response.headers), response.data))
        assert answers[0] == answers[1]

    def test_pages_get_the_same_session_object(self, make_app: MakeApp) -> None:
        kinds = []

        def note(app: Flask) -> None:
            app.before_request(lambda: kinds.append(type(session._get_current_object())))

        for optimize in (False, True):
            make_app(optimize=optimize, before=note).test_client().get("/")
        assert kinds[0] is kinds[1]
