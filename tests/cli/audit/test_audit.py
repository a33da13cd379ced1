"""'flask static audit' on the demo's app, which is clean, and on apps with planted faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, redirect, request, request_finished, session
from flask.testing import FlaskCliRunner
from flask_login import LoginManager, login_required

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.demo.app import create_app
from flask_static_optimizer.demo.stores import file_store

pytestmark = pytest.mark.usefixtures("settled")


def audit(app: Flask, *arguments: str, **env: str) -> tuple[int, dict[str, Any]]:
    runner: FlaskCliRunner = app.test_cli_runner(env=env)
    result = runner.invoke(args=["static", "audit", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


#: The finding of a module without an import map, as ``app.js`` of the test's app is one.
NOTE = "plain-modules"


def codes(report: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in report["findings"]}


def test_the_demo_is_clean() -> None:
    with file_store() as store:
        # Bootstrap's files are many and large: their coded variants are not what is looked at.
        config = {**store.config, "STATIC_OPTIMIZER_ENCODINGS": []}
        app = create_app(config, optimize=True)
        status, report = audit(app)
    assert (status, report["clean"], report["findings"]) == (0, True, [])
    assert len(report["requests"]) > 100
    for row in report["requests"]:
        assert row["status"] == 200
        assert row["mode"] == "isolated"
        assert row["stored_by"].startswith("everybody")
        assert "immutable" in row["versioned"]


def cookie(app: Flask) -> None:
    @app.after_request
    def track(response: Response) -> Response:
        response.set_cookie("track", "1")
        return response


def late_cookie(app: Flask) -> None:
    def track(_: Flask, response: Response, **__: object) -> None:
        response.set_cookie("late", "1")

    request_finished.connect(track, app, weak=False)


def own_guard(app: Flask) -> None:
    @app.before_request
    def guard() -> Any:
        if request.path.startswith("/static/private") and "key" not in request.cookies:
            return redirect("/login")
        return None


def varying(app: Flask) -> None:
    @app.get("/greeting")
    @cacheable_static
    def greeting() -> str:
        return f"Hello {request.headers.get('Cookie', 'you')}"


def reading_session(app: Flask) -> None:
    app.get("/nav", endpoint="nav")(cacheable_static(lambda: f"Hello {session.get('user', 'you')}"))


def reading_cookies(app: Flask) -> None:
    app.get("/token", endpoint="token")(cacheable_static(lambda: f"Hello {bool(request.cookies)}"))


def taking(app: Flask) -> None:
    app.add_url_rule("/app.css", "own_css", lambda: "p {}")


def writing(app: Flask) -> None:
    @app.before_request
    def count() -> None:
        session["visits"] = 1


def raising(app: Flask) -> None:
    @app.get("/broken")
    @cacheable_static
    def broken() -> str:
        raise LookupError("broken")


def strict(app: Flask) -> None:
    @app.after_request
    def forbid(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response


def hard_coded(app: Flask) -> None:
    folder = Path(app.root_path, "templates")
    folder.mkdir()
    (folder / "page.html").write_text(
        "<!-- /static/app.css -->\n{# '/static/app.css' #}\n"
        "<link href='/static/app.css'><script src={{ url_for('static', filename='app.js') }}>\n"
        "<a style='background: url(/static/app.js)' href=\"/static/private/report.pdf?v=1\">\n"
    )


def missing_in_template(app: Flask) -> None:
    folder = Path(app.root_path, "templates")
    folder.mkdir()
    (folder / "page.html").write_text('<img src="/static/gone.png">')


def missing_in_css(app: Flask) -> None:
    assert app.static_folder
    Path(app.static_folder, "bad.css").write_text("a { b: url(gone.png) url('app.js') url(x:y) }")


def broken_css(app: Flask) -> None:
    assert app.static_folder
    Path(app.static_folder, "bad.css").write_text("a { b: url(gone'.png }")


FAULTS: list[tuple[str, Callable[[Flask], None] | None, dict[str, Any], list[str], str]] = [
    ("cookie", cookie, {}, [], "is_static_request"),
    ("cookie-sent", late_cookie, {}, [], "request_finished"),
    ("guard-not-protected", own_guard, {}, [], '{"static:private/*": {"session": "protected"}}'),
    ("depends-on-cookie", varying, {}, ["--cookie", "name=Ada"], "protected"),
    ("view-reads-visitor", reading_session, {}, [], '{"nav": {"session": "protected"}}'),
    ("view-reads-visitor", reading_cookies, {}, [], "take @cacheable_static off"),
    ("session-written", writing, {}, [], "is_static_request"),
    ("raises", raising, {}, [], "view or hook"),
    ("not-shared", strict, {}, [], "step aside"),
    ("hard-coded-url", hard_coded, {}, [], "url_for('static', filename="),
    ("missing-file", missing_in_template, {}, [], "add the file"),
    ("missing-reference", missing_in_css, {}, [], "add the file"),
    ("broken-stylesheet", broken_css, {}, [], "correct it"),
    ("missing-reference", missing_in_css, {"STATIC_OPTIMIZER_FINGERPRINT": False}, [], "add the"),
    ("broken-stylesheet", broken_css, {"STATIC_OPTIMIZER_FINGERPRINT": False}, [], "correct it"),
    ("rule-unmatched", None, {"STATIC_OPTIMIZER_RULES": {"charts.*": {}}}, [], "flask routes"),
    (
        "rule-unmatched",
        None,
        {"STATIC_OPTIMIZER_RULES": {"static:privat/*": {"session": "protected"}}},
        [],
        "file glob",
    ),
    (
        "root-file-missing",
        None,
        {"STATIC_OPTIMIZER_ROOT_FILES": ["app.css", "favicon.ico"]},
        [],
        "add the file",
    ),
    (
        "root-file-taken",
        taking,
        {"STATIC_OPTIMIZER_ROOT_FILES": ["app.css"]},
        [],
        "take one of the two out",
    ),
    ("secret-key", None, {"SECRET_KEY": None}, [], "SECRET_KEY"),
]


@pytest.mark.parametrize(
    ("code", "plant", "config", "arguments", "fix"), FAULTS, ids=[fault[0] for fault in FAULTS]
)
def test_one_fault(
    make_app: Any,
    code: str,
    plant: Callable[[Flask], None] | None,
    config: dict[str, Any],
    arguments: list[str],
    fix: str,
) -> None:
    app = make_app(before=plant, TESTING=False, **config)
    status, report = audit(app, *arguments)
    assert status == 1
    assert codes(report) - {"depends-on-cookie", NOTE} == {code} - {"depends-on-cookie"}
    assert code in codes(report)
    assert any(fix in finding["fix"] for finding in report["findings"])


def test_an_app_without_faults(make_app: Any) -> None:
    status, report = audit(make_app(STATIC_OPTIMIZER_IMPORTMAP=True))
    assert (status, report["findings"]) == (0, [])


def test_plain_modules_are_a_note(make_app: Any, static_folder: Path) -> None:
    """A module that an import map would make immutable is a note, which changes no status."""
    (static_folder / "app.js").write_bytes(b"export default 42")
    status, report = audit(make_app())
    (finding,) = report["findings"]
    assert (status, finding["code"], finding["severity"]) == (0, NOTE, "note")
    assert finding["places"] == ["static:app.js"]
    assert "STATIC_OPTIMIZER_IMPORTMAP = True" in finding["fix"]
    assert audit(make_app(STATIC_OPTIMIZER_FINGERPRINT=False))[1]["findings"] == []


def test_every_fault_at_once(make_app: Any) -> None:
    def plant(app: Flask) -> None:
        for fault in (
            cookie,
            late_cookie,
            own_guard,
            taking,
            varying,
            writing,
            raising,
            hard_coded,
            reading_session,
        ):
            fault(app)
        missing_in_css(app)
        Path(app.root_path, "templates", "other.html").write_text('<img src="/static/gone.png">')
        Path(app.static_folder or "", "worse.css").write_text("a { b: url(gone'.png }")

    app = make_app(
        before=plant,
        TESTING=False,
        SECRET_KEY=None,
        STATIC_OPTIMIZER_ROOT_FILES=["app.css", "favicon.ico"],
        STATIC_OPTIMIZER_RULES={"charts.*": {"max_age": 5}, "static:none/*": {"max_age": 5}},
    )
    status, report = audit(app, "--cookie", "name=Ada", "--cookie", "key=1", FLASK_DEBUG="1")
    assert status == 1
    planted = {fault[0] for fault in FAULTS} - {"not-shared"}
    assert codes(report) >= planted | {"debug"}
    print(f"{len(planted) + 1} kinds of faults planted, {len(codes(report))} found")


def test_a_guard_that_express_passes_is_seen(make_app: Any) -> None:
    app = make_app(before=own_guard, STATIC_OPTIMIZER_EXPRESS=True)
    assert app.test_client().get("/static/private/report.pdf").status_code == 200
    status, report = audit(app)
    assert status == 1
    (passed,) = [each for each in report["findings"] if each["code"] == "guard-passed"]
    assert passed["severity"] == "error"
    assert '{"static:private/*": {"session": "protected"}}' in passed["fix"]
    styles = [row for row in report["requests"] if row["url"].endswith("app.css")]
    assert all(row["codings"] for row in styles)


def test_places_are_named(make_app: Any) -> None:
    _, report = audit(make_app(before=hard_coded, STATIC_OPTIMIZER_IMPORTMAP=True))
    (finding,) = report["findings"]
    assert [place.rpartition("/templates/")[2] for place in finding["places"]] == [
        "page.html:3: /static/app.css",
        "page.html:4: /static/app.js",
    ]


def test_a_view_with_a_guard_around_it(make_app: Any) -> None:
    def guard(app: Flask) -> None:
        from functools import wraps

        view = app.view_functions["static"]

        @wraps(view)
        def guarded(**values: Any) -> Any:
            return view(**values) if "user" in session else ("log in", 401)

        app.view_functions["static"] = guarded

    status, report = audit(make_app(before=guard))
    assert status == 1
    assert codes(report) == {"guard-not-protected"}
    rules = {"static": {"session": "protected"}}
    assert audit(make_app(before=guard, STATIC_OPTIMIZER_RULES=rules))[0] == 0


def test_routes_with_variables(make_app: Any) -> None:
    def avatars(app: Flask) -> None:
        @app.get("/avatars/<int:number>.png")
        @cacheable_static(max_age=60)
        def avatar(number: int) -> Any:
            return Response(b"png", mimetype="image/png")

    app = make_app(before=avatars)
    _, report = audit(app, "--url", "/avatars/7.png", "--url", "/")
    asked = {row["url"]: row for row in report["requests"]}
    assert asked["/avatars/<int:number>.png"]["status"] is None
    assert asked["/avatars/7.png"]["cache_control"] == "max-age=60"
    assert codes(report) == {"not-static"}


@pytest.mark.parametrize("rich", [True, False])
def test_what_is_printed(make_app: Any, monkeypatch: pytest.MonkeyPatch, rich: bool) -> None:
    if not rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    app = make_app(
        before=hard_coded,
        STATIC_OPTIMIZER_RULES={
            "static:private/*": {"session": "protected"},
            "static:*.js": False,
        },
    )
    result = app.test_cli_runner().invoke(args=["static", "audit"])
    assert result.exit_code == 1
    for words in (
        "static:private/*",
        "protected",
        "left alone",
        "immutable",
        "everybody",
        "the browser",
        "warning: hard-coded-url",
        "page.html:3",
    ):
        assert words in result.output, words


@pytest.mark.parametrize(
    "arguments",
    [["--cookie", "a\nb=c"], ["--cookie", "abc"], ["--url", "//evil.example/"], ["--url", "x"]],
)
def test_arguments_that_can_not_be_meant(make_app: Any, arguments: list[str]) -> None:
    result = make_app().test_cli_runner().invoke(args=["static", "audit", *arguments])
    assert result.exit_code == 2


def test_the_message_of_a_guard_is_no_fault_of_its_own(make_app: Any, audited: Any) -> None:
    def guarded(app: Flask) -> None:
        manager = LoginManager(app)
        manager.login_view = "page"
        manager.user_loader(lambda _: None)
        view = login_required(cacheable_static(lambda: "for Ada"))
        app.get("/chart", endpoint="chart")(view)

    found = audited(make_app(after=guarded))
    assert [*found.findings] == ["guard-not-protected"]
    assert found.findings["guard-not-protected"]["places"] == ["/chart"]
