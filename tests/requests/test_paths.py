"""The shortcut to static folders says what Werkzeug's own match says, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import PathConverter
from werkzeug.test import create_environ

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.requests.paths import Shortcut


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
