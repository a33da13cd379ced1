"""103 Early Hints: which preloads are sent before a page, and to whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.config.errors import ConfigurationError

MakeApp = Callable[..., Flask]
Sent = list[list[tuple[str, str]]]

BROWSER = {"Sec-Fetch-Mode": "navigate"}

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def make(make_app: MakeApp) -> MakeApp:
    """Make an app with hints and some pages."""

    def make(*, after: Callable[[Flask], None] | None = None, **config: Any) -> Flask:
        def add(app: Flask) -> None:
            @app.get("/sheet/<name>")
            def sheet(name: str) -> str:
                return url_for("static", filename=f"{name}.css")

            @app.get("/status/<int:status>")
            def status(status: int) -> tuple[str, int]:
                return url_for("static", filename="app.css"), status

            @app.get("/data")
            def data() -> dict[str, str]:
                return {"url": url_for("static", filename="app.css")}

            if after is not None:
                after(app)

        defaults = {"STATIC_OPTIMIZER_PRELOAD": ["style"], "STATIC_OPTIMIZER_EARLY_HINTS": True}
        return make_app(after=add, **{**defaults, **config})

    return make


def hints(app: Flask, path: str, headers: dict[str, str] | None = None, **more: Any) -> list[str]:
    """Ask for a page, and return the ``Link`` values that were sent before it."""
    sent: Sent = []
    environ = {"wsgi.early_hints": sent.append, **more.pop("environ", {})}
    app.test_client().open(
        path, headers=BROWSER if headers is None else headers, environ_overrides=environ, **more
    ).close()
    assert len(sent) <= 1
    return [value for fields in sent for name, value in fields if name == "Link"]


@pytest.mark.parametrize("mode", ["query", "path"])
def test_the_preloads_of_the_last_rendering_are_sent(make: MakeApp, mode: str) -> None:
    """The first page of a process teaches, and the next ones have its links."""
    app = make(STATIC_OPTIMIZER_FINGERPRINT=mode)
    assert hints(app, "/sheet/app") == []
    with app.test_request_context():
        url = url_for("static", filename="app.css")
    assert hints(app, "/sheet/app") == [f"<{url}>; rel=preload; as=style"]


def test_off_by_default(make_app: MakeApp, make: MakeApp) -> None:
    """Nothing is sent, and no hook is installed."""
    app = make(STATIC_OPTIMIZER_EARLY_HINTS=False)
    assert hints(app, "/sheet/app") == hints(app, "/sheet/app") == []
    assert len(app.before_request_funcs[None]) == 1


def test_a_changed_file_is_not_hinted(make: MakeApp, static_folder: Path) -> None:
    """Its old URL would be fetched for nothing, until a page has the new one."""
    app = make()
    hints(app, "/sheet/app")
    (static_folder / "app.css").write_text("p { color: blue }")
    assert hints(app, "/sheet/app") == []
    (link,) = hints(app, "/sheet/app")
    with app.test_request_context():
        assert f"<{url_for('static', filename='app.css')}>" in link
    (static_folder / "app.css").unlink()
    assert hints(app, "/sheet/app") == []


@pytest.mark.parametrize("name", ["main-BRBmoGS9", f"main.{sha256(b'p {}').hexdigest()[:16]}"])
def test_a_bundlers_file_is_hinted_while_its_manifest_lists_it(
    make: MakeApp, static_folder: Path, name: str
) -> None:
    manifest = static_folder / "manifest.json"
    (static_folder / f"{name}.css").write_text("p {}")
    manifest.write_text(json.dumps({"main.css": f"{name}.css"}))
    app = make(STATIC_OPTIMIZER_MANIFESTS=["manifest.json"])
    hints(app, f"/sheet/{name}")
    (link,) = hints(app, f"/sheet/{name}")
    assert f"</static/{name}.css>" in link
    manifest.write_text('{"main.css": "main-other123.css", "more": "x"}')
    assert hints(app, f"/sheet/{name}") == []


@pytest.mark.parametrize("rule", [{"session": "protected"}, False])
def test_a_file_that_is_not_for_everybody_is_not_hinted(make: MakeApp, rule: Any) -> None:
    app = make(STATIC_OPTIMIZER_RULES={"static:app.css": rule})
    hints(app, "/sheet/app")
    assert hints(app, "/sheet/app") == []


@pytest.mark.parametrize("path", ["/status/404", "/status/500", "/data"])
def test_only_pages_teach(make: MakeApp, path: str) -> None:
    app = make()
    hints(app, path)
    assert hints(app, path) == []


def test_a_page_without_assets_takes_the_hints_back(make: MakeApp) -> None:
    app = make()
    hints(app, "/sheet/app")
    assert hints(app, "/sheet/missing") != []  # the last rendering had them
    assert hints(app, "/sheet/app") == []


@pytest.mark.parametrize(
    "asked",
    [
        {"headers": {}},
        {"headers": {"Sec-Fetch-Mode": "cors"}},
        {"method": "HEAD"},
        {"environ": {"SERVER_PROTOCOL": "HTTP/1.0"}},
        {"environ": {"wsgi.early_hints": None}},
    ],
    ids=["no browser", "a script", "HEAD", "HTTP/1.0", "a server without"],
)
def test_only_a_browser_that_opens_a_page_gets_them(make: MakeApp, asked: dict[str, Any]) -> None:
    app = make()
    hints(app, "/sheet/app")
    assert hints(app, "/sheet/app", **asked) == []
    assert hints(app, "/sheet/app") != []


@pytest.mark.parametrize("scope", ["app", "blueprint", "parent"])
@pytest.mark.parametrize("late", [True, False], ids=["after", "before"])
def test_what_a_guard_refuses_gets_none(
    make_app: MakeApp, static_folder: Path, scope: str, late: bool
) -> None:
    """A guard answers before the hints are sent, wherever it is and whenever it was added."""
    app = Flask("guarded", root_path=static_folder.parent)
    app.config.update(STATIC_OPTIMIZER_PRELOAD=["style"], STATIC_OPTIMIZER_EARLY_HINTS=True)
    parent, child = Blueprint("parent", "guarded"), Blueprint("child", "guarded")

    def guard() -> Redirect | None:
        return None if "member" in request.args else redirect("/login")

    @child.get("/page")
    def page() -> str:
        return url_for("static", filename="app.css")

    @child.before_request
    def quiet() -> None:
        """Do nothing, so that the blueprint has functions in any case."""

    if not late:
        StaticOptimizer(app)
    {"app": app, "blueprint": child, "parent": parent}[scope].before_request(guard)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    if late:
        StaticOptimizer(app)
    assert hints(app, "/page?member") == []
    assert len(hints(app, "/page?member")) == 1
    assert hints(app, "/page") == []


def test_one_mount_point_does_not_teach_another(make: MakeApp) -> None:
    """The URLs begin with ``SCRIPT_NAME``."""
    app = make()
    hints(app, "/sheet/app", environ={"SCRIPT_NAME": "/one"})
    assert hints(app, "/sheet/app", environ={"SCRIPT_NAME": "/two"}) == []
    (link,) = hints(app, "/sheet/app", environ={"SCRIPT_NAME": "/one"})
    assert link.startswith("</one/static/app.css?v=")


def test_a_server_that_fails_breaks_no_page(
    make: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says it once."""
    app = make()
    hints(app, "/sheet/app")

    def fail(_: object) -> None:
        raise BrokenPipeError("gone")

    for _ in range(2):
        overrides = {"wsgi.early_hints": fail}
        answer = app.test_client().get("/sheet/app", headers=BROWSER, environ_overrides=overrides)
        assert answer.status_code == 200
    assert caplog.text.count("103 Early Hints") == 1


def test_the_session_is_not_looked_at(make: MakeApp) -> None:
    """Hints add nothing to ``Vary``, and set no cookie."""
    app = make()
    hints(app, "/sheet/app")
    sent: Sent = []
    answer: Response = app.test_client().get(
        "/sheet/app", headers=BROWSER, environ_overrides={"wsgi.early_hints": sent.append}
    )
    assert sent
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_a_page_that_is_aborted_teaches_nothing(make: MakeApp) -> None:
    def add(app: Flask) -> None:
        @app.get("/refused")
        def refused() -> str:
            url_for("static", filename="app.css")
            abort(403)

    app = make(after=add)
    hints(app, "/refused")
    assert hints(app, "/refused") == []


def test_it_does_nothing_without_preloads(make: MakeApp) -> None:
    with pytest.raises(
        ConfigurationError, match=r"EARLY_HINTS=True does nothing without .*PRELOAD"
    ):
        make(STATIC_OPTIMIZER_PRELOAD=[])
