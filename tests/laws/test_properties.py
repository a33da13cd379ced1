"""The laws of docs/design.md, over random apps, policies, hooks and orders of requests."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, abort, current_app, redirect, request, session
from flask.sessions import SecureCookieSession, SessionInterface
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from flask_static_optimizer import StaticOptimizer, cacheable_static, is_static_request
from flask_static_optimizer.assets.files import SETTLED
from flask_static_optimizer.http.codings import decompress

SECRET = "SECRET-OF-"

FILES = {
    "app.css": b"a { background: url(sub/dot.svg) }\n" * 30,
    "app.js": b"export default 42\n" * 40,
    "sub/dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "private/report.txt": b"of the members\n" * 40,
    ".hidden": b"no",
}

laws = settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in FILES.items():
            path = Path(folder, "static", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        time.sleep(SETTLED + 0.1)
        yield Path(folder)


# -- Random apps ------------------------------------------------------------------------------


class Kept(SecureCookieSession):
    sid: str


class Store(SessionInterface):
    """A store on the server's side, of the simplest kind, that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._kept: dict[str, dict[str, Any]] = {}

    def open_session(self, app: Flask, request: Any) -> Kept:
        sid = request.cookies.get("session")
        self.asked["read"] += 1
        opened = Kept(self._kept.get(sid, {}))
        opened.sid = sid if sid in self._kept else f"s{len(self._kept)}"
        return opened

    def save_session(self, app: Flask, session: Any, response: Any) -> None:
        if session.accessed:
            response.vary.add("Cookie")
        if self.should_set_cookie(app, session) and session:
            self.asked["write"] += 1
            self._kept[session.sid] = dict(session)
            response.set_cookie("session", session.sid)


@dataclass(frozen=True)
class Spec:
    """An app to be made."""

    prefix: str
    fingerprint: Any
    express: bool
    refresh: bool
    protected: bool
    rule: str | None
    hooks: tuple[str, ...]
    ours_first: bool


specs = st.builds(
    Spec,
    prefix=st.sampled_from(["/static", "", "/a/b"]),
    fingerprint=st.sampled_from(["query", "query", "path", False]),
    express=st.booleans(),
    refresh=st.booleans(),
    protected=st.sampled_from([False, False, False, True]),
    rule=st.sampled_from([None, None, None, "static:private/*", "static:*.css", "shop.*", "chart"]),
    hooks=st.lists(
        st.sampled_from(["look", "write", "permanent", "cookie", "wall", "vary", "crash"]),
        unique=True,
        max_size=3,
    ).map(tuple),
    ours_first=st.booleans(),
)


@dataclass
class World:
    """An app, and what was seen of it."""

    app: Flask
    store: Store
    client: Client
    #: For each request, in order: whether a hook was told that it is static, and its endpoint.
    told: list[tuple[bool, str | None]] = field(default_factory=list)


@contextmanager
def world(spec: Spec, root: Path, *, optimize: bool = True) -> Iterator[World]:
    app = Flask("app", root_path=str(root), static_url_path=spec.prefix)
    app.config.update(
        SECRET_KEY="k", PROPAGATE_EXCEPTIONS=False, SESSION_REFRESH_EACH_REQUEST=spec.refresh
    )
    rules = {spec.rule: {"session": "protected"}} if spec.rule else {}
    app.config.update(
        STATIC_OPTIMIZER_FINGERPRINT=spec.fingerprint,
        STATIC_OPTIMIZER_EXPRESS=spec.express,
        STATIC_OPTIMIZER_SESSION="protected" if spec.protected else "isolated",
        STATIC_OPTIMIZER_RULES=rules,
        STATIC_OPTIMIZER_CACHE_DIR=str(root / "kept"),
    )
    store = Store()
    made = World(app, store, app.test_client())
    if spec.ours_first and optimize:
        StaticOptimizer(app)
    app.session_interface = store
    add_hooks(made, spec)
    add_views(app)
    if optimize and not spec.ours_first:
        StaticOptimizer(app)
    app.logger.disabled = True  # it is one for all apps of that name
    try:
        yield made
    finally:
        app.logger.disabled = False


def add_views(app: Flask) -> None:
    app.register_blueprint(
        Blueprint("shop", __name__, static_folder=app.static_folder, url_prefix="/shop")
    )

    @app.get("/login/<user>")
    def login(user: str) -> str:
        session["user"] = user
        return "welcome"

    @app.get("/page")
    def page() -> str:
        return f"{SECRET}{session.get('user', 'nobody')}"

    @app.route("/count", methods=["GET", "POST"])
    def count() -> str:
        session["count"] = session.get("count", 0) + 1
        return str(session["count"])

    @app.get("/static/u/<name>/invoice.pdf")
    def invoice(name: str) -> str:
        return f"{SECRET}{session.get('user', 'nobody')}"

    @app.route("/chart", methods=["GET", "POST"])
    @cacheable_static(max_age=60)
    def chart() -> str:
        return f"<svg>{SECRET}{session.get('user', 'nobody')}</svg>"

    @app.get("/gone")
    @cacheable_static
    def gone() -> str:
        abort(410)


