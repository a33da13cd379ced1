"""The app that is measured and served."""

from __future__ import annotations

import pytest

from demo.running import ASSETS
from flask_static_optimizer.cli.compare.browser import Browser, site_of
from flask_static_optimizer.cli.compare.tally import Counts
from flask_static_optimizer.cli.compare.visit import visit
from flask_static_optimizer.demo.app import create_app
from flask_static_optimizer.demo.stores import file_store


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

    @pytest.mark.parametrize("optimize", [False, True])
    def test_all_that_is_on_the_page_is_there(self, optimize: bool) -> None:
        with file_store() as store:
            app = create_app(store.config, optimize=optimize)
            browser = Browser(app, site_of(app))
            assert browser.post("/login").status == 302
            _, sight = visit(browser, ["/"], lambda: Counts(0, 0))
            assert len(sight.assets) == ASSETS
            assert any(url.startswith("/bootstrap/static/") for url in sight.assets)
            # It is imported by another module.
            assert "/static/js/version.js" in sight.assets
            assert {seen.status for seen in sight.assets.values()} == {200}

    def test_the_users_debug_mode_stays_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The debug mode of the user's project does not reach the demo."""
        monkeypatch.setenv("FLASK_DEBUG", "1")
        with file_store() as store:
            assert not create_app(store.config, optimize=True).debug
