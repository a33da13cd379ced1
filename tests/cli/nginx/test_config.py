"""The output of 'flask static nginx': complete, safe, and true after the app has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, request, session

from cli.nginx.servers import send
from conftest import CSS
from flask_static_optimizer import cacheable_static
from flask_static_optimizer.cli.nginx.quoting import comment, identifier, literal, quoted
from flask_static_optimizer.config.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("settled")

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd", "Cookie": "session=x.y.z"}


def url_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return app.url_for("static", filename=name)


def test_a_visit_does_not_reach_the_app(make_app: Any, behind: Any) -> None:
    app = make_app()
    server, port = behind(app)
    expected = {
        path: send(server.port, path, BROWSER)
        for name in ("app.css", "app.js")
        for path in (url_of(app, name), f"/static/{name}")
    }
    server.stop()
    for path, before in expected.items():
        answer = send(port, path, BROWSER)
        assert (answer.status, answer.body) == (200, before.body)
        assert answer.headers["Cache-Control"] == before.headers["Cache-Control"]
    assert "immutable" in send(port, url_of(app, "app.css")).headers["Cache-Control"]
    # What nginx can't answer is an error of nginx that nobody may keep.
    missing = send(port, "/static/missing.css")
    assert missing.status == 502
    assert "Cache-Control" not in missing.headers


def test_what_is_registered_after_the_extension(make_app: Any, behind: Any) -> None:
    """A command runs before the first request, and finds blueprints and routes all the same."""

    def late(app: Flask) -> None:
        folder = Path(app.root_path, "late")
        folder.mkdir()
        (folder / "late.css").write_bytes(CSS)
        app.register_blueprint(
            Blueprint(
                "late", "late", root_path=app.root_path, static_folder="late", url_prefix="/bp"
            )
        )

        @app.get("/chart")
        @cacheable_static(max_age=60)
        def chart() -> str:
            return "chart"

    server, port = behind(make_app(after=late))
    assert send(port, "/chart").body == b"chart"
    assert server.asked == ["/chart"]
    server.stop()
    assert send(port, "/bp/late/late.css").body == CSS
    assert send(port, "/chart").body == b"chart"


def test_a_changed_file_is_never_called_immutable(
    make_app: Any, behind: Any, static_folder: Path
) -> None:
    app = make_app()
    _, port = behind(app)
    old = url_of(app, "app.css")
    (static_folder / "app.css").write_bytes(b"changed {}")
    new = url_of(app, "app.css")
    assert new != old
    # The copy has what the old URL names, whatever is deployed meanwhile.
    assert send(port, old).body == CSS
    answer = send(port, new)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_a_lost_copy_is_no_error(make_app: Any, behind: Any, tmp_path: Path) -> None:
    app = make_app()
    _, port = behind(app)
    for path in (tmp_path / "copy" / "objects").glob("*/*"):
        path.unlink()
    answer = send(port, url_of(app, "app.css"), BROWSER)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_errors_and_foreign_headers(make_app: Any, behind: Any) -> None:
    def headers(app: Flask) -> None:
        @app.after_request
        def secure(response: Response) -> Response:
            response.headers["X-Content-Type-Options"] = "nosniff"
            if request.path.endswith(".js"):
                response.headers["X-Price"] = "5$"
            return response

    app = make_app(after=headers)
    server, port = behind(app)
    assert send(port, "/static/missing.css").headers["Cache-Control"] == "no-store"
    server.asked.clear()
    assert send(port, "/static/app.css").headers["X-Content-Type-Options"] == "nosniff"
    assert server.asked == []
    # nginx has no way to say a '$', so the app does.
    assert send(port, "/static/app.js").headers["X-Price"] == "5$"
    assert server.asked == ["/static/app.js"]


def test_what_a_guard_refuses_is_the_apps(make_app: Any, behind: Any) -> None:
    def guard(app: Flask) -> None:
        @app.before_request
        def wall() -> Any:
            guarded = request.path.endswith(".js") and request.headers.get("X-Key") != "open"
            return ("no", 401) if guarded else None

    app = make_app(after=guard)
    _, port = behind(app)
    assert send(port, "/static/app.js").status == 401
    assert send(port, "/static/app.js", {"X-Key": "open"}).status == 200
    assert send(port, "/static/app.js").status == 401


def test_what_varies_by_cookie_is_the_apps(make_app: Any, behind: Any) -> None:
    """A file that differs for visitors with a cookie is left to the app."""

    def count(app: Flask) -> None:
        @app.before_request
        def visit() -> None:
            if request.path.endswith(".js"):
                session["last"] = request.path

    app = make_app(after=count)
    _, port = behind(app)
    assert "private" in send(port, "/static/app.js", BROWSER).headers["Cache-Control"]
    assert "private" not in send(port, "/static/app.js").headers["Cache-Control"]
    assert "private" not in send(port, "/static/app.css", BROWSER).headers["Cache-Control"]


def test_names_can_not_inject(
    make_app: Any, config_of: Any, static_folder: Path, tmp_path: Path, nginx_binary: Path
) -> None:
    evil = [
        'x"; } } server { listen 1; }.css',
        "$request_uri.css",
        "a\n} server { listen 1; } #.css",
        "b\r\n}.css",
        "c\\.css",
        "'d'.css",
        "{e}.css",
        "f;g.css",
        "#h.css",
        "default.css",
        "\u2028i.css",
    ]
    for name in evil:
        (static_folder / name).write_text(name)

    def routes(app: Flask) -> None:
        @app.get('/odd "$x; } {/<name>')
        @cacheable_static(max_age=5)
        def odd(name: str) -> str:
            return name

    app = make_app(before=routes, STATIC_OPTIMIZER_SENDFILE="X-Accel-Redirect")
    text = config_of(app, f"--root={tmp_path}/copy", "--listen=127.0.0.1:9")
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if line.startswith("listen")] == ["listen 127.0.0.1:9;"]
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {text}\n}}")
    command = [nginx_binary, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("part", ["http", "server"])
def test_a_part_is_what_belongs_there(make_app: Any, config_of: Any, part: str) -> None:
    app = make_app()
    text = config_of(app, f"--part={part}", f"--root={app.root_path}/copy")
    assert ("map " in text) == (part == "http")
    assert ("location " in text) == (part == "server")
    assert "server {" not in text


def test_prune_removes_old_objects_only(
    make_app: Any, config_of: Any, static_folder: Path, tmp_path: Path
) -> None:
    app = make_app()
    arguments = [f"--root={tmp_path}/copy"]
    config_of(app, *arguments)
    objects = tmp_path / "copy" / "objects"
    (objects / "aa").mkdir(exist_ok=True)
    (objects / "aa" / "mine.txt").write_text("not made by us")
    before = set(objects.glob("*/*"))
    (static_folder / "app.css").write_bytes(b"changed {}")
    config_of(app, *arguments)
    assert before < set(objects.glob("*/*"))
    config_of(app, *arguments, "--prune")
    after = set(objects.glob("*/*"))
    assert objects / "aa" / "mine.txt" in after
    assert len(after) < len(before)


def test_not_in_debug_mode(make_app: Any) -> None:
    runner = make_app().test_cli_runner(env={"FLASK_DEBUG": "1"})
    result = runner.invoke(args=["static", "nginx"])
    assert result.exit_code == 1
    assert "debug" in result.output


def test_quoting() -> None:
    assert quoted('a"b\\c\n\t\r') == r'"a\"b\\c\n\t\r"'
    assert comment("a\nb\u2028") == "a\\nb\\u2028"
    assert identifier("My App!") == "my_app"
    assert identifier("\u00e9") == "app"
    assert identifier("3D shop") == "app_3d_shop"
    assert identifier("an_application_of_a_package") == "an_application_of_a_pack"
    with pytest.raises(ConfigurationError, match="no way to say"):
        literal("--root", "/srv/$a")