def add_hooks(made: World, spec: Spec) -> None:
    app = made.app

    @app.before_request
    def note() -> None:
        made.told.append((is_static_request(), request.endpoint))

    def before() -> Any:
        if "permanent" in spec.hooks:
            session.permanent = True
        if "look" in spec.hooks:
            session.get("user")
        if "write" in spec.hooks:
            session["seen"] = True
        if "wall" in spec.hooks and request.endpoint not in ("login", None):
            return None if "user" in session else redirect("/login/x")
        return None

    def after(response: Any) -> Any:
        if "look" in spec.hooks:
            session.get("user")
        if "cookie" in spec.hooks:
            response.set_cookie("tracker", "1")
        if "vary" in spec.hooks:
            response.vary.add("Cookie")
        if "crash" in spec.hooks and request.args.get("crash"):
            raise RuntimeError("a broken hook")
        return response

    if spec.hooks:
        app.before_request(before)
        app.after_request(after)


# -- Random requests --------------------------------------------------------------------------

NAMES = [
    *FILES,
    *FILES,
    "none.css",
    "./app.css",
    "sub/../app.css",
    "private/../private/report.txt",
    "",
]
STATIC_PATHS = [f"{{prefix}}/{name}" for name in NAMES] + [f"/shop/static/{name}" for name in NAMES]
PAGES = ["/page", "/count", "/login/ada", "/login/eve", "/static/u/ada/invoice.pdf", "/missing"]


@dataclass(frozen=True)
class Ask:
    """A request to be made."""

    path: str
    query: str
    method: str
    headers: tuple[tuple[str, str], ...]

    def of(self, made: World, spec: Spec) -> TestResponse:
        path = self.path.format(prefix=spec.prefix)
        name = path.rpartition("/")[2]
        query, mark = self.query, fingerprint(name)
        if "MARK" in query and mark:
            if spec.fingerprint == "path":
                stem, _, extension = path.rpartition(".")
                path, query = f"{stem}.{mark}.{extension}", ""
            query = query.replace("MARK", mark)
        return made.client.open(
            path, query_string=query, method=self.method, headers=list(self.headers)
        )


def fingerprint(name: str) -> str | None:
    data = next((data for file, data in FILES.items() if file.endswith(f"/{name}")), None)
    data = FILES.get(name, data)
    return hashlib.sha256(data).hexdigest()[:16] if data and name != "app.css" else None


HEADERS = st.lists(
    st.sampled_from([
        ("Accept-Encoding", "br"), ("Accept-Encoding", "gzip;q=0.5, zstd"), ("Range", "bytes=0-9"),
        ("Range", "bytes=99999-"), ("If-None-Match", "*"), ("If-None-Match", '"x"'),
        ("If-Match", '"x"'), ("Authorization", "Bearer x"),
        ("If-Modified-Since", "Fri, 31 Dec 2100 23:59:59 GMT"),
    ]),
    unique_by=lambda field: field[0],
    max_size=2,
).map(tuple)  # fmt: skip

QUERIES = st.sampled_from(["v=0123456789abcdef", "v=MARK", "", "x=1", "crash=1"])

static_asks = st.builds(
    Ask,
    path=st.sampled_from([*STATIC_PATHS, "/chart", "/gone", "/shop//static/app.js"]),
    query=QUERIES,
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS"]),
    headers=HEADERS,
)
page_asks = st.builds(
    Ask,
    path=st.sampled_from(PAGES),
    query=st.just(""),
    method=st.sampled_from(["GET", "GET", "HEAD", "OPTIONS"]),
    headers=st.just(()),
)
posts = st.builds(
    Ask, st.sampled_from(["/count", "/chart"]), st.just(""), st.just("POST"), st.just(())
)
orders = st.lists(
    st.one_of(static_asks, static_asks, static_asks, page_asks, posts), min_size=5, max_size=12
)


# -- The laws ---------------------------------------------------------------------------------


def is_storable_by_shared_caches(response: TestResponse) -> bool:
    said = response.headers.get("Cache-Control", "")
    return "private" not in said and "no-store" not in said and "max-age" in said


def whole_of(response: TestResponse) -> bytes:
    coding = response.headers.get("Content-Encoding")
    return decompress(coding, response.data) if coding else response.data


