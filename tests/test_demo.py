"""``flask-static-optimizer demo``: real figures, a browser's cache, plain errors."""

from __future__ import annotations

import json
import subprocess
import sys
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from flask import Flask, Response, request

from conftest import RedisServer, free_port
from flask_static_optimizer import __version__
from flask_static_optimizer.cli import main
from flask_static_optimizer.demo.app import create_app
from flask_static_optimizer.demo.browser_cache import BrowserCache
from flask_static_optimizer.demo.measure import Comparison, Visits
from flask_static_optimizer.demo.report import verdict
from flask_static_optimizer.demo.server import served
from flask_static_optimizer.demo.stores import file_store
from flask_static_optimizer.demo.tally import Counts, Tally
from flask_static_optimizer.demo.visit import Browser, Visit, assets

NOW = 1_700_000_000.0
LATER = formatdate(NOW + 60, usegmt=True)
#: What is on the demo's page.
ASSETS = 13


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


def figures(*arguments: str) -> Any:
    result = run("--rounds", "1", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured() -> Any:
    return figures()


class TestFigures:
    def test_assets_do_not_touch_the_session_with_the_extension(self, measured: Any) -> None:
        for visit in ("first_visit", "second_visit"):
            cost = measured["with"][visit]["assets"]
            assert cost["session_reads"] == cost["session_writes"] == 0
            assert cost["cookies_set"] == cost["vary_cookie"] == 0

    def test_they_do_without_it(self, measured: Any) -> None:
        for visit in ("first_visit", "second_visit"):
            cost = measured["without"][visit]["assets"]
            assert cost["requests"] == ASSETS
            assert cost["session_reads"] == cost["session_writes"] == ASSETS
            assert cost["cookies_set"] == cost["vary_cookie"] == ASSETS

    def test_the_page_is_the_same_either_way(self, measured: Any) -> None:
        for visit in ("first_visit", "second_visit"):
            without, optimized = (
                dict(measured[side][visit]["page"]) for side in ("without", "with")
            )
            for cost in (without, optimized):
                cost.pop("milliseconds")
                cost.pop("body_bytes")  # the fingerprints in its URLs
            assert without == optimized
            assert optimized["session_reads"] == optimized["session_writes"] == 1

    def test_the_second_visit_is_answered_from_the_browsers_cache(self, measured: Any) -> None:
        assert measured["with"]["first_visit"]["assets"]["requests"] == ASSETS
        assert measured["with"]["second_visit"]["assets"]["requests"] == 0
        assert measured["without"]["second_visit"]["assets"]["not_modified"] == ASSETS

    def test_the_total_is_the_sum_of_its_parts(self, measured: Any) -> None:
        for side in ("without", "with"):
            parts = [
                part
                for visit in ("first_visit", "second_visit")
                for part in measured[side][visit].values()
            ]
            for name, total in measured[side]["total"].items():
                if name != "milliseconds":
                    assert total == sum(part[name] for part in parts)
            assert measured[side]["total"]["milliseconds"] > 0

    def test_a_redis_counts_itself_and_keeps_what_is_its_users(self, redis: RedisServer) -> None:
        redis.client.set("mine", "kept")
        measured = figures("--redis", f"{redis.url}/0")
        assert str(redis.port) in measured["store"]
        assert measured["without"]["total"]["session_reads"] == 2 * (ASSETS + 1)
        assert measured["without"]["total"]["session_writes"] == 2 * (ASSETS + 1)
        assert measured["with"]["total"]["session_reads"] == 2
        assert measured["with"]["total"]["session_writes"] == 2
        assert redis.client.keys("*") == [b"mine"]
        # A visitor who is not measured comes first.
        assert redis.commands()["get"] >= 2 * (2 * (ASSETS + 1) + 2)


class TestReport:
    def test_the_table_and_the_verdict(self) -> None:
        result = run("--rounds", "1")
        assert result.exit_code == 0, result.output
        lines = [line.split() for line in result.output.splitlines()]
        assert ["Requests", "14", "14", "14", "1", "28", "15"] in lines
        assert ["Session", "reads", "14", "1", "14", "1", "28", "2"] in lines
        assert ["Session", "writes", "14", "1", "14", "1", "28", "2"] in lines
        assert ["of", "them", "304", "0", "0", "13", "0", "13", "0"] in lines
        assert result.output.splitlines()[-1] == (
            "26 asset requests no longer touch the session store;"
            " the second visit asks for 1 file instead of 14."
        )

    @pytest.mark.parametrize(
        ("before", "after", "asks", "expected"),
        [
            (
                Tally(requests=3, session_reads=3),
                Tally(requests=2),
                2,
                "6 asset requests no longer touch the session store;"
                " the second visit asks for 3 files instead of 4.",
            ),
            (
                Tally(requests=3, session_reads=3, session_writes=3),
                Tally(requests=3, session_reads=3),
                3,
                "Asset requests still ask the session store 6 times (12 times without);"
                " the second visit asks for 4 files, as ever.",
            ),
            (
                Tally(requests=3),
                Tally(requests=0),
                0,
                "Asset requests do not touch the session store, with or without;"
                " the second visit asks for 1 file instead of 4.",
            ),
        ],
    )
    def test_the_verdict_follows_the_figures(
        self, before: Tally, after: Tally, asks: int, expected: str
    ) -> None:
        page = Tally(requests=1, session_reads=1, session_writes=1)
        without, optimized = (Visits(*[Visit(page, part)] * 2) for part in (before, after))
        assert verdict(Comparison("files", 1, without, optimized)) == expected

    def test_the_median_is_taken_of_each_figure(self) -> None:
        tallies = [Tally(1, 9, 5), Tally(2, 8, 5), Tally(3, 7, 900)]
        assert Tally.median(tallies) == Tally(2, 8, 5)


class TestApp:
    @pytest.mark.parametrize("optimize", [False, True])
    def test_logging_in_and_out(self, optimize: bool) -> None:
        with file_store() as store:
            app = create_app(store.config, optimize=optimize)
            client = app.test_client()
            assert client.get("/").location == "/login?next=%2F"
            assert "Log in as Ada" in client.get("/login").text
            assert client.post("/login").location == "/"
            assert "1 time\n" in client.get("/").text
            client.get("/static/css/demo.css").close()
            assert "2 times\n" in client.get("/").text
            assert client.post("/logout").location == "/login"
            assert client.get("/").status_code == 302

    def test_all_that_is_on_the_page_is_there(self) -> None:
        with (
            file_store() as store,
            served(create_app(store.config, optimize=True)) as url,
            Browser(url) as browser,
        ):
            browser.log_in()
            urls = assets(browser.fetch("/").body.decode(), httpx.URL(url))
            assert len(urls) == ASSETS
            assert any("/bootstrap/static/" in url for url in urls)
            assert all(browser.fetch(url).body for url in urls)

    def test_debug_mode_of_the_users_project_does_not_reach_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FLASK_DEBUG", "1")
        with file_store() as store:
            assert not create_app(store.config, optimize=True).debug

    def test_serving_until_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        port = free_port()
        pages = []

        def look(_: float) -> None:
            with Browser(f"http://127.0.0.1:{port}") as browser:
                browser.log_in()
                pages.extend(browser.fetch("/").body.decode() for _ in range(2))
            raise KeyboardInterrupt

        monkeypatch.setattr("flask_static_optimizer.demo.server.time", SimpleNamespace(sleep=look))
        result = run("--serve", "--port", str(port))
        assert result.exit_code == 0, result.output
        assert f"http://127.0.0.1:{port}/" in result.output
        assert "session store so far: 1 read,\n" in pages[0]
        assert "session store so far: 2 reads,\n" in pages[1]


class TestErrors:
    @pytest.mark.parametrize(
        "module",
        ["cachelib", "flask_bootstrap", "flask_login", "flask_session", "httpx", "redis", "rich"],
    )
    def test_a_missing_extra_is_named(self, module: str) -> None:
        code = (
            f"import sys; sys.modules[{module!r}] = None;"
            "from flask_static_optimizer.cli import main; main(['demo'])"
        )
        result = python("-c", code)
        assert result.returncode == 1
        assert result.stderr.startswith(f"Error: the demo needs {module}: pip install ")
        assert result.stderr.count("\n") == 1

    def test_a_redis_that_is_not_there(self) -> None:
        port = free_port()
        result = run("--redis", f"redis://:secret@127.0.0.1:{port}")
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: Redis at 127.0.0.1:{port}: ")
        assert len(result.output.splitlines()) == 1
        assert "secret" not in result.output

    @pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:none"])
    def test_a_url_that_is_none(self, url: str) -> None:
        result = run("--redis", url)
        assert result.exit_code == 1
        assert result.output.startswith("Error: --redis: ")
        assert len(result.output.splitlines()) == 1

    @pytest.mark.parametrize("arguments", [("--port", "8000"), ("--json", "--serve")])
    def test_options_that_contradict_each_other(self, arguments: tuple[str, ...]) -> None:
        assert run(*arguments).exit_code == 2

    def test_an_app_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "flask_static_optimizer.demo.measure.create_app", lambda *_, **__: Flask("empty")
        )
        result = run()
        assert result.exit_code == 1
        assert result.output.startswith("Error: the demo app failed: ")

    def test_running_the_package(self) -> None:
        result = python("-m", "flask_static_optimizer", "--help")
        assert result.returncode == 0
        assert result.stdout.startswith("Usage: python -m flask_static_optimizer ")
        assert "demo" in result.stdout

    def test_the_version(self) -> None:
        assert __version__ in CliRunner().invoke(main, ["--version"]).output


