"""The last word on a static response's headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, request, session

from flask_static_optimizer import cacheable_static, cookies_dropped, session_writes_dropped
from flask_static_optimizer.monitoring.signals import static_request_marked

MakeApp = Callable[..., Flask]

AUTH = {"Authorization": "Basic eDp5"}


def after(change: Callable[[Response], Any]) -> Callable[[Flask], None]:
    def add(app: Flask) -> None:
        @app.after_request
        def run(response: Response) -> Response:
            change(response)
            return response

    return add


def test_public_is_said_only_when_asked_for(make_app: MakeApp) -> None:
    """``public`` is said only when it is asked for.

    nginx keeps responses with it, even to requests with ``Authorization``.
    """
    plain = make_app().test_client()
    assert "public" not in plain.get("/static/app.css").cache_control
    shared = make_app(STATIC_OPTIMIZER_PUBLIC=True).test_client()
    assert shared.get("/static/app.css").headers["Cache-Control"] == "public, max-age=3600"
    for header in ({}, AUTH):
        response = shared.get("/static/app.css", headers=header)
        assert response.headers["Cache-Control"] == "public, max-age=3600"
    one = make_app(STATIC_OPTIMIZER_RULES={"static:*.js": {"public": True}}).test_client()
    assert "public" in one.get("/static/app.js", headers=AUTH).cache_control
    assert "private" in one.get("/static/app.css", headers=AUTH).cache_control


def test_remote_user_makes_private(make_app: MakeApp) -> None:
    """A response to a user whom the server knows (REMOTE_USER) is private."""
    app = make_app(STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=86400")
    response = app.test_client().get("/static/app.css", environ_overrides={"REMOTE_USER": "ada"})
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert "CDN-Cache-Control" not in response.headers


def test_cdn_cache_control_wants_public(make_app: MakeApp) -> None:
    """CDN-Cache-Control is sent only on responses that may be shared."""
    app = make_app(
        STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=86400",
        STATIC_OPTIMIZER_RULES={"static:private/*": {"session": "protected"}},
    )
    client = app.test_client()

    def said(path: str, **headers: str) -> str | None:
        return client.get(path, headers=headers).headers.get("CDN-Cache-Control")

    assert said("/static/app.css") == "max-age=86400"
    assert said("/static/app.css", **AUTH) is None
    assert said("/static/private/report.pdf") is None
    assert said("/static/nope.css") is None
    assert said("/") is None


def test_a_views_word_silences_the_cdn_field(make_app: MakeApp) -> None:
    """CDN-Cache-Control is left out where the view has a Cache-Control of its own."""

    def add(app: Flask) -> None:
        @app.get("/now")
        @cacheable_static
        def now() -> Any:
            return "now", {"Cache-Control": "no-cache"}

    client = make_app(before=add, STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=9").test_client()
    assert "CDN-Cache-Control" not in client.get("/now").headers


@pytest.mark.parametrize(
    "name",
    [
        "CDN-Cache-Control",
        "Edge-Control",
        "Netlify-CDN-Cache-Control",
        "Surrogate-Control",
        "Vercel-CDN-Cache-Control",
        "X-LiteSpeed-Cache-Control",
    ],
)
def test_no_shared_cache_is_told_to_keep_a_protected_file(make_app: MakeApp, name: str) -> None:
    """A field of the app's own, which would replace ``private`` there, goes."""
    add = after(lambda response: response.headers.set(name, "public, max-age=9"))
    rules = {"static:private/*": {"session": "protected"}}
    client = make_app(before=add, STATIC_OPTIMIZER_RULES=rules).test_client()
    for _ in range(2):
        said = client.get("/static/private/report.pdf").headers
        assert said["Cache-Control"] == "private, no-cache"
        assert name not in said
        assert name in client.get("/static/app.css").headers


@pytest.mark.parametrize("name", ["Expires", "CDN-Cache-Control", "Surrogate-Control"])
def test_no_store_removes_other_freshness(make_app: MakeApp, name: str) -> None:
    """A ``no-store`` takes other freshness fields away."""

    def add(app: Flask) -> None:
        @app.get("/made")
        @cacheable_static
        def made() -> None:
            abort(404)

        app.after_request(lambda response: response.headers.set(name, "max-age=9") or response)

    client = make_app(before=add).test_client()
    assert name not in client.get("/made").headers


