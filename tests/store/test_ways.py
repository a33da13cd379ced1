"""Stored routes answer alike through the lane and through hooks, and never for somebody else."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from flask import Blueprint, Flask, Response, make_response, request, send_file, session
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from flask_static_optimizer import StaticOptimizer, cacheable_static

CONFIGS: list[dict[str, Any]] = [
    {},
    {"STATIC_OPTIMIZER_STORE_OBEYS_REQUESTS": True, "STATIC_OPTIMIZER_STORE_MAX_BODY": 200},
    {"STATIC_OPTIMIZER_PUBLIC": True, "STATIC_OPTIMIZER_CDN_CACHE_CONTROL": "max-age=86400"},
]
CONDITIONS = (
    "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE",
)  # fmt: skip
RANGES = ("HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_NONE_MATCH")
#: URLs that may be taken for each other, and the fields that they may have to do with.
SUBJECTS: list[tuple[list[str], tuple[str, ...]]] = [
    (
        ["/url/a", "/url/a?x=1&y=2", "/url/a?y=2&x=1", "/url/a?"],
        ("HTTP_HOST", "SCRIPT_NAME", "wsgi.url_scheme", "HTTP_X_FORWARDED_HOST"),
    ),
    (["/url/a%2Fb", "/url/a/b", "/url/a%3Fx=1", "/url/a?x=1", "/url/a;b=1"], ("SCRIPT_NAME",)),
    (["/url//a", "//url/a", "/url/a", "/url/a/", "/URL/a", "/url/"], ("HTTP_HOST",)),
    (["/url/%C3%A9", "/url/%E9", "/url/%FF", "/url/%00"], ("HTTP_X_ORIGINAL_URL",)),
    (["/bp/lang"], ("HTTP_ACCEPT_LANGUAGE",)),
    (["/coded"], ("HTTP_ACCEPT_ENCODING", "HTTP_RANGE")),
    (["/bytes"], RANGES),
    (["/url/a", "/shared"], CONDITIONS),
    (["/known/1", "/known/2"], CONDITIONS),
    (["/kept/1", "/shared"], (*CONDITIONS, "HTTP_X_KIND")),
    (["/user"], ("HTTP_AUTHORIZATION", "REMOTE_USER", "content")),
    (["/flash", "/cookie"], ("HTTP_COOKIE",)),
    (["/broken"], ("HTTP_X_FAIL",)),
    (["/stream", "/missing", "/move", "/big"], ("HTTP_IF_NONE_MATCH",)),
]


class Ways(NamedTuple):
    """The same app three times."""

    lane: Flask
    hooks: Flask
    #: Where each request runs its view.
    storeless: Flask
    clock: Any


def make_app(*, hooked: bool, stored: bool, **config: Any) -> Flask:
    app = Flask("app", static_folder=None)
    app.config.update(SECRET_KEY="k", STATIC_OPTIMIZER_STORE=stored, **config)
    blueprint = Blueprint("bp", __name__, url_prefix="/bp")
    versions: dict[str, int] = defaultdict(int)

    def static(view: Any, path: str, scaffold: Any = app, **policy: Any) -> None:
        scaffold.add_url_rule(path, view_func=cacheable_static(**{"max_age": 60, **policy})(view))

    def url(path: str) -> str:
        return repr((request.method, request.url, request.host, request.script_root, path))

    def lang() -> Response:
        chosen = request.accept_languages.best_match(["de", "en"], "none")
        return make_response(chosen, {"Vary": "Accept-Language"})

    def coded() -> Response:
        headers = {"Vary": "Accept-Encoding"}
        if request.accept_encodings["gzip"] > 0:
            headers["Content-Encoding"] = "gzip"
        return make_response(" ".join(headers), headers)

    def bytes_() -> Response:
        return send_file(io.BytesIO(bytes(range(100))), "application/octet-stream")

    def version(name: str) -> str:
        return f"{name}.{versions[request.script_root + name]}"

    def known(name: str) -> str:
        return version(name)

    def user() -> str:
        return f"{request.remote_user or None} {request.authorization} {request.data!r}"

    def flash() -> str:
        session["seen"] = request.headers.get("Cookie")
        return f"for {session['seen']}"

    def cookie() -> Response:
        response = make_response("x")
        response.set_cookie("c", "v")
        return response

    def stream() -> Response:
        return Response(iter(["a", "b"]))

    def missing() -> tuple[str, int]:
        return "x", 404

    def move() -> Response:
        return make_response("", 302, {"Location": "/url/a"})

    def big() -> str:
        return "x" * 300

    def shared() -> Response:
        return make_response("shared", {"Connection": "X-Hop", "X-Hop": "1", "Age": "7"})

    def kept(name: str) -> str:
        return name

    def broken() -> str:
        if "X-Fail" in request.headers:
            raise OSError("the database is away")
        return "fine"

    def change(name: str) -> tuple[str, int]:
        if "X-Fail" in request.headers:
            return "", 403
        versions[request.script_root + name] += 1
        return "", 204

    static(url, "/url/<path:path>")
    static(lang, "/lang", blueprint)
    static(coded, "/coded")
    static(bytes_, "/bytes", immutable=True)
    static(known, "/known/<name>", etag=version)
    static(user, "/user", public=False)
    for view in (flash, cookie, stream, missing, move, big):
        static(view, f"/{view.__name__}")
    static(shared, "/shared", public=True, vary="X-Kind", tags="all")
    static(kept, "/kept/<name>", max_age=600, last_modified=lambda name: 9)
    static(broken, "/broken", stale_if_error=100)
    app.add_url_rule("/known/<name>", view_func=change, methods=["PUT"])
    app.register_blueprint(blueprint)
    if hooked:
        app.before_request(lambda: None)
    StaticOptimizer(app)
    app.test_client().get("/nowhere")
    return app


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda config: "-".join(config) or "default")
def ways(request: pytest.FixtureRequest) -> Iterator[Ways]:
    with freeze_time("2026-01-01", ignore=["hypothesis"]) as clock:
        yield Ways(
            make_app(hooked=False, stored=True, **request.param),
            make_app(hooked=True, stored=True, **request.param),
            make_app(hooked=True, stored=False, **request.param),
            clock,
        )


TAGS = st.sampled_from(['"1.0"', 'W/"1.0"', '"1.1", "2.1"', "*", '"x"', "1.0", ""])
DATES = st.sampled_from(["Thu, 01 Jan 1970 00:00:09 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "x"])
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "HTTP_HOST": st.sampled_from(["localhost", "LOCALHOST", "localhost:80", "evil.", "a..b", "é"]),
    "HTTP_X_FORWARDED_HOST": st.just("evil.test"),
    "HTTP_X_ORIGINAL_URL": st.just("/url/b"),
    "SCRIPT_NAME": st.sampled_from(["", "/mounted", "/url"]),
    "wsgi.url_scheme": st.just("https"),
    "HTTP_ACCEPT_LANGUAGE": st.sampled_from(
        ["de", "en", "DE;q=1 , en; q=0.5", "d e", "de; q = 0.1, en;q=0.5", "*", "fr,de;q=0"]
    ),
    "HTTP_ACCEPT_ENCODING": st.sampled_from(
        ["gzip", "gzip, br", "gzip;q=0", "*", "gzip;q=1.5", "identity", "foo"]
    ),
    "HTTP_RANGE": st.sampled_from(["bytes=0-0", "bytes=-5", "bytes=999-", "bytes=0-1,4-5"]),
    "HTTP_IF_RANGE": TAGS | DATES,
    "HTTP_IF_MATCH": TAGS,
    "HTTP_IF_NONE_MATCH": TAGS,
    "HTTP_IF_MODIFIED_SINCE": DATES,
    "HTTP_IF_UNMODIFIED_SINCE": DATES,
    "HTTP_AUTHORIZATION": st.sampled_from(["Bearer ada", "Bearer bob"]),
    "REMOTE_USER": st.sampled_from(["ada", "bob", ""]),
    "HTTP_COOKIE": st.sampled_from(["user=ada", "user=bob"]),
    "HTTP_CACHE_CONTROL": st.sampled_from(
        ["no-cache", "no-store", "max-age=0", "min-fresh=30", "only-if-cached", "max-stale"]
    ),
    "HTTP_PRAGMA": st.just("no-cache"),
    "HTTP_X_KIND": st.sampled_from(["a", "b"]),
    "HTTP_X_FAIL": st.just("1"),
    "HTTP_UPGRADE": st.just("websocket"),
    "content": st.sampled_from(["ada", "bob"]),
}
METHODS = st.sampled_from(["GET"] * 9 + ["HEAD"] * 3 + ["PUT", "POST", "OPTIONS"])


@st.composite
def scripts(draw: st.DrawFn, urls: list[str], fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Draw what happens at a few URLs with a few fields: requests meet what others left."""
    some = draw(st.lists(st.sampled_from(urls), min_size=1, max_size=2, unique=True))
    names = [draw(st.sampled_from(fields)), draw(st.sampled_from(sorted({*fields, *FIELDS})))]
    return draw(st.lists(steps(some, names), min_size=3, max_size=12))


