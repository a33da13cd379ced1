"""The app that is measured and served."""

from __future__ import annotations

import httpx
import pytest

from demo.running import ASSETS
from flask_static_optimizer.demo.app import create_app
from flask_static_optimizer.demo.server import served
from flask_static_optimizer.demo.stores import file_store
from flask_static_optimizer.demo.visit import Browser, assets


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

    def test_the_users_debug_mode_stays_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The debug mode of the user's project does not reach the demo."""
        monkeypatch.setenv("FLASK_DEBUG", "1")
        with file_store() as store:
            assert not create_app(store.config, optimize=True).debug