def test_private_removes_s_maxage(make_app: MakeApp) -> None:
    """``s-maxage`` goes when the response turns private."""
    add = after(lambda r: r.headers.set("Cache-Control", "public, s-maxage=99, max-age=5"))
    client = make_app(before=add).test_client()
    answer = client.get("/static/app.css", headers=AUTH)
    assert answer.headers["Cache-Control"] == "private, max-age=5"


@pytest.mark.parametrize("coding", ["identity", "br"])
@pytest.mark.parametrize("status", [200, 206, 304])
@pytest.mark.parametrize("cause", ["written", "authorization", "user", "protected"])
def test_no_shared_cache_keeps_what_may_be_of_a_visitor(
    make_app: MakeApp, cause: str, status: int, coding: str
) -> None:
    """Each time a file is asked for, also when it is known and its header fields are ready."""

    def add(app: Flask) -> None:
        @app.before_request
        def remember() -> None:
            if request.args.get("write"):
                session["seen"] = 1

        app.after_request(lambda response: response.headers.set("X-Own", "1") or response)

    rules = {"static:app.css": {"session": "protected"}} if cause == "protected" else {}
    app = make_app(
        before=add, STATIC_OPTIMIZER_CDN_CACHE_CONTROL="max-age=9", STATIC_OPTIMIZER_RULES=rules
    )
    (Path(str(app.static_folder)) / "app.css").write_text("a { color: red }\n" * 200)
    client = app.test_client(use_cookies=False)
    asked = {"Accept-Encoding": coding}
    etag = client.get("/static/app.css", headers=asked).headers["ETag"]
    asked |= {206: {"Range": "bytes=0-9"}, 304: {"If-None-Match": etag}}.get(status, {})
    headers = {"Cookie": "session=x", **(AUTH if cause == "authorization" else {}), **asked}
    user = {"REMOTE_USER": "ada"} if cause == "user" else {}
    url = "/static/app.css?write=1" if cause == "written" else "/static/app.css"
    for _ in range(4):
        answer = client.get(url, headers=headers, environ_overrides=user)
        assert answer.status_code == status
        said = answer.headers
        assert said.getlist("Cache-Control") == [
            "private, no-cache" if cause == "protected" else "private, max-age=3600"
        ]
        assert "CDN-Cache-Control" not in said
        assert ("Cookie" in answer.vary) is (cause == "protected")
        assert said.getlist("X-Own") == ["1"]
    if cause != "protected":  # and nothing of it stays for the others
        others = client.get("/static/app.css", headers=asked)
        assert others.headers["CDN-Cache-Control"] == "max-age=9"
        assert "private" not in others.cache_control


def test_vary_of_the_policy_is_added(make_app: MakeApp) -> None:
    rules = {"static": {"vary": ["Accept", "Accept-Language"]}}
    response = make_app(STATIC_OPTIMIZER_RULES=rules).test_client().get("/static/app.css")
    assert set(response.vary) == {"Accept", "Accept-Encoding", "Accept-Language"}


def test_a_rule_may_leave_requests_alone(make_app: MakeApp) -> None:
    rules = {"static:*.js": False, "*": {"max_age": 5}}
    client = make_app(STATIC_OPTIMIZER_RULES=rules).test_client()
    client.get("/")
    alone = client.get("/static/app.js")
    assert alone.headers["Cache-Control"] == "no-cache"
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=5"


def test_a_bare_star_makes_no_page_static(make_app: MakeApp) -> None:
    client = make_app(STATIC_OPTIMIZER_RULES={"*": {"max_age": 5}}).test_client()
    assert "Cache-Control" not in client.get("/").headers
    assert client.get("/").text == "2"


def test_a_head_of_what_a_post_would_not_be(make_app: MakeApp) -> None:
    head = make_app().test_client().head("/static/app.css")
    got = make_app().test_client().get("/static/app.css")
    assert head.data == b""
    for name in ("ETag", "Cache-Control", "Content-Length", "Content-Type"):
        assert head.headers[name] == got.headers[name]


def test_options_gets_no_policy(make_app: MakeApp) -> None:
    """A response to OPTIONS has no cookie and no policy."""
    add = after(lambda response: response.set_cookie("x", "y"))
    response = make_app(before=add).test_client().options("/static/app.css")
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}
    assert "Set-Cookie" not in response.headers
    assert "Cache-Control" not in response.headers