@st.composite
def steps(draw: st.DrawFn, urls: list[str], names: list[str]) -> tuple[Any, ...]:
    """Draw a request (method, URL, fields), or seconds that pass, or what is purged."""
    kind = draw(st.sampled_from(["request"] * 8 + ["time", "purge"]))
    if kind == "time":
        return kind, draw(st.sampled_from([1, 30, 59, 61, 90, 170, -3, -60]))
    if kind == "purge":
        return kind, draw(
            st.sampled_from([{"endpoint": "known"}, {"tag": "all"}, {"path": "/url/a"}])
        )
    chosen = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    fields = {name: draw(FIELDS[name]) for name in chosen}
    return kind, draw(METHODS), draw(st.sampled_from(urls)), fields


def ask(app: Flask, method: str, url: str, fields: dict[str, str]) -> tuple[Any, ...]:
    fields = dict(fields)
    environ = create_environ("/", method=method, data=fields.pop("content", None))
    path, _, query = url.partition("?")
    environ.update(
        PATH_INFO=path.encode().replace(b"%", b"\\x").decode("unicode_escape"),
        QUERY_STRING=query,
        **fields,
    )
    body, status, headers = run_wsgi_app(app, environ)
    data = b"".join(body)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    boundary = headers.get("Content-Type", "").partition("boundary=")[2]
    if boundary:
        headers["Content-Type"] = "multipart/byteranges"
        data = data.replace(boundary.encode(), b"")
    return status, sorted(headers.to_wsgi_list()), data


