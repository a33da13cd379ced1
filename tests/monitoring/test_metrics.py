"""The counters of ``prometheus_client``: their labels, their bounds, and what is without it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from cachelib import SimpleCache
from flask import Flask, Response, request
from flask_caching import Cache
from freezegun import freeze_time
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from flask_static_optimizer import ConfigurationError, StaticOptimizer, cacheable_static
from flask_static_optimizer.monitoring import metrics

pytestmark = pytest.mark.usefixtures("settled")

PATH = "/-/metrics"
MakeApp = Callable[..., Flask]
Counts = dict[tuple[str, ...], float]


def counts() -> Counts:
    """Return all counters of this process by name and the values of their labels."""
    return {
        (sample.name.removeprefix("static_optimizer_"), *sample.labels.values()): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("static_optimizer_") and sample.name.endswith("_total")
    }


@pytest.fixture
def counted() -> Callable[[], Counts]:
    """Return what has been counted since the last question; other apps of the process counted."""
    before = counts()

    def since() -> Counts:
        nonlocal before
        now = counts()
        found = {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key)}
        before = now
        return found

    return since


@pytest.fixture
def metered(make_app: MakeApp) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        return make_app(STATIC_OPTIMIZER_METRICS=PATH, **config)

    return make


def ask(app: Flask, path: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    # The app's own test client would leave each request to Flask.
    found: Any = Client(app.wsgi_app).get(path, headers=named)
    found.get_data()
    return found  # type: ignore[no-any-return]


def hooked(app: Flask) -> None:
    """Give an app a hook, which the lane has to run."""
    app.before_request(lambda: None)


class TestRequests:
    """``static_optimizer_requests_total``."""

    @pytest.mark.parametrize("by", ["lane", "hooks", "flask"])
    def test_who_answered(self, metered: Any, counted: Any, by: str) -> None:
        app = metered(before=hooked if by == "hooks" else None, DEBUG=by == "flask")
        ask(app, "/static/app.css")
        counted()
        ask(app, "/static/app.css")
        assert counted() == {("requests_total", "static", "2xx", "identity", by): 1}

    def test_status_coding_and_what_was_spared(self, metered: Any, counted: Any) -> None:
        app = metered()
        etag = ask(app, "/static/app.css", Accept_Encoding="gzip").headers["ETag"]
        found = counted()
        (coded,) = (key for key in found if key[0] == "requests_total")
        assert coded[1:4] == ("static", "2xx", "gzip")
        assert found["bytes_saved_total",] > 0
        ask(app, "/static/app.css", Accept_Encoding="gzip", If_None_Match=etag)
        found = counted()
        (unmodified,) = (key for key in found if key[0] == "requests_total")
        assert unmodified[1:4] == ("static", "3xx", "gzip")
        assert found["not_modified_total",] == 1

    def test_an_error_is_of_its_class(self, metered: Any, counted: Any) -> None:
        app = metered()
        ask(app, "/static/app.css", If_Match='"other"')
        (key,) = counted()
        assert key == ("requests_total", "static", "4xx", "identity", "flask")

    @pytest.mark.parametrize("before", [None, hooked])
    def test_a_file_at_the_root_counts_to_its_folder(
        self, metered: Any, counted: Any, before: Any
    ) -> None:
        app = metered(before=before, STATIC_OPTIMIZER_ROOT_FILES=["app.css"])
        for _ in range(2):
            ask(app, "/app.css")
        assert {key[1] for key in counted()} == {"static"}

    def test_a_page_counts_nothing(self, metered: Any, counted: Any) -> None:
        app = metered()
        for path in ("/", "/static/missing.css", PATH):
            ask(app, path)
        assert counted() == {}

    def test_labels_are_bounded(
        self, make_app: MakeApp, counted: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Thousands of endpoints, and what a hook writes into a field, make few labels."""
        monkeypatch.setattr(metrics, "ENDPOINTS", 3)

        def views(app: Flask) -> None:
            for number in range(9):

                @cacheable_static
                def view() -> Response:
                    return Response("x", headers={"Content-Encoding": f"x-{request.path[1:]}"})

                app.add_url_rule(f"/{number}", f"view{number}", view)

        app = make_app(before=views, STATIC_OPTIMIZER_METRICS=PATH)
        for number in range(9):
            ask(app, f"/{number}")
        found = counted()
        requests = {key: value for key, value in found.items() if key[0] == "requests_total"}
        assert {key[1] for key in requests} == {"view0", "view1", "view2", "(others)"}
        assert {key[3] for key in requests} == {"other"}
        assert sum(requests.values()) == 9


