"""Files that views of the app's own send: the audit and 'explain' name them and the rule."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect, request, send_file, send_from_directory, session
from flask.views import MethodView

pytestmark = pytest.mark.usefixtures("settled")

CODE = "file-from-view"


def folder(app: Flask) -> str:
    assert app.static_folder
    return app.static_folder


def put(app: Flask, name: str, text: str = "text of a file") -> None:
    Path(folder(app), name).write_text(text)


def favicon(app: Flask) -> None:
    put(app, "favicon.ico")

    @app.get("/favicon.ico", endpoint="own")
    def view() -> Any:
        return send_from_directory(folder(app), "favicon.ico")


def robots(app: Flask) -> None:
    put(app, "robots.txt")

    @app.get("/robots.txt", endpoint="own")
    def view() -> Any:
        return send_file(Path(folder(app), "robots.txt"))


def worker(app: Flask) -> None:
    put(app, "sw.js")
    app.add_url_rule("/sw.js", "own", lambda: app.send_static_file("sw.js"))


def manifest(app: Flask) -> None:
    put(app, "manifest.webmanifest", "{}")

    class View(MethodView):
        def get(self) -> Any:
            response = app.send_static_file("manifest.webmanifest")
            response.headers["Cross-Origin-Resource-Policy"] = "same-site"
            return response

    app.add_url_rule("/manifest.webmanifest", view_func=View.as_view("own"))


def security(app: Flask) -> None:
    put(app, "security.txt")
    app.add_url_rule(
        "/.well-known/security.txt", "own", lambda: app.send_static_file("security.txt")
    )


def assets(app: Flask) -> None:
    @app.get("/assets/<path:path>", endpoint="own")
    def view(path: str) -> Any:
        return send_from_directory(folder(app), path)


VIEWS = [
    (favicon, "/favicon.ico", "{}"),
    (robots, "/robots.txt", "{}"),
    (worker, "/sw.js", '{"max_age": 0}'),
    (manifest, "/manifest.webmanifest", '{"max_age": 0}'),
    (security, "/.well-known/security.txt", "{}"),
    (assets, "/assets/app.css", '{"folder": "static"}'),
]


@pytest.mark.parametrize(("view", "path", "policy"), VIEWS)
def test_a_file_of_a_view(make_app, audited, view, path, policy):
    app = make_app(before=view)
    found = audited(app)
    assert (found.status, [*found.findings]) == (1, [CODE])
    assert found.findings[CODE]["severity"] == "warning"
    assert f'STATIC_OPTIMIZER_RULES = {{"own": {policy}}}' in found.findings[CODE]["fix"]
    output = app.test_cli_runner().invoke(args=["static", "explain", path]).output
    assert "uses the session" in output
    assert f'{{"own": {policy}}}' in output


@pytest.mark.parametrize(("view", "path", "policy"), VIEWS)
def test_its_rule_helps(make_app, audited, view, path, policy):
    """The rule of the fix keeps the session out, and what breaks by age is asked for each time.

    One that names a folder goes by the kind of each file.
    """

    def counting(app: Flask) -> None:
        view(app)
        app.before_request(lambda: session.update(seen=True))

    rules = {"own": json.loads(policy)}
    plain, ruled = (
        make_app(before=counting),
        make_app(before=counting, STATIC_OPTIMIZER_RULES=rules),
    )
    assert "Set-Cookie" in plain.test_client().get(path).headers
    response = ruled.test_client().get(path)
    assert "Set-Cookie" not in response.headers
    assert ("no-cache" in response.headers["Cache-Control"]) == ("max_age" in policy)
    assert audited(make_app(before=view, STATIC_OPTIMIZER_RULES=rules)).status == 0


@pytest.mark.parametrize("rules", [{"own": False}, {"own:*.css": False}])
def test_a_rule_may_say_that_it_stays(make_app, audited, rules):
    app = make_app(before=assets, STATIC_OPTIMIZER_RULES=rules)
    output = app.test_cli_runner().invoke(args=["static", "explain", "/assets/app.css"]).output
    assert "a rule says False" in output
    found = audited(make_app(before=favicon, STATIC_OPTIMIZER_RULES={"own": False}))
    assert (found.status, found.findings) == (0, {})


def test_a_view_of_all_paths(make_app, audited):
    """Its rule names files of one kind, since the view may send pages as well."""

    def plant(app: Flask) -> None:
        @app.get("/<path:path>", endpoint="own")
        def view(path: str) -> Any:
            return send_from_directory(folder(app), path) if "." in path else "a page"

    fix = audited(make_app(before=plant)).findings[CODE]["fix"]
    assert '{"own:*.css": {"folder": "static"}}' in fix
    app = make_app(before=plant, STATIC_OPTIMIZER_RULES={"own:*.css": {"folder": "static"}})
    assert audited(app).status == 0
    assert '"own:*.js"' in audited(app, "--url", "/app.js").findings[CODE]["fix"]
    output = app.test_cli_runner().invoke(args=["static", "explain", "/app.css"]).output
    assert "own:*.css" in output
    assert "ordinary" in app.test_cli_runner().invoke(args=["static", "explain", "/any"]).output


def test_a_view_of_a_folder_elsewhere(make_app, audited, tmp_path):
    """A folder outside of the app's is named by its whole path, and by what stands in the URL."""
    (tmp_path.parent / "else" / "x").mkdir(parents=True, exist_ok=True)
    (tmp_path.parent / "else" / "x" / "a.css").write_text("a {}")

    def plant(app: Flask) -> None:
        @app.get("/assets/<path:path>", endpoint="own")
        def view(path: str) -> Any:
            return send_from_directory(tmp_path.parent / "else", f"x/{path}")

    fix = audited(make_app(before=plant), "--url", "/assets/a.css").findings[CODE]["fix"]
    assert json.dumps({"own": {"folder": str(tmp_path.parent / "else" / "x")}}) in fix