@pytest.mark.parametrize(("urls", "fields"), SUBJECTS, ids=lambda subject: subject[0])
@settings(
    max_examples=int(os.environ.get("EXPRESS_EXAMPLES", "30")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_the_same_answers(
    ways: Ways, urls: list[str], fields: tuple[str, ...], data: st.DataObject
) -> None:
    script = data.draw(scripts(urls, fields))
    stored = (ways.lane, ways.hooks)
    for app in stored:
        with app.app_context():
            StaticOptimizer().purge()
    for kind, *step in script:
        if kind == "time":
            ways.clock.tick(step[0])
        elif kind == "purge":
            for app in stored:
                with app.app_context():
                    StaticOptimizer().purge(**step[0])
        else:
            lane, hooks = (ask(app, *step) for app in stored)
            assert lane == hooks, step
            expected = ask(ways.storeless, *step)
            # A stored response may stand in for a failure, and be cut where the view's can't.
            if lane[0] == expected[0] and lane[0].startswith("2"):
                assert lane[2] == expected[2], step


@pytest.mark.parametrize("url", ["/url/a", "/bp/lang", "/coded", "/known/1", "/shared"])
def test_it_is_the_lane_that_answers(ways: Ways, url: str) -> None:
    """The lane does answer: the comparison above is of two ways, not of one with itself."""
    for app, expected in ((ways.lane, 1), (ways.hooks, 2)):
        contexts = []
        make = app.request_context
        app.request_context = lambda given, make=make, to=contexts: to.append(1) or make(given)  # type: ignore
        with app.app_context():
            StaticOptimizer().purge()
        try:
            for _ in range(2):
                assert ask(app, "GET", url, {})[0] == "200 OK"
        finally:
            del app.request_context
        assert len(contexts) == expected