class Chart:
    """A stored route whose view can be told to wait and to fail."""

    def __init__(self, **policy: Any) -> None:
        self.policy = policy
        self.run: Callable[[], None] = lambda: None
        self.etag: str | None = None

    def __call__(self, app: Flask) -> None:
        @app.route("/chart", methods=["GET", "POST"])
        @cacheable_static(**self.policy)
        def chart() -> str:
            self.run()
            return "chart"


def results(found: Counts) -> dict[str, float]:
    assert all(key[1] == "chart" for key in found if key[0] == "store_requests_total")
    return {key[2]: value for key, value in found.items() if key[0] == "store_requests_total"}


class TestStore:
    """``static_optimizer_store_requests_total``, by result."""

    def test_a_miss_and_a_hit(self, make_app: MakeApp, counted: Any) -> None:
        app = make_app(before=Chart(max_age=60), STATIC_OPTIMIZER_METRICS=PATH)
        ask(app, "/chart")
        assert results(counted()) == {"miss": 1}
        ask(app, "/chart")
        found = counted()
        assert results(found) == {"hit": 1}
        assert found["store_hits_total",] == 1
        (answered,) = (key for key in found if key[0] == "requests_total")
        assert answered[-1] in ("lane", "hooks")

    def test_a_bypass(self, make_app: MakeApp, counted: Any) -> None:
        """A request that the store has no answer for, whatever it has."""
        app = make_app(before=Chart(max_age=60), STATIC_OPTIMIZER_METRICS=PATH)
        for _ in range(2):
            ask(app, "/chart", Authorization="Bearer x")
        assert results(counted()) == {"bypass": 2}

    def test_an_error_of_the_view_is_a_miss(self, make_app: MakeApp, counted: Any) -> None:
        chart = Chart(max_age=60)
        app = make_app(before=chart, STATIC_OPTIMIZER_METRICS=PATH, TESTING=False)
        chart.run = lambda: 1 / 0  # type: ignore[assignment,return-value]
        assert ask(app, "/chart").status_code == 500
        found = counted()
        assert results(found) == {"miss": 1}
        assert {key[2] for key in found if key[0] == "requests_total"} == {"5xx"}

    def test_stale_in_place_of_an_error(self, make_app: MakeApp, counted: Any) -> None:
        chart = Chart(max_age=60, stale_if_error=600)
        app = make_app(before=chart, STATIC_OPTIMIZER_METRICS=PATH, TESTING=False)
        with freeze_time("2026-01-01 12:00:00") as clock:
            ask(app, "/chart")
            clock.tick(61)
            counted()
            chart.run = lambda: 1 / 0  # type: ignore[assignment,return-value]
            assert ask(app, "/chart").text == "chart"
        assert results(counted()) == {"stale": 1}

    def test_a_refresh_is_no_request(self, make_app: MakeApp, counted: Any) -> None:
        """Who asks gets the stale response; the run behind it answers nobody."""
        chart, ran = Chart(max_age=1, stale_while_revalidate=600), Barrier(2)
        app = make_app(before=chart, STATIC_OPTIMIZER_METRICS=PATH)
        ask(app, "/chart")
        counted()
        chart.run = lambda: (ran.wait(30), None)[1]
        time.sleep(1.1)
        ask(app, "/chart")
        ran.wait(30)
        end = time.monotonic() + 30
        while "hit" not in ask(app, "/chart").headers["Cache-Status"] and time.monotonic() < end:
            time.sleep(0.01)
        found = counted()
        asked = sum(value for key, value in found.items() if key[0] == "requests_total")
        assert results(found).keys() <= {"stale", "hit"}
        assert asked == sum(results(found).values())

    def test_who_waited_is_collapsed(self, make_app: MakeApp, counted: Any) -> None:
        chart, entered, leave = Chart(max_age=60), Barrier(2), Barrier(2)
        app = make_app(before=chart, STATIC_OPTIMIZER_METRICS=PATH)
        ask(app, "/static/app.css")
        counted()

        def run() -> None:
            entered.wait(30)
            leave.wait(30)

        chart.run = run
        first = Thread(target=ask, args=(app, "/chart"))
        first.start()
        entered.wait(30)
        said: list[str] = []
        second = Thread(target=lambda: said.append(ask(app, "/chart").headers["Cache-Status"]))
        second.start()
        time.sleep(0.2)  # it may also come later, and is a hit then
        leave.wait(30)
        first.join()
        second.join()
        result = "collapsed" if "collapsed" in said[0] else "hit"
        assert results(counted()) == {"miss": 1, result: 1}

    def test_a_validator_spares_the_view(self, make_app: MakeApp, counted: Any) -> None:
        chart = Chart(max_age=60, etag=lambda: "v1")
        app = make_app(before=chart, STATIC_OPTIMIZER_METRICS=PATH)
        with freeze_time("2026-01-01 12:00:00") as clock:
            ask(app, "/chart")
            clock.tick(61)
            counted()
            ask(app, "/chart")
        assert results(counted()) == {"revalidated": 1}

    def test_purges(self, make_app: MakeApp, counted: Any) -> None:
        """One of the app's own, and one by a request that changes something."""
        app = make_app(before=Chart(max_age=60), STATIC_OPTIMIZER_METRICS=PATH)
        ask(app, "/chart")
        counted()
        with app.app_context():
            StaticOptimizer().purge(endpoint="chart")
        assert counted() == {("purges_total",): 1}
        app.test_client().post("/chart")
        assert counted()["purges_total",] == 1

    def test_a_backend_that_fails(self, make_app: MakeApp, counted: Any) -> None:
        """Each failed call counts; the requests that it is spared are a bypass."""

        class Failing(SimpleCache):
            def get_many(self, *keys: str) -> Any:
                raise ConnectionError("gone")

            get_dict = get_many

        def with_cache(app: Flask) -> None:
            app.config.update(CACHE_TYPE="SimpleCache")
            Cache(app)
            (cache,) = app.extensions["cache"]
            app.extensions["cache"][cache] = Failing()
            Chart(max_age=60)(app)

        app = make_app(before=with_cache, STATIC_OPTIMIZER_METRICS=PATH)
        for _ in range(3):
            assert ask(app, "/chart").text == "chart"
        found = counted()
        assert found["backend_errors_total",] >= 1
        assert results(found) == {"bypass": 3}


