"""Purging on demand, and by unsafe requests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask, Response, redirect, request, url_for
from flask.views import MethodView
from flask_caching import Cache

from conftest import RedisServer, free_port
from flask_static_optimizer import StaticOptimizer, cacheable_static

from .conftest import Caches, Stored, status_of

MakeApp = Callable[..., Flask]
Serve = Callable[..., Stored]


def add_views(app: Flask) -> None:
    runs: list[str] = []

    def view(**_: Any) -> str:
        runs.append(request.path)
        return str(len(runs))

    tagged = cacheable_static(max_age=60, tags=["pictures", "shop"])
    app.get("/one", endpoint="one")(tagged(lambda: view()))
    app.get("/two", endpoint="two")(cacheable_static(max_age=60, tags="shop")(lambda: view()))
    app.get("/three/<path:name>", endpoint="three")(
        cacheable_static(max_age=60)(lambda name: view())
    )
    app.get("/off", endpoint="off")(cacheable_static(store=False)(lambda: view()))


PATHS = ["/one", "/two", "/three/a b/\u00e9"]


@pytest.mark.parametrize(
    ("purge", "gone"),
    [
        ({"endpoint": "one"}, {"/one"}),
        ({"tag": "shop"}, {"/one", "/two"}),
        ({"tag": "pictures"}, {"/one"}),
        ({"endpoint": "two", "tag": "pictures"}, {"/one", "/two"}),
        ({"path": "/one"}, {"/one"}),
        ({"path": "/three/a b/\u00e9"}, {PATHS[2]}),
        ({"path": "/three/a%20b/%C3%A9?any=query"}, {PATHS[2]}),
        ({}, set(PATHS)),
    ],
    ids=str,
)
def test_what_is_purged(
    make_app: MakeApp, cache: Caches, purge: dict[str, str], gone: set[str]
) -> None:
    def add(app: Flask) -> None:
        cache.install(app)
        add_views(app)

    app = make_app(before=add, **cache.config)
    client = app.test_client()
    for path in PATHS:
        client.get(path)
    with app.app_context():
        StaticOptimizer().purge(**purge)
    assert {path for path in PATHS if status_of(client.get(path)) != "hit"} == gone
    assert {status_of(client.get(path)) for path in PATHS} == {"hit"}


def test_a_path_below_a_script_root(serve: Serve) -> None:
    """A path as ``url_for`` gives it below a root is purged with all its queries."""
    stored = serve()
    base = "http://localhost/root"
    for query in ("", "?a=1", "?a=2"):
        stored.get(f"/thing{query}", base_url=base)
    with stored.app.test_request_context(base_url=base):
        StaticOptimizer().purge(path=url_for("thing"))
    for query in ("", "?a=1", "?a=2"):
        assert status_of(stored.get(f"/thing{query}", base_url=base)) == "fwd=uri-miss; stored"


@pytest.mark.parametrize(
    ("purge", "words"),
    [
        ({"endpoint": "onee"}, ["endpoint='onee'", "did you mean 'one'"]),
        ({"endpoint": "static"}, ["endpoint='static'"]),
        ({"endpoint": "off"}, ["endpoint='off'"]),
        ({"tag": "shops"}, ["tag='shops'", "did you mean 'shop'"]),
        ({"path": "one"}, ["path='one'", "starts with '/'"]),
    ],
)
def test_what_names_nothing_is_refused(
    make_app: MakeApp, purge: dict[str, str], words: list[str]
) -> None:
    app = make_app(before=add_views)
    with app.app_context(), pytest.raises(ValueError, match="=") as caught:
        StaticOptimizer().purge(**purge)
    for word in words:
        assert word in str(caught.value)


def test_without_an_app_or_the_extension() -> None:
    with pytest.raises(RuntimeError):
        StaticOptimizer().purge()
    with (
        Flask("plain").app_context(),
        pytest.raises(RuntimeError, match="StaticOptimizer is not installed in 'plain'"),
    ):
        StaticOptimizer().purge()


def test_all_processes_at_once_without_a_search(make_app: MakeApp, redis: RedisServer) -> None:
    def add(app: Flask) -> None:
        Cache(app)
        add_views(app)

    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
    here, there = (make_app(before=add, **config) for _ in range(2))
    for path in PATHS:
        here.test_client().get(path)
        assert status_of(there.test_client().get(path)) == "hit"
    redis.client.config_resetstat()
    with here.app_context():
        StaticOptimizer().purge(tag="shop")
    assert redis.commands() == {"set": 1}
    found = [status_of(there.test_client().get(path)) for path in PATHS]
    assert found == ["fwd=uri-miss; stored"] * 2 + ["hit"]


def test_a_run_during_a_purge_is_not_kept(serve: Serve) -> None:
    """A response that is being made while it is purged is not kept."""
    inside, purged = Event(), Event()

    def view() -> str:
        if len(stored.runs) == 1:
            inside.set()
            purged.wait(60)
        return f"run {len(stored.runs)}"

    stored = serve(view)
    thread = Thread(target=stored.get)
    thread.start()
    assert inside.wait(60)
    with stored.app.app_context():
        StaticOptimizer().purge(endpoint="thing")
    purged.set()
    thread.join()
    assert stored.get().text == "run 2"


def test_a_store_that_is_down_is_told(serve: Serve) -> None:
    from redis import ConnectionError as Down

    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": free_port()}
    stored = serve(config=config, add=Cache)
    with stored.app.app_context(), pytest.raises(Down):
        StaticOptimizer().purge()


class TestCommand:
    def run(self, app: Flask, *args: str) -> Any:
        return app.test_cli_runner().invoke(args=["static", "purge", *args])

    def test_purges(self, serve: Serve, redis: RedisServer) -> None:
        config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
        stored = serve(config=config, add=Cache, tags="a")
        for args in ([], ["--endpoint", "thing"], ["--tag", "a"], ["--path", "/thing"]):
            stored.get()
            assert status_of(stored.get()) == "hit"
            result = self.run(stored.app, *args)
            assert (result.exit_code, result.output) == (0, "Purged.\n")
            assert status_of(stored.get()) == "fwd=uri-miss; stored"

    def test_what_names_nothing(self, serve: Serve, redis: RedisServer) -> None:
        config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port}
        result = self.run(serve(config=config, add=Cache).app, "--endpoint", "thin")
        assert result.exit_code == 1
        assert result.output == (
            "Error: endpoint='thin': nothing is stored by it; did you mean 'thing'? Valid: thing.\n"
        )

    def test_a_tag_of_nothing_stored(self, serve: Serve, redis: RedisServer) -> None:
        """Tags of files, which only a CDN has, are not named as those of stored responses."""
        config = {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_PORT": redis.port,
            "STATIC_OPTIMIZER_TAG_HEADERS": ["Cache-Tag"],
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": "files"}},
        }
        app = serve(config=config, add=Cache, tags="items").app
        result = self.run(app, "--tag", "itms")
        assert result.output.endswith("did you mean 'items'? Valid: items.\n")
        assert self.run(app, "--tag", "files").output == "Purged.\n"

    @pytest.mark.parametrize("config", [{}, {"CACHE_TYPE": "SimpleCache"}])
    def test_memory_of_other_processes(self, serve: Serve, config: dict[str, str]) -> None:
        result = self.run(serve(config=config, add=Cache if config else None).app)
        assert result.exit_code == 1
        assert "in the memory of each process" in result.output

    def test_a_store_that_is_down(self, serve: Serve) -> None:
        config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": free_port()}
        result = self.run(serve(config=config, add=Cache).app)
        assert result.exit_code == 1
        assert result.output.startswith("Error: the app's cache (CACHE_TYPE and so on of")
        assert "ConnectionError: " in result.output


class TestUnsafeMethods:
    def views(self, app: Flask) -> None:
        items = ["a"]

        @cacheable_static(max_age=60)
        def listing(**_: Any) -> str:
            return ",".join(items)

        def change(**_: Any) -> Any:
            if request.args.get("fail"):
                return "no", 400
            items.append("b")
            if "to" in request.args:
                return redirect(request.args["to"], int(request.args.get("code", 303)))
            return "done"

        class Doc(MethodView):
            decorators = (cacheable_static(max_age=60),)

            def get(self, name: str) -> str:
                return ",".join(items)

            def put(self, name: str) -> Any:
                return change()

        async def delete(number: int) -> str:
            items.clear()
            return "gone"

        app.add_url_rule("/items", "items", listing)
        app.add_url_rule("/items", "add", change, methods=["POST"])
        app.add_url_rule("/items/<int:id>", "item", listing)
        app.add_url_rule("/items/<number>", "delete", delete, methods=["DELETE"])
        app.add_url_rule("/docs/<name>", view_func=Doc.as_view("doc"))
        app.add_url_rule("/elsewhere", "elsewhere", change, methods=["POST"])

    @pytest.fixture
    def client(self, make_app: MakeApp) -> Any:
        return make_app(before=self.views).test_client()

    @pytest.mark.parametrize(
        ("method", "url"),
        [("POST", "/items"), ("DELETE", "/items/7"), ("PUT", "/docs/x"), ("POST", "/items?a=b")],
    )
    def test_that_succeed_invalidate_their_url(self, client: Any, method: str, url: str) -> None:
        path = url.partition("?")[0]
        for query in ("", "?page=2"):
            client.get(path + query)
        assert status_of(client.get(path)) == "hit"
        assert client.open(url, method=method).status_code < 400
        for query in ("", "?page=2"):
            response = client.get(path + query)
            assert status_of(response) == "fwd=uri-miss; stored"
            assert response.text == ("" if method == "DELETE" else "a,b")

    def test_that_fail_do_not(self, client: Any) -> None:
        client.get("/items")
        assert client.post("/items?fail=1").status_code == 400
        assert status_of(client.get("/items")) == "hit"

    def test_elsewhere_they_do_not(self, client: Any) -> None:
        client.get("/items")
        client.post("/elsewhere")
        assert status_of(client.get("/items")) == "hit"

    @pytest.mark.parametrize(
        ("to", "status"),
        [
            ("/items/7", "fwd=uri-miss; stored"),
            ("http://localhost/items/7", "fwd=uri-miss; stored"),
            ("http://other.example/items/7", "hit"),
        ],
    )
    def test_where_they_lead_to(self, client: Any, to: str, status: str) -> None:
        client.get("/items/7")
        client.post(f"/items?to={to}")
        assert status_of(client.get("/items/7")) == status

    @pytest.mark.parametrize("code", [301, 302, 307, 308])
    def test_a_redirect_elsewhere(self, client: Any, code: int) -> None:
        """A redirect that may be to a log-in page purges the URL that was asked for alone."""
        client.get("/items")
        client.get("/items/7")
        client.post(f"/items?to=/items/7&code={code}")
        assert status_of(client.get("/items/7")) == "hit"
        assert status_of(client.get("/items")) == "fwd=uri-miss; stored"

    def test_a_commit_when_the_response_closes(self, make_app: MakeApp) -> None:
        """Data that is committed when the response closes is not missed."""
        committed = ["old"]

        def add(app: Flask) -> None:
            @app.route("/doc", methods=["GET", "PUT"])
            @cacheable_static(max_age=60)
            def doc() -> Any:
                if request.method == "GET":
                    return committed[-1]
                response = Response("saved")
                response.call_on_close(lambda: (client.get("/doc"), committed.append("new")))
                return response

        client = make_app(before=add).test_client()
        client.get("/doc")
        client.put("/doc")
        assert client.get("/doc").text == "new"

    def test_other_views_stay_as_they_are(self, make_app: MakeApp) -> None:
        app = make_app(before=self.views)
        before = dict(app.view_functions)
        app.test_client().get("/")
        unchanged = {name for name, view in before.items() if app.view_functions[name] is view}
        assert unchanged == {"elsewhere", "page", "look", "logout"}


def test_the_shell_reaches_what_a_script_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """``python shop.py`` calls its module ``__main__``, and ``flask`` calls it ``shop``."""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/srv/shop.py", raising=False)
    keys = []
    for name in ("__main__", "shop", "other"):
        app = Flask(name, root_path="/srv")
        StaticOptimizer(app)
        keys.append(app.extensions["static_optimizer"].open_store().keys.of_purgeable("all"))
    assert keys[0] == keys[1] != keys[2]