def test_signals_tell_what_was_kept_out(make_app: MakeApp) -> None:
    from flask import session

    def write(app: Flask) -> None:
        @app.before_request
        def before() -> None:
            session["seen"] = 1

    after_cookie = after(lambda response: response.set_cookie("tracker", "1"))
    app = make_app(before=write, after=after_cookie)
    told: list[tuple[str, dict[str, Any]]] = []
    receivers = {}
    for signal in (cookies_dropped, session_writes_dropped, static_request_marked):

        def receive(sender: Flask, _name: str = signal.name, **data: Any) -> None:
            assert sender is app
            told.append((_name, data))

        receivers[signal] = receive
        signal.connect(receive, app)
    app.test_client().get("/static/app.css")
    app.test_client().get("/")
    assert told == [
        ("static-request-marked", {"endpoint": "static", "protected": False}),
        ("cookies-dropped", {"endpoint": "static", "names": ("tracker",)}),
        ("session-writes-dropped", {"endpoint": "static", "keys": frozenset({"seen"})}),
    ]


@pytest.mark.parametrize("status", [200, 203, 204])
def test_the_statuses_a_policy_speaks_of(make_app: MakeApp, status: int) -> None:
    def add(app: Flask) -> None:
        app.get("/icon")(cacheable_static(max_age=9)(lambda: ("", status)))

    response = make_app(before=add).test_client().get("/icon")
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "max-age=9"


@pytest.mark.parametrize("status", [201, 202, 300, 301, 404, 405, 410, 501])
def test_and_those_it_does_not(make_app: MakeApp, status: int) -> None:
    def add(app: Flask) -> None:
        app.get("/icon")(cacheable_static(max_age=9)(lambda: ("", status)))

    response = make_app(before=add).test_client().get("/icon")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("line", ["private", "no-store", "Private", "NO-STORE"])
@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("by", ["view", "hook"])
@pytest.mark.parametrize("add", [True, False])
def test_a_stricter_word_in_any_case(
    make_app: MakeApp, line: str, public: bool, by: str, add: bool
) -> None:
    """A stricter directive of the app counts in any line and case."""

    def say(response: Response) -> Response:
        (response.headers.add if add else response.headers.set)("Cache-Control", line)
        return response

    def setup(app: Flask) -> None:
        app.get("/mine")(cacheable_static(lambda: say(Response("x")) if by == "view" else "x"))
        if by == "hook":
            app.after_request(say)

    cdn = {"STATIC_OPTIMIZER_CDN_CACHE_CONTROL": "max-age=9"}
    client = make_app(before=setup, STATIC_OPTIMIZER_PUBLIC=public, **cdn).test_client()
    response = client.get("/mine")
    (said,) = response.headers.getlist("Cache-Control")
    assert line.lower() in said.split(", ")
    assert "public" not in said
    assert "CDN-Cache-Control" not in response.headers


def test_vary_is_never_lost(make_app: MakeApp) -> None:
    """Vary counts in any line, and is never lost.

    A ``Vary: Cookie`` that got lost has been a vulnerability (CVE-2023-30861).
    """

    def setup(app: Flask) -> None:
        @app.get("/mine")
        @cacheable_static(vary="Accept")
        def mine() -> Response:
            response = Response("x")
            response.headers.add("Vary", "Origin")
            response.headers.add("Vary", "cookie")
            return response

    response = make_app(before=setup).test_client().get("/mine")
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert response.headers.getlist("Vary") == ["Origin, cookie, Accept"]


def test_a_receiver_that_raises(make_app: MakeApp) -> None:
    """A signal receiver that raises leaves no header out."""
    app = make_app(after=after(lambda response: response.set_cookie("a", "b")))
    app.get("/logo")(cacheable_static(lambda: "logo"))
    app.register_error_handler(RuntimeError, lambda error: ("broken", 200))

    def fail(sender: Flask, **_: Any) -> None:
        raise RuntimeError("receiver")

    cookies_dropped.connect(fail, app)
    app.testing = False
    response = app.test_client().get("/logo")
    assert response.headers.getlist("Cache-Control") == ["no-store"]


def test_a_hook_that_always_raises_leaves_no_age(make_app: MakeApp) -> None:
    def fail(response: Response) -> None:
        raise RuntimeError("hook")

    app = make_app(before=after(fail))
    app.get("/logo")(cacheable_static(lambda: "logo"))
    app.register_error_handler(RuntimeError, lambda error: ("broken", 404))
    app.testing = False
    assert app.test_client().get("/logo").headers["Cache-Control"] == "no-store"
