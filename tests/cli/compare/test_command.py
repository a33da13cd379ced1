"""``flask static compare``, for apps with the extension and for apps without it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

FlaskCommand = Callable[..., Result]
Project = Callable[[str], str]

#: An app with a log-in, and a page with a stylesheet, a picture in it, and two modules.
APP = """
import os
from flask import Flask, abort, redirect, request, session

def create_app():
    print("an app says hello")
    app = Flask(__name__, root_path=os.getcwd())
    app.secret_key = "k"

    @app.get("/")
    def home():
        session.permanent = True
        session["views"] = session.get("views", 0) + 1
        url = app.url_for
        return (
            f'<link rel=stylesheet href="{url("static", filename="app.css")}">'
            f'<script type=module src="{url("static", filename="main.js")}"></script>'
        )

    @app.get("/account")
    def account():
        if request.cookies.get("who") != "ada":
            return redirect("/nowhere")
        return "<img src=/static/logo.svg>"

    return app
"""

OPTIMIZED = """
from PLAIN import create_app as create_plain_app
from flask_static_optimizer import StaticOptimizer
from flask import render_template_string

def create_app():
    app = create_plain_app()
    app.config["STATIC_OPTIMIZER_IMPORTMAP"] = True
    StaticOptimizer(app)
    app.add_url_rule("/map", view_func=lambda: render_template_string(
        "{{ static_importmap() }}<img src='/static/logo.svg'"
        " integrity='{{ static_integrity('logo.svg') }}'>"
    ))
    app.add_url_rule("/modules", "modules", lambda: render_template_string(
        "{{ static_importmap() }}"
        "<script type=module src='{{ url_for('static', filename='main.js') }}'></script>"
    ))
    return app
"""

#: An app whose hook breaks a stylesheet where the extension has marked its request.
BROKEN = """
from PLAIN import create_app as create_plain_app
from flask_static_optimizer import is_static_request

def create_app():
    app = create_plain_app()

    @app.after_request
    def edit(response):
        if is_static_request():
            response.direct_passthrough = False
            response.set_data(b"edited")
        return response

    return app
"""


@pytest.fixture
def plain(project: Project, tmp_path: Path) -> str:
    (tmp_path / "static" / "main.js").write_text('import { x } from "./lib.js";')
    (tmp_path / "static" / "lib.js").write_text("export const x = 1;")
    (tmp_path / "static" / "logo.svg").write_text("<svg/>")
    return project(APP)


@pytest.fixture
def optimized(project: Project, plain: str) -> str:
    return project(OPTIMIZED.replace("PLAIN", plain))


def compared(flask: FlaskCommand, name: str, *arguments: str, status: int = 0) -> Any:
    result = flask("--app", name, "static", "compare", "--rounds", "1", "--json", *arguments)
    assert result.exit_code == status, result.output
    text = result.stdout
    return json.loads(text[text.index("{") :])  # this process has loaded the app, too


@pytest.mark.parametrize("which", ["plain", "optimized"])
def test_both_kinds_of_apps(
    request: pytest.FixtureRequest, flask: FlaskCommand, which: str
) -> None:
    """An app that has the extension is measured without it, and one that has not, with it."""
    found = compared(flask, request.getfixturevalue(which))
    assets = found["headers"] and found["without"]["first_visit"]["assets"]["requests"]
    assert assets > 1
    for visit in ("first_visit", "second_visit"):
        without, optimized = (found[side][visit]["assets"] for side in ("without", "with"))
        assert without["session_reads"] == without["session_writes"] == assets
        assert without["cookies_set"] == assets
        assert optimized["session_reads"] == optimized["session_writes"] == 0
        assert optimized["cookies_set"] == 0
    assert found["without"]["second_visit"]["assets"]["not_modified"] == assets
    assert found["with"]["second_visit"]["assets"]["requests"] < assets
    assert found["headers"]["without"]["Cache-Control"] == "no-cache"
    assert found["headers"]["with"]["Cache-Control"] == "max-age=31536000, immutable"
    assert found["store"] == "SecureCookieSessionInterface"
    assert found["broken"] == found["touching"] == found["remarks"] == []
    assert found["pages"] == ["/"]


def test_templates_that_use_the_extension(flask: FlaskCommand, optimized: str) -> None:
    found = compared(flask, optimized, "--url", "/map")
    assert found["notes"] == []
    assert found["without"]["first_visit"]["assets"]["requests"] == 1


def test_an_app_by_configuration(
    flask: FlaskCommand, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATIC_OPTIMIZER_APP", plain)
    monkeypatch.setenv("STATIC_OPTIMIZER_MAX_AGE", "60")
    found = compared(flask, "flask_static_optimizer.wsgi")
    assert found["headers"]["with"]["Cache-Control"].startswith("max-age=60")
    assert found["headers"]["without"]["Cache-Control"] == "no-cache"


def test_settings_of_the_environment_are_tried(
    flask: FlaskCommand, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATIC_OPTIMIZER_MAX_AGE", "60")
    found = compared(flask, plain)
    assert found["headers"]["with"]["Cache-Control"].startswith("max-age=60")


def test_a_page_behind_a_log_in(flask: FlaskCommand, plain: str) -> None:
    found = compared(flask, plain, "--url", "/", "--url", "/account", "--cookie", "who=ada")
    assert found["without"]["first_visit"]["page"]["requests"] == 2
    assert found["notes"] == []
    found = compared(flask, plain, "--url", "/account", status=1)
    assert found["notes"] == ["/account: 404, without and with"]
    assert found["redirects"] == {"/account": "/nowhere"}
    result = flask("--app", plain, "static", "compare", "--rounds", "1", "--url", "/account")
    assert result.exit_code == 1
    assert (
        "Error: can't compare: /account leads to /nowhere, which is answered with 404 without the"
        " extension\n" in result.output
    )
    assert "Requests" not in result.output


def test_what_breaks_is_named(flask: FlaskCommand, project: Project, plain: str) -> None:
    name = project(BROKEN.replace("PLAIN", plain))
    assert (
        "/static/app.css: other bytes with the extension"
        in compared(flask, name, status=1)["broken"]
    )
    result = flask("--app", name, "static", "compare", "--rounds", "1", color=True)
    assert result.exit_code == 1
    assert "Broken with the extension:" in result.output


#: An app whose guard goes by the session, and pages that fail.
GUARDED = """
from PLAIN import create_app as create_plain_app
from flask import Blueprint, abort, redirect, request, session

