"""The shortcut to static folders says what Werkzeug's own match says, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import PathConverter
from werkzeug.test import create_environ

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.requests.paths import Gate, Prefixes, Shortcut


def plain() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/posts/<slug>", "post", lambda slug: slug)
    app.add_url_rule("/static-list", "list", lambda: "")
    app.add_url_rule("/", "index", lambda: "")
    return app


def with_blueprint() -> Flask:
    app = plain()
    app.register_blueprint(
        Blueprint(
            "admin", __name__, url_prefix="/admin", static_folder="tests", static_url_path="/s"
        )
    )
    return app


def with_catch_all() -> Flask:
    app = plain()
    app.add_url_rule("/<path:page>", "page", lambda page: page)
    return app


def with_neighbour() -> Flask:
    app = plain()
    app.add_url_rule("/static/feed", "feed", lambda: "")
    return app


def with_neighbour_variable() -> Flask:
    app = plain()
    app.add_url_rule("/static/thumbs/<name>", "thumb", lambda name: name)
    return app


def with_second_rule() -> Flask:
    app = plain()
    app.add_url_rule("/static/<path:filename>", "static", methods=["PUT"])
    return app


def at_root() -> Flask:
    app = Flask(__name__, static_url_path="")
    app.add_url_rule("/posts/<slug>", "post", lambda slug: slug)
    return app


def with_subdomain() -> Flask:
    app = plain()
    app.add_url_rule("/static/<path:filename>", "other", lambda filename: "", subdomain="api")
    return app


def with_hosts() -> Flask:
    return Flask(__name__, host_matching=True, static_host="static.test")


def with_converter() -> Flask:
    class Capitals(PathConverter):
        regex = "[A-Z]+"

    app = Flask(__name__, static_folder=None)
    app.url_map.converters["path"] = Capitals
    app.static_folder = "static"
    app.add_url_rule("/static/<path:filename>", "static", app.send_static_file)
    return app


def with_adapter() -> Flask:
    class Tenants(Flask):
        def create_url_adapter(self, request: Any) -> Any:
            return None if request is None else self.url_map.bind("tenant", path_info="/posts/x")

    app = Tenants(__name__)
    app.add_url_rule("/posts/<slug>", "post", lambda slug: slug)
    return app


def trusting() -> Flask:
    app = plain()
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    return app


APPS = [
    plain,
    with_blueprint,
    with_catch_all,
    with_neighbour,
    with_neighbour_variable,
    with_second_rule,
    at_root,
    with_subdomain,
    with_hosts,
    with_converter,
    with_adapter,
    trusting,
]

PATHS = [
    "/static/app.css",
    "/static/a/b.css",
    "/static/feed",
    "/static/feed/",
    "/static/thumbs/a.png",
    "/static/thumbs/a/b.png",
    "/static/",
    "/static",
    "/static//app.css",
    "//static/app.css",
    "/static/a//b.css",
    "/static/app.css/",
    "/static/a\nb.css",
    "/static/é.css",
    "/static/%2e%2e/app.css",
    "/static/../app.css",
    "/static/CAPITALS",
    "/STATIC/app.css",
    "/admin/s/app.css",
    "/admin/s",
    "/posts/1",
    "/static-list",
    "/",
]


def matched(app: Flask, request: Any) -> tuple[str, dict[str, Any]] | None:
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    try:
        rule, view_args = adapter.match(return_rule=True)
    except HTTPException:
        return None
    return str(rule.endpoint), dict(view_args)


def shortcut(app: Flask) -> Shortcut:
    StaticOptimizer(app)
    app.test_client().get("/")
    found: Shortcut = app.extensions["static_optimizer"].endpoints.shortcut
    return found


def find(short: Shortcut, request: Request) -> tuple[str, dict[str, Any]] | None:
    if request.routing_exception is not None:  # it is Flask's business then
        return None
    found = short.find(request.path, request.environ)
    return None if found is None else (found[0], {"filename": found[1]})


@pytest.mark.parametrize("make", APPS)
def test_what_it_finds_is_what_the_url_map_has(make: Callable[[], Flask]) -> None:
    app = make()
    short = shortcut(app)
    for path in PATHS:
        for host in ("localhost", "static.test", "api.example.com", "example.com"):
            for method in ("GET", "HEAD", "OPTIONS"):
                with app.request_context(
                    create_environ(path, f"http://{host}", method=method)
                ) as c:
                    found = find(short, c.request)
                    if found is not None:
                        assert found == matched(app, c.request), (path, host, method)


@pytest.mark.parametrize("make", [plain, with_blueprint])
@pytest.mark.parametrize("path", ["/static/app.css", "/static/a/b.css"])
def test_it_is_taken_where_nothing_else_can_match(make: Callable[[], Flask], path: str) -> None:
    app = make()
    short = shortcut(app)
    with app.test_request_context(path) as context:
        assert find(short, context.request) == ("static", {"filename": path[len("/static/") :]})


def test_a_websocket_is_left_to_the_url_map() -> None:
    app = plain()
    short = shortcut(app)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    with app.test_request_context("/static/app.css", headers=headers) as context:
        assert find(short, context.request) is None


def test_an_untrusted_host_is_flasks() -> None:
    """A request for a host that is not trusted is left to Flask."""
    app = trusting()
    short = shortcut(app)
    response: Response = app.test_client().get("/static/app.css", base_url="http://evil.test")
    assert response.status_code in (400, 404)
    with app.test_request_context("/static/app.css", base_url="http://example.com") as context:
        assert find(short, context.request) is not None


TEXTS = st.text("ab/", max_size=5)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=8), TEXTS)
def test_a_prefix_is_found_as_startswith_finds_it(prefixes: list[str], path: str) -> None:
    found = Prefixes(prefixes).find(path)
    assert (found is not None) == path.startswith(tuple(prefixes))
    assert found is None or (found in prefixes and path.startswith(found))


def test_thousands_of_prefixes_are_not_walked() -> None:
    compared = []

    class Path(str):
        __slots__ = ()

        def __lt__(self, other: str) -> bool:
            compared.append(other)
            return str.__lt__(self, other)

        def startswith(self, *args: Any) -> bool:
            compared.append(args[0])
            return str.startswith(self, *args)

    prefixes = Prefixes(f"/r{number}/" for number in range(5000))
    assert prefixes.find(Path("/r777/1")) == "/r777/"
    assert prefixes.find(Path("/page")) is None
    assert len(compared) < 40


SEGMENTS = st.sampled_from(["a", "b", "ab", "<x>", "<path:filename>", "a<x>"])
PLACES = st.lists(SEGMENTS, max_size=3).map(lambda parts: "/" + "/".join(parts))
RULES = st.lists(
    PLACES.filter(lambda rule: rule.count("<x>") < 2 and rule.count("<path") < 2),
    max_size=8,
    unique=True,
)


PATHS_OF_RULES = st.lists(st.sampled_from(["a", "b", "ab", "c", ""]), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@settings(deadline=None, max_examples=300)
@given(RULES, st.lists(PATHS_OF_RULES, min_size=4, max_size=12))
def test_among_any_rules_it_says_what_the_url_map_says(rules: list[str], paths: list[str]) -> None:
    app = Flask(__name__, static_folder=None)
    app.static_folder = "static"
    for number, rule in enumerate(rules):
        app.add_url_rule(rule, str(number), app.send_static_file)
    folders = {
        rule.endpoint: rule.rule.removesuffix("<path:filename>")
        for rule in app.url_map.iter_rules()
        if rule.rule.count("<") == 1 and rule.rule.endswith("/<path:filename>")
    }
    short = Shortcut.over(app, folders)
    assert set(short.endpoints) | short.rivals.keys() == folders.keys()
    for path in paths:
        with app.test_request_context(path) as context:
            found = find(short, context.request)
            if found is not None:
                assert found == matched(app, context.request), path


def with_slugs() -> Flask:
    app = plain()
    for rule in ("/<slug>", "/<path:page>", "/<lang>/<slug>", "/<lang>/static/<slug>", "/s<x>/<y>"):
        app.add_url_rule(rule, rule, lambda **_: "page")
    return app


def with_nested() -> Flask:
    app = plain()
    for name in ("admin", "admin/more"):
        app.register_blueprint(
            Blueprint(
                name.replace("/", "_"),
                __name__,
                static_folder="tests",
                static_url_path=f"/static/{name}",
            )
        )
    return app


@pytest.mark.parametrize(
    ("make", "path", "endpoint"),
    [
        (with_slugs, "/static/app.css", "static"),
        (with_slugs, "/static/a/b.css", "static"),
        (with_catch_all, "/static/app.css", "static"),
        (with_nested, "/static/app.css", "static"),
        (with_nested, "/static/admin", "static"),
        (with_nested, "/static/admin/app.css", "admin.static"),
        (with_nested, "/static/admin/a/b.css", "admin.static"),
        (with_nested, "/static/admin/more/app.css", "admin_more.static"),
    ],
)
def test_what_does_not_compete(make: Callable[[], Flask], path: str, endpoint: str) -> None:
    """Werkzeug tries literal parts first, and of two folders takes the longer prefix."""
    app = make()
    short = shortcut(app)
    with app.test_request_context(path) as context:
        found = find(short, context.request)
        assert found == matched(app, context.request)
        assert found is not None
        assert found[0] == endpoint


@pytest.mark.parametrize(
    ("make", "rival"),
    [
        (with_neighbour, "/static/feed"),
        (with_neighbour_variable, "/static/thumbs/<name>"),
        (with_second_rule, "/static/<path:filename>"),
    ],
)
def test_a_rival_is_named(make: Callable[[], Flask], rival: str) -> None:
    assert shortcut(make()).rivals == {"static": rival}


@settings(deadline=None)
@given(RULES, PLACES)
def test_the_gate_admits_all_that_matches(rules: list[str], path: str) -> None:
    app = Flask(__name__, static_folder=None)
    for number, rule in enumerate(rules):
        app.add_url_rule(rule, str(number), str)
    gate = Gate.over([rule.rule for rule in app.url_map.iter_rules()])
    with app.test_request_context(path) as context:
        if context.request.url_rule is not None:
            assert path[: gate.length] in gate.heads
            assert gate.admits(path)


def test_a_page_passes_a_gate_of_thousands_at_its_first_check() -> None:
    """Routes without variables are compared whole: no page that only begins as one is looked at."""
    gate = Gate.over(["/", *(f"/chart{number}" for number in range(5000))])
    assert gate.admits("/chart4999")
    for page in ("/page", "/chart4999-old", "/charts"):
        assert page[: gate.length] not in gate.heads, page