@settings(laws, max_examples=250)
@given(spec=specs, asks=orders)
def test_static_requests_keep_the_laws(root: Path, spec: Spec, asks: list[Ask]) -> None:
    etags: dict[str, bytes] = {}
    with world(spec, root) as made:
        made.client.get("/login/ada")
        for ask in asks:
            before, told = made.store.asked.copy(), len(made.told)
            response = ask.of(made, spec)
            asked = made.store.asked - before
            answered_early = len(made.told) == told  # by the lane, or a page without an endpoint
            static, endpoint = (True, "static") if answered_early else made.told[-1]
            # 8: the matched endpoint decides, whatever the path looks like.
            served = endpoint in ("static", "shop.static", "chart", "gone")
            folder = endpoint in ("static", "shop.static")
            # A file that is not there is an ordinary page. Only an answer with a file, or about
            # one, shows that it is there.
            answered = response.status_code in (200, 206, 304, 412, 416)
            there = not folder or (answered and ask.method != "OPTIONS")
            if not answered_early and endpoint is not None and (there or static):
                assert static == (served and ask.method != "POST"), (ask, endpoint)
            if not static:
                continue
            said = response.headers.get("Cache-Control", "")
            # 1 and 2: no writes; a read only where somebody may look.
            assert asked["write"] == 0, ask
            # A hook that raises each time leaves what hooks before it have set (docs/limits.md).
            raises = "crash" in spec.hooks and response.status_code == 500
            assert raises or "Set-Cookie" not in response.headers, ask
            read_allowed = spec.protected or spec.rule is not None
            assert asked["read"] <= (1 if read_allowed else 0), ask
            # 4: nothing private is shared.
            if asked["read"] or f"{SECRET}ada".encode() in response.data:
                assert not is_storable_by_shared_caches(response), (ask, said)
            if "Authorization" in dict(ask.headers) or "Cookie" in response.vary:
                assert not is_storable_by_shared_caches(response)
            if ask.method == "OPTIONS":
                continue
            # 6: mistakes are not remembered.
            if response.status_code not in (200, 206, 304):
                assert said == "no-store", (ask, response.status)
                continue
            # 5: immutable means verified.
            if "immutable" in said:
                assert spec.fingerprint
                assert "0123456789abcdef" not in ask.query
                if response.status_code == 200 and ask.method == "GET":
                    mark = hashlib.sha256(whole_of(response)).hexdigest()[:16]
                    assert mark in response.request.url
            # 7: one validator for each representation.
            if response.status_code == 200 and ask.method == "GET":
                assert etags.setdefault(response.headers["ETag"], response.data) == response.data
        bodies = list(etags.values())
        assert len(set(bodies)) == len(bodies)


@settings(laws, max_examples=150)
@given(spec=specs, asks=orders)
def test_pages_do_not_notice(root: Path, spec: Spec, asks: list[Ask]) -> None:
    """Pages answer among static requests as in an app without either (law 3)."""

    def run(*, optimize: bool) -> list[Any]:
        seen: list[Any] = []
        with world(spec, root, optimize=optimize) as made:
            for ask in [Ask("/login/ada", "", "GET", ()), *asks]:
                ordinary = ask.method == "POST" or ask.path in [*PAGES, "/login/ada"]
                if spec.prefix == "" and ask.path == "/missing":
                    ordinary = False  # any URL may be a file's
                if not ordinary and not optimize:
                    continue
                before = made.store.asked.copy()
                response = ask.of(made, spec)
                if ordinary:
                    seen.append((response.status, response.headers.to_wsgi_list(), response.data,
                                 made.store.asked - before))  # fmt: skip
        return seen

    assert run(optimize=True) == run(optimize=False)


@settings(laws, max_examples=100)
@given(spec=specs, names=st.lists(st.sampled_from(list(FILES)), min_size=1, max_size=3))
def test_urls_are_served_and_immutable(root: Path, spec: Spec, names: list[str]) -> None:
    """A URL that ``url_for`` makes is served, and is immutable."""
    with world(spec, root) as made:
        made.client.get("/login/ada")
        for name in names:
            for endpoint in ("static", "shop.static"):
                with made.app.test_request_context():
                    url = current_app.url_for(endpoint, filename=name)
                response = made.client.get(url)
                if response.status_code == 302:
                    assert "wall" in spec.hooks
                    continue
                if name == ".hidden":
                    assert response.status_code == 404
                    continue
                plain = url.endswith(name)
                assert response.status_code == 200
                said = response.headers["Cache-Control"]
                stricter = "private" in said or "vary" in spec.hooks
                assert plain or "immutable" in said or stricter
                assert not (plain and "immutable" in said)
                if not name.endswith(".css"):
                    assert whole_of(response) == FILES[name]