def create_app():
    app = create_plain_app()
    app.register_blueprint(Blueprint("shop", __name__, static_folder="static", url_prefix="/shop",
        static_url_path="/files"))

    @app.before_request
    def guard():
        if "/private/" in request.path and "views" not in session:
            return ANSWER

    @app.get("/login")
    def login():
        return "the log-in"

    @app.get("/plans")
    def plans():
        session["views"] = 1
        return "<img src=/shop/files/private/plan.svg><img src=/nope>"

    @app.get("/boom")
    def boom():
        raise RuntimeError("the database is away\\nand more")

    return app
"""


@pytest.mark.parametrize("answer", ["('refused', 403)", "redirect('/login')"])
def test_a_guard_that_goes_by_the_session(
    flask: FlaskCommand, project: Project, plain: str, tmp_path: Path, answer: str
) -> None:
    """The rule for the file's endpoint and folder is named before the figures are praised."""
    (tmp_path / "static" / "private").mkdir(exist_ok=True)
    (tmp_path / "static" / "private" / "plan.svg").write_text("<svg/>")
    name = project(GUARDED.replace("PLAIN", plain).replace("ANSWER", answer))
    arguments = ("--app", name, "static", "compare", "--rounds", "1", "--url", "/plans")
    result = flask(*arguments)
    assert result.exit_code == 1
    said = 'STATIC_OPTIMIZER_RULES = {"shop.static:private/*": {"session": "protected"}}'
    heading, rule, praise = map(
        result.output.index, ("Broken with the extension:", said, "second\nvisit takes")
    )
    assert heading < rule < praise
    assert "What fails with and without the extension:\n  /nope: 404\n" in result.output
    # It says nothing of views, as nothing but what is missing has a session.
    assert "Still with a session" not in result.output
    assert "flask static audit" not in result.output
    protected = project(
        f"from {name} import create_app as make\n"
        "def create_app():\n"
        "    app = make()\n"
        f"    app.config[{said.partition(' = ')[0]!r}] = {said.partition(' = ')[2]}\n"
        "    return app\n"
    )
    result = flask("--app", protected, *arguments[2:])
    assert result.exit_code == 0
    assert "is protected):\n  /shop/files/private/plan.svg: protected\n\n" in result.output


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (
            ["/boom"],
            "/boom is answered with 500 without the extension: RuntimeError: the database is away",
        ),
        (["/", "/gone"], "/gone is answered with 404 without the extension"),
    ],
)
def test_a_page_that_is_not_shown(
    flask: FlaskCommand, project: Project, plain: str, paths: list[str], said: str
) -> None:
    """There is nothing to compare, and so no table."""
    name = project(GUARDED.replace("PLAIN", plain).replace("ANSWER", "None"))
    urls = [part for path in paths for part in ("--url", path)]
    result = flask("--app", name, "static", "compare", "--rounds", "1", *urls)
    assert result.exit_code == 1
    assert result.stdout.splitlines() in ([], ["an app says hello"])
    assert f"Error: can't compare: {said}\n" in result.output
    assert compared(flask, name, *urls, status=1)["failed"] == [said]