class TestAssets:
    def test_what_a_browser_fetches(self) -> None:
        html = """
            <link rel="shortcut icon" href="/favicon.svg"><link rel=stylesheet href="a.css?v=1">
            <link rel="canonical" href="/elsewhere"><link rel="modulepreload" href="/m.js">
            <script src="/a.js"></script><script>inline</script><img src="/i.svg#part">
            <img src="/i.svg"><img src="data:image/gif;base64,AA"><a href="/page">page</a>
            <script src="https://cdn.example/x.js"></script>
        """
        site = "http://127.0.0.1:5000"
        assert assets(html, httpx.URL(f"{site}/docs/page")) == [
            f"{site}/favicon.svg",
            f"{site}/docs/a.css?v=1",
            f"{site}/m.js",
            f"{site}/a.js",
            f"{site}/i.svg",
        ]


class TestBrowserCache:
    def setup_method(self) -> None:
        self.now = NOW
        self.cache = BrowserCache(lambda: self.now)
        self.request = httpx.Request("GET", "http://site/a.css")

    def store(self, *, status: int = 200, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cache.store(self.request, httpx.Response(status, headers=names, content=b"body"))

    def fresh_after(self, seconds: float) -> bool:
        stored = self.cache.find(self.request)
        assert stored is not None
        self.now = NOW + seconds
        return self.cache.is_fresh(stored)

    @pytest.mark.parametrize(
        ("headers", "seconds", "fresh"),
        [
            ({"cache_control": "max-age=60"}, 59, True),
            ({"cache_control": "max-age=60"}, 60, False),
            ({"cache_control": "max-age=60, immutable"}, 59, True),
            ({"cache_control": "max-age=60, immutable"}, 61, False),
            ({"cache_control": "max-age=0"}, 0, False),
            ({"cache_control": "no-cache"}, 0, False),
            ({"cache_control": "no-cache, max-age=60"}, 1, False),
            ({"cache_control": "private, max-age=60"}, 1, True),
            ({"cache_control": "s-maxage=60"}, 1, False),
            ({"cache_control": "max-age=nonsense"}, 1, False),
            ({"cache_control": "max-age=60", "age": "50"}, 9, True),
            ({"cache_control": "max-age=60", "age": "50"}, 11, False),
            ({"cache_control": "max-age=60", "date": formatdate(NOW - 50, usegmt=True)}, 11, False),
            ({"expires": LATER}, 59, True),
            ({"expires": LATER}, 61, False),
            (
                {"expires": formatdate(NOW + 60, usegmt=True), "cache_control": "max-age=1"},
                2,
                False,
            ),
            ({"last_modified": formatdate(0, usegmt=True)}, 0, False),
            ({}, 0, False),
        ],
    )
    def test_freshness(self, headers: dict[str, str], seconds: float, fresh: bool) -> None:
        self.store(**headers)
        assert self.fresh_after(seconds) is fresh

    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            (200, {"cache_control": "no-store"}),
            (200, {"cache_control": "max-age=60", "vary": "*"}),
            (404, {"cache_control": "max-age=60"}),
            (206, {"cache_control": "max-age=60"}),
        ],
    )
    def test_what_is_not_kept_takes_the_place_of_what_was(
        self, status: int, headers: dict[str, str]
    ) -> None:
        self.store(cache_control="max-age=60")
        self.store(status=status, **headers)
        assert self.cache.find(self.request) is None

    def test_vary(self) -> None:
        self.request.headers["Cookie"] = "session=1"
        self.store(cache_control="max-age=60", vary="Accept-Encoding, Cookie")
        assert self.cache.find(self.request) is not None
        other = httpx.Request("GET", self.request.url, headers={"Cookie": "session=2"})
        assert self.cache.find(other) is None

    def test_a_304_makes_it_fresh_again(self) -> None:
        self.store(cache_control="max-age=60", etag='"1"', content_type="text/css")
        assert not self.fresh_after(100)
        stored = self.cache.find(self.request)
        assert stored is not None
        assert stored.validators == {"If-None-Match": '"1"'}
        confirmed = httpx.Response(304, headers={"cache-control": "max-age=90", "etag": '"1"'})
        self.cache.freshen(self.request, stored, confirmed)
        stored = self.cache.find(self.request)
        assert stored is not None
        assert stored.body == b"body"
        assert stored.headers["Content-Type"] == "text/css"
        self.now += 89
        assert self.cache.is_fresh(stored)
        self.now += 2
        assert not self.cache.is_fresh(stored)