class TestScrape:
    """The route."""

    def test_it_has_the_extensions_counters_and_no_others(self, metered: Any) -> None:
        app = metered()
        ask(app, "/static/app.css")
        families = list(text_string_to_metric_families(ask(app, PATH).text))
        assert {family.type for family in families} == {"counter"}
        assert all(family.name.startswith("static_optimizer_") for family in families)
        assert all(s.name.endswith("_total") for family in families for s in family.samples)

    def test_without_the_library_each_process_tells_its_own(
        self, metered: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "prometheus_client", None)
        app = metered()
        ask(app, "/static/app.css")
        response = ask(app, PATH)
        assert "static_optimizer_requests_total 1" in response.text.splitlines()
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"

    def test_a_folder_for_several_processes_without_the_library(
        self,
        metered: Any,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setitem(sys.modules, "prometheus_client", None)
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
        metered()
        (said,) = [record.getMessage() for record in caplog.records]
        assert "PROMETHEUS_MULTIPROC_DIR is set" in said
        assert "flask-static-optimizer[metrics]" in said

    def test_a_folder_that_is_not_there(
        self, metered: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
        with pytest.raises(ConfigurationError, match=r"MULTIPROC_DIR is '.*gone'.* make it"):
            metered()


def test_nothing_is_loaded_without_the_setting(make_app: MakeApp) -> None:
    """The library takes longer to import than the extension."""
    code = (
        "import sys; from flask import Flask; from flask_static_optimizer import StaticOptimizer;"
        "from flask_static_optimizer.monitoring.counters import Stats;"
        "app = Flask('app'); StaticOptimizer(app);"
        "assert type(app.extensions['static_optimizer'].stats) is Stats;"
        "assert not [name for name in sys.modules if name.startswith('prometheus')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