def test_what_is_asked_for_again(flask: FlaskCommand, plain: str, optimized: str) -> None:
    """ES modules are named with what spares them, and are not named where they have it."""
    assert compared(flask, plain)["asked_again"] == [
        {"url": "/static/main.js", "why": "an ES module"},
        {"url": "/static/lib.js", "why": "an ES module"},
    ]
    output = flask("--app", plain, "static", "compare", "--rounds", "1").output
    assert (
        "Still asked for on the second visit:\n"
        "  /static/main.js: an ES module\n"
        "  /static/lib.js: an ES module\n"
        "  An import map spares those for ES modules: set\n"
        "  STATIC_OPTIMIZER_IMPORTMAP = True, and" in output
    )
    assert "(docs/assets.md#es-modules)" in output
    assert compared(flask, optimized, "--url", "/modules")["asked_again"] == []


def test_what_is_printed(flask: FlaskCommand, plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it fits 80 columns, has colours where they are wanted, and says what is measured."""
    monkeypatch.setenv("COLUMNS", "80")
    coloured = flask("--app", plain, "static", "compare", "--rounds", "1", color=True).output
    assert "\x1b[" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    output = flask("--app", plain, "static", "compare", "--rounds", "1", color=True).output
    assert "\x1b[" not in output
    lines = output.splitlines()
    assert max(map(len, lines)) <= 80
    first = {line.split("  ")[0] for line in lines}
    assert {"Requests", "Sessions opened", "Sessions saved", "Sent (kB)"} <= first
    assert "sessions by SecureCookieSessionInterface" in output
    assert "asset requests no longer touch the session;" in " ".join(output.split())


def test_the_debug_mode_is_told(flask: FlaskCommand, plain: str) -> None:
    found = compared(flask, plain)
    assert found["remarks"] == []
    result = flask("--debug", "--app", plain, "static", "compare", "--rounds", "1", "--json")
    assert "Debug mode is on" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "page"], "'page' is no path of the app."),
        (["--url", "//elsewhere"], "'//elsewhere' is no path of the app."),
        (["--cookie", "session"], "'session' is no NAME=VALUE."),
        (["--cookie", "a=1; b=2"], "'a=1; b=2' is no NAME=VALUE."),
    ],
)
def test_mistakes(flask: FlaskCommand, plain: str, arguments: list[str], said: str) -> None:
    result = flask("--app", plain, "static", "compare", *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_an_app_that_switches_it_off(flask: FlaskCommand, project: Project, plain: str) -> None:
    name = project(
        f"from {plain} import create_app as make\n"
        "def create_app():\n"
        "    app = make()\n"
        "    app.config['STATIC_OPTIMIZER_ENABLED'] = False\n"
        "    return app\n"
    )
    result = flask("--app", name, "static", "compare")
    assert result.exit_code == 1
    assert "STATIC_OPTIMIZER_ENABLED is False, so there is nothing to compare." in result.output


def test_a_wrong_setting(flask: FlaskCommand, plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATIC_OPTIMIZER_MAX_AGE", "long")
    result = flask("--app", plain, "static", "compare")
    assert result.exit_code == 1
    assert "Error: with the extension: STATIC_OPTIMIZER_MAX_AGE is 'long'" in result.output


def test_an_app_that_ends_its_process(flask: FlaskCommand, project: Project) -> None:
    name = project(
        "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
        "@app.get('/')\ndef end():\n    os._exit(7)\n"
    )
    result = flask("--app", name, "static", "compare")
    assert result.exit_code == 1
    assert "without the extension: the process ended with status 7" in result.output


def test_an_app_that_leaves_a_thread(flask: FlaskCommand, project: Project, plain: str) -> None:
    """A scheduler that does not end keeps nobody waiting."""
    name = project(
        f"import os, threading\nfrom {plain} import create_app as make\n"
        "def create_app():\n"
        f"    if os.getpid() != {os.getpid()}:\n"
        "        threading.Thread(target=threading.Event().wait, daemon=False).start()\n"
        "    return make()\n"
    )
    found = compared(flask, name)
    assert found["broken"] == []


def test_an_app_that_cannot_be_imported(plain: str) -> None:
    """Another process can't load an app that only this one has."""
    app = Flask("here")
    from flask_static_optimizer import StaticOptimizer

    StaticOptimizer(app)
    result = app.test_cli_runner().invoke(args=["static", "compare"])
    assert result.exit_code == 1
    assert "flask --app myproject:create_app static compare" in result.output