class TestBrowser:
    @pytest.mark.parametrize(
        ("cache_control", "requests", "not_modified"),
        [
            ("max-age=60", 1, 0),
            ("max-age=60, immutable", 1, 0),
            ("no-cache", 3, 2),
            ("no-store", 3, 0),
        ],
    )
    def test_it_asks_only_what_it_has_to(
        self, cache_control: str, requests: int, not_modified: int
    ) -> None:
        app = Flask("site")
        conditional = []

        @app.get("/")
        def page() -> str:
            return '<script src="/a.js"></script>'

        @app.get("/a.js")
        def script() -> Response:
            conditional.append("If-None-Match" in request.headers)
            response = Response("alert(1)", mimetype="text/javascript")
            response.headers["Cache-Control"] = cache_control
            response.set_etag("1")
            return response.make_conditional(request)

        with served(app) as url, Browser(url) as browser:
            visits = [browser.visit("/", lambda: Counts(0, 0)) for _ in range(3)]
        cost = visits[0].assets + visits[1].assets + visits[2].assets
        assert (cost.requests, cost.not_modified) == (requests, not_modified)
        assert len(conditional) == requests
        assert sum(conditional) == not_modified
        assert cost.body_bytes == len("alert(1)") * (requests - not_modified)
        assert sum(visit.page.requests for visit in visits) == 3

    def test_a_missing_asset_is_an_error(self) -> None:
        app = Flask("site")
        app.add_url_rule("/", view_func=lambda: '<img src="/gone.svg">', endpoint="page")
        with served(app) as url, Browser(url) as browser, pytest.raises(httpx.HTTPStatusError):
            browser.visit("/", lambda: Counts(0, 0))