def test_explain_tells_what_a_static_view_of_files_gets(make_app):
    app = make_app(before=assets, STATIC_OPTIMIZER_RULES={"own": {}})

    def explained(app: Flask, url: str) -> str:
        arguments = ["static", "explain", url, "-H", "Accept-Encoding: gzip"]
        return " ".join(app.test_cli_runner().invoke(args=arguments).output.split())

    output = explained(app, "/assets/app.css")
    assert "the view runs and opens it" in output
    assert "the best compression that the client takes" in output
    assert '"folder": "static"' in output
    named = make_app(before=assets, STATIC_OPTIMIZER_RULES={"own": {"folder": "static"}})
    output = explained(named, "/assets/app.css")
    assert "the view runs and opens it" in output
    assert '"folder"' not in output


def test_a_view_with_two_variables(make_app, audited, template):
    """Only a template knows a URL of it."""

    def plant(app: Flask) -> None:
        @app.get("/assets/<group>/<string:filename>", endpoint="own")
        def view(group: str, filename: str) -> Any:
            return send_from_directory(folder(app), f"{group}/{filename}")

    app = make_app(before=plant)
    found = audited(app)
    assert (found.status, [*found.findings]) == (0, ["view-not-asked"])
    template("{{ url_for('own', group='private', filename='report.pdf') }}")
    assert CODE in audited(app).findings


@pytest.mark.parametrize(
    "text",
    [
        "<link href=\"{{ url_for('own', path='x/only.css') }}\">",
        "<link href='/assets/x/only.css?3'>",
        "<link href=./assets/x/only.css>",
        '<script src="assets/x/only.css">',
        "{% if x %}<img src={{ url_for('own', path='x/only.css', _anchor='a') }}>{% endif %}",
    ],
)
def test_urls_in_templates(make_app, audited, template, tmp_path, text):
    """Its files lie in a folder of their own, and templates name one of them."""

    def plant(app: Flask) -> None:
        (tmp_path / "else" / "x").mkdir(parents=True)
        (tmp_path / "else" / "x" / "only.css").write_text("a {}")

        @app.get("/assets/<path:path>", endpoint="own")
        def view(path: str) -> Any:
            return send_from_directory(tmp_path / "else", path)

    app = make_app(before=plant)
    found = audited(app)
    assert (found.status, [*found.findings]) == (0, ["view-not-asked"])
    template(text)
    found = audited(app)
    assert (found.status, [*found.findings]) == (1, [CODE])


def test_a_url_that_is_given(make_app, audited):
    def plant(app: Flask) -> None:
        put(app, "a.bin")
        app.add_url_rule("/raw/<int:number>", "own", lambda number: app.send_static_file("a.bin"))

    app = make_app(before=plant)
    assert audited(app).status == 0
    assert CODE in audited(app, "--url", "/raw/1").findings


def guarded(app: Flask) -> None:
    @app.get("/files/<path:path>", endpoint="own")
    def view(path: str) -> Any:
        return send_from_directory(folder(app), path) if "user" in session else redirect("/login")


def forbidden(app: Flask) -> None:
    @app.get("/favicon.ico")
    def view() -> Any:
        abort(403)


def personal(app: Flask) -> None:
    @app.get("/avatar.txt")
    def view() -> Any:
        return send_file(Path(folder(app), "app.js" if request.cookies else "app.css"))


def generated(app: Flask) -> None:
    @app.get("/captcha.png")
    def view() -> Any:
        session["word"] = "x"
        return send_file(io.BytesIO(b"png"), "image/png", download_name="captcha.png")


def text(app: Flask) -> None:
    app.add_url_rule("/robots.txt", "own", lambda: Response("Disallow: /", mimetype="text/plain"))


def raising(app: Flask) -> None:
    app.add_url_rule("/broken.txt", "own", lambda: 1 / 0)


def posted(app: Flask) -> None:
    app.add_url_rule(
        "/upload.txt", "own", lambda: app.send_static_file("app.css"), methods=["POST"]
    )


def unnamed(app: Flask) -> None:
    @app.get("/delete")
    def view() -> Any:
        raise AssertionError("a URL that does not look like a file is not asked")


@pytest.mark.parametrize(
    "view", [guarded, forbidden, personal, generated, text, raising, posted, unnamed]
)
def test_what_is_no_file_for_everybody(make_app, audited, view):
    found = audited(make_app(before=view, TESTING=False))
    assert (found.status, found.findings) == (0, {})
