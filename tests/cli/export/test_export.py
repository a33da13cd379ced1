"""'flask static export': what it writes, what it leaves out, and whose files it leaves alone."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Blueprint, Flask, Response, abort, request

from conftest import CSS
from flask_static_optimizer.cli import writing
from flask_static_optimizer.cli.export.journal import WORK

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "exported"


def export(app: Flask, target: Path, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["static", "export", str(target), *options])


def outcome(app: Flask, target: Path, *options: str, status: int = 0) -> dict[str, Any]:
    result = export(app, target, "--json", *options)
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def files(target: Path) -> set[str]:
    return {
        path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()
    } - {"manifest.json"}


def manifest(target: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text("utf-8"))
    return found


def url(app: Flask, name: str, endpoint: str = "static") -> str:
    with app.test_request_context():
        return app.url_for(endpoint, filename=name)


@pytest.mark.parametrize("mode", ["query", "path", False])
def test_each_url_of_the_app_leads_to_its_bytes(make_app: MakeApp, target: Path, mode: Any) -> None:
    """A file server that ignores queries has, at each URL of ``url_for``, what the app sends."""
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode, APPLICATION_ROOT="/shop")
    assert outcome(app, target)["failed"] == []
    client = app.test_client()
    for name in ("app.css", "app.js", "private/report.pdf"):
        link = url(app, name)
        asset = manifest(target)["assets"]["static"][name]
        assert asset["url"] == link
        assert link.startswith("/shop/static/")
        written = (target / link.removeprefix("/").partition("?")[0]).read_bytes()
        assert written == client.get(link.removeprefix("/shop")).data
        assert asset["size"] == len(written)
        digest = base64.b64encode(hashlib.sha384(written).digest()).decode()
        assert asset["integrity"] == f"sha384-{digest}"
    hashed = [path for path in files(target) if path.startswith("shop/static/app.css")]
    assert bool(hashed) == (mode != "path")


def test_plain_names_too(make_app: MakeApp, target: Path) -> None:
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT="path")
    outcome(app, target)
    assert not (target / "static" / "app.css").exists()
    outcome(app, target, "--plain")
    assert (target / "static" / "app.css").read_bytes() == CSS
    assert (target / url(app, "app.css").removeprefix("/")).read_bytes() == CSS
    said = manifest(target)["files"]
    assert said["static/app.css"]["headers"]["Cache-Control"] == "max-age=3600"
    best = said[url(app, "app.css").removeprefix("/")]["headers"]
    assert best["Cache-Control"] == "max-age=31536000, immutable"
    assert best["Content-Type"] == "text/css; charset=utf-8"


def test_codings_lie_beside(make_app: MakeApp, target: Path) -> None:
    app = make_app()
    outcome(app, target)
    assert gzip.decompress((target / "static" / "app.css.gz").read_bytes()) == CSS
    asset = manifest(target)["assets"]["static"]["app.css"]
    assert asset["codings"]["gzip"] == "static/app.css.gz"
    headers = manifest(target)["files"]["static/app.css.gz"]["headers"]
    assert (headers["Content-Encoding"], headers["Content-Type"]) == (
        "gzip",
        "text/css; charset=utf-8",
    )
    assert manifest(target)["assets"]["static"]["app.js"]["codings"] == {}


def test_a_stale_sibling_is_not_exported(
    make_app: MakeApp, static_folder: Path, target: Path
) -> None:
    """A server that sends siblings by itself would send it in the place of the file."""
    (static_folder / "app.css.gz").write_bytes(gzip.compress(b"of another day"))
    found = outcome(make_app(), target)
    assert gzip.decompress((target / "static" / "app.css.gz").read_bytes()) == CSS
    assert [excluded["url"] for excluded in found["left_out"]] == ["/static/app.css.gz"]


def test_stylesheets_as_they_are_served(
    make_app: MakeApp, static_folder: Path, target: Path
) -> None:
    (static_folder / "a.png").write_bytes(b"picture")
    (static_folder / "page.css").write_text("p { background: url(a.png) }")
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT="path")
    outcome(app, target)
    text = (target / url(app, "page.css").removeprefix("/")).read_text()
    name = text.partition("url(")[2].partition(")")[0]
    assert name != "a.png"
    assert (target / "static" / name).read_bytes() == b"picture"


def decorate(app: Flask) -> None:
    view = app.view_functions["static"]

    def decorated(filename: str) -> Any:
        return view(filename=filename)

    decorated.__wrapped__ = view  # type: ignore[attr-defined]
    app.view_functions["static"] = decorated


def guard(app: Flask) -> None:
    @app.before_request
    def closed() -> None:
        if request.path.startswith("/static/private") and "user" not in request.cookies:
            abort(401)


def guard_scripts(app: Flask) -> None:
    @app.before_request
    def closed() -> None:
        if request.path.endswith(".js"):
            abort(401)


@pytest.mark.parametrize("plain", [[], ["--plain"]])
@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.parametrize("how", ["rule", "guard", "left alone", "decorated", "private"])
def test_protected_files_are_never_exported(
    make_app: MakeApp, target: Path, how: str, mode: str, plain: list[str]
) -> None:
    config: dict[str, Any] = {"STATIC_OPTIMIZER_FINGERPRINT": mode}
    if how == "rule":
        config["STATIC_OPTIMIZER_RULES"] = {"static:private/*": {"session": "protected"}}
    if how == "left alone":
        config["STATIC_OPTIMIZER_RULES"] = {"static:private/*": False}

    def say_private(app: Flask) -> None:
        @app.after_request
        def private(response: Response) -> Response:
            if "report" in request.path:
                response.cache_control.private = True
            return response

    before = {"guard": guard, "decorated": decorate, "private": say_private}.get(how)
    found = outcome(make_app(before=before, **config), target, *plain)
    assert not [path for path in files(target) if "report" in path or "private" in path]
    named = [excluded["url"] for excluded in found["left_out"]]
    if how == "decorated":
        assert named == ["all files of 'static'"]
    else:
        assert "/static/private/report" in named[0]
        assert any("app.css" in path or "app." in path for path in files(target))


def test_blueprints(make_app: MakeApp, tmp_path: Path, target: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.css").write_text("q {}")

    def add(app: Flask) -> None:
        blueprint = Blueprint("shop", __name__, static_folder=folder, url_prefix="/shop")
        app.register_blueprint(blueprint)

    app = make_app(before=add)
    outcome(app, target)
    assets = manifest(target)["assets"]
    assert assets["shop.static"]["app.css"]["path"] == "shop/shop/app.css"
    assert assets["static"]["app.css"]["path"] == "static/app.css"


def test_odd_names(make_app: MakeApp, static_folder: Path, target: Path) -> None:
    for name in ("ä b.txt", "100%.txt", "a#b?c.txt"):
        (static_folder / name).write_text(name)
    outcome(make_app(), target)
    for name in ("ä b.txt", "100%.txt", "a#b?c.txt"):
        assert (target / "static" / name).read_text() == name


def test_again_nothing_is_written(make_app: MakeApp, target: Path) -> None:
    """What is the same keeps its time, so that tools that copy the folder copy only changes."""
    app = make_app()
    first = outcome(app, target)
    assert first["written"] == first["files"] > 0
    before = (target / "manifest.json").read_bytes()
    assert outcome(app, target)["written"] == 0
    assert (target / "manifest.json").read_bytes() == before


def test_prune_removes_what_an_export_wrote(
    make_app: MakeApp, static_folder: Path, target: Path
) -> None:
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT="path")
    outcome(app, target)
    old = {path for path in files(target) if "/app." in path and ".css" in path}
    (target / "static" / "robots.txt").write_text("of somebody else")
    (static_folder / "app.css").write_bytes(CSS + b"/* new */")
    (static_folder / "private" / "report.pdf").unlink()
    kept = outcome(app, target)
    assert kept["removed"] == []
    assert old < files(target), "old pages still ask for the old names"
    assert kept["foreign"] == ["static/robots.txt"]
    gone = outcome(app, target, "--prune")
    assert old < set(gone["removed"])
    assert not old & files(target)
    assert not (target / "static" / "private").exists()
    assert (target / "static" / "robots.txt").read_text() == "of somebody else"
    assert manifest(target)["earlier"] == {}


def test_a_file_that_was_changed_since_is_not_pruned(
    make_app: MakeApp, static_folder: Path, target: Path
) -> None:
    app = make_app()
    outcome(app, target)
    (static_folder / "app.js").unlink()
    (target / "static" / "app.js").write_text("of somebody else")
    found = outcome(app, target, "--prune")
    assert found["foreign"] == ["static/app.js"]
    assert (target / "static" / "app.js").read_text() == "of somebody else"


@pytest.mark.parametrize("plain", [[], ["--plain"]])
@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.parametrize("how", ["rule", "guard", "decorated", "replaced"])
def test_what_becomes_protected_is_removed(
    make_app: MakeApp, static_folder: Path, target: Path, how: str, mode: str, plain: list[str]
) -> None:
    """The next copy of the folder would publish it. No ``--prune`` is needed, and no more goes."""
    page = static_folder / "private" / "page.html"
    page.write_text("<p>of January</p>" * 200)
    outcome(make_app(STATIC_OPTIMIZER_FINGERPRINT=mode), target, "--plain")
    page.write_text("<p>of February</p>" * 200)
    (static_folder / "app.js").unlink()
    outcome(make_app(STATIC_OPTIMIZER_FINGERPRINT=mode), target, *plain)
    (target / "static" / "private" / "other.txt").write_text("of somebody else")
    private = {path for path in files(target) if path.startswith("static/private/")}
    assert [path for path in private if path.endswith(".gz")] != []
    pages = [path for path in private if path.endswith(".html")]
    assert len(pages) == {"query": 1, "path": 3}[mode]
    rules = {"static:private/*": {"session": "protected"}} if how == "rule" else {}

    def replace(app: Flask) -> None:
        app.view_functions["static"] = lambda filename: "the app's own"

    before = {"guard": guard, "decorated": decorate, "replaced": replace}.get(how)
    app = make_app(before=before, STATIC_OPTIMIZER_FINGERPRINT=mode, STATIC_OPTIMIZER_RULES=rules)
    found = outcome(app, target, *plain)
    expected = private - {"static/private/other.txt"}
    if how in ("rule", "guard"):
        assert set(found["withdrawn"]) == set(found["removed"]) == expected
        assert any("/app." in path and path.endswith(".css") for path in files(target))
        assert any("/app." in path and path.endswith(".js") for path in files(target))
    else:
        assert expected < set(found["withdrawn"])
        assert files(target) == {"static/private/other.txt"}
        assert [excluded["url"] for excluded in found["left_out"]] == ["all files of 'static'"]
    assert not files(target) & expected
    assert not set(manifest(target)["files"]) & expected
    assert not set(manifest(target)["earlier"]) & expected
    assert found["foreign"] == ["static/private/other.txt"]
    assert outcome(app, target, *plain)["withdrawn"] == []


def test_what_becomes_protected_under_another_url(make_app: MakeApp, target: Path) -> None:
    """The manifest says which paths a file had."""
    outcome(make_app(), target)
    rules = {"static:private/*": {"session": "protected"}}
    app = make_app(STATIC_OPTIMIZER_RULES=rules, flask={"static_url_path": "/assets"})
    assert outcome(app, target)["withdrawn"] == ["static/private/report.pdf"]


def test_a_host_of_its_own_has_other_files(
    make_app: MakeApp, static_folder: Path, tmp_path: Path, target: Path
) -> None:
    """What is left out there says nothing of the same path here."""
    folder = tmp_path / "shop" / "static"
    folder.mkdir(parents=True)
    (folder / "app.css").write_text("of the shop")

    def add(app: Flask) -> None:
        app.register_blueprint(Blueprint("shop", __name__, static_folder=folder, subdomain="shop"))

    def app() -> Flask:
        return make_app(
            before=add,
            flask={"subdomain_matching": True},
            SERVER_NAME="example.com",
            STATIC_OPTIMIZER_FINGERPRINT="path",
        )

    outcome(app(), target)
    old = {path for path in files(target) if path.startswith("static/app.")}
    (static_folder / "app.css").write_bytes(CSS + b"/* new */")
    found = outcome(app(), target)
    assert "http://shop.example.com/static/app." in found["left_out"][0]["url"]
    assert found["withdrawn"] == []
    assert old < files(target)


def test_what_became_protected_and_was_changed_stays(make_app: MakeApp, target: Path) -> None:
    """It is not what an export wrote."""
    outcome(make_app(), target)
    place = target / "static" / "private" / "report.pdf"
    place.write_text("of somebody else")
    found = outcome(make_app(before=guard), target)
    assert found["withdrawn"] == found["removed"] == []
    assert found["foreign"] == ["static/private/report.pdf"]
    assert place.read_text() == "of somebody else"


def test_what_fails_is_not_taken_for_protected(make_app: MakeApp, target: Path) -> None:
    outcome(make_app(), target)

    def broken(app: Flask) -> None:
        @app.before_request
        def out_of_order() -> None:
            if request.path == "/static/app.js":
                raise RuntimeError("out of order")
            if "private" in request.path:
                abort(401)

    found = outcome(make_app(before=broken, TESTING=False), target, "--prune", status=1)
    assert found["withdrawn"] == found["removed"] == ["static/private/report.pdf"]
    assert (target / "static" / "app.js").exists()


def test_only_the_plain_name_becomes_private(
    make_app: MakeApp, static_folder: Path, target: Path
) -> None:
    """Files of earlier pages stay, under the names with their fingerprints."""
    outcome(make_app(STATIC_OPTIMIZER_FINGERPRINT="path"), target, "--plain")
    old = {path for path in files(target) if path.startswith("static/app.")} - {
        "static/app.css",
        "static/app.css.gz",
        "static/app.css.br",
        "static/app.css.zst",
        "static/app.js",
    }
    (static_folder / "app.css").write_bytes(CSS + b"/* new */")

    def say_private(app: Flask) -> None:
        @app.after_request
        def private(response: Response) -> Response:
            if request.path == "/static/app.css":
                response.cache_control.private = True
            return response

    app = make_app(before=say_private, STATIC_OPTIMIZER_FINGERPRINT="path")
    found = outcome(app, target, "--plain")
    assert "static/app.css" in found["withdrawn"]
    assert "static/app.css.gz" in found["withdrawn"]
    assert old <= files(target)


def test_what_is_private_in_one_coding_is_not_exported(make_app: MakeApp, target: Path) -> None:
    """That is seen only when it is there without a coding."""

    app = make_app()
    inner = app.wsgi_app

    def middleware(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if "Content-Encoding" in dict(headers):
                headers = [pair for pair in headers if pair[0] != "Cache-Control"]
                headers.append(("Cache-Control", "private"))
            return start_response(status, headers, *rest)

        return inner(environ, start)

    app.wsgi_app = middleware  # type: ignore[method-assign]
    found = outcome(app, target)
    assert [excluded["url"] for excluded in found["left_out"]] == ["/static/app.css"]
    assert found["withdrawn"] == ["static/app.css"]
    assert not [path for path in files(target) if "app.css" in path]
    assert "static/app.css" not in manifest(target)["files"]


def test_why_a_folder_is_left_out(make_app: MakeApp, tmp_path: Path, target: Path) -> None:
    class Own(Blueprint):
        def send_static_file(self, filename: str) -> Response:
            return Response("of a database")

    def add(app: Flask) -> None:
        shop = Blueprint("shop", __name__, static_folder=tmp_path, url_prefix="/<tenant>/<lang>")
        app.register_blueprint(shop)
        app.register_blueprint(Own("own", __name__, static_folder=tmp_path, url_prefix="/own"))
        decorate(app)

    found = outcome(make_app(before=add), target)
    assert {excluded["url"]: excluded["reason"] for excluded in found["left_out"]} == {
        "all files of 'own.static'": (
            "its send_static_file is the app's own, so the app has to run it"
        ),
        "all files of 'shop.static'": (
            "its URLs have <lang>, <tenant> in them, so a file has no one path"
        ),
        "all files of 'static'": "its view is decorated, so the app has to run it",
    }
    reason = outcome(make_app(USE_X_SENDFILE=True), target)["left_out"][0]["reason"]
    assert reason == "USE_X_SENDFILE leaves them to a front server"


@pytest.mark.parametrize("text", [b"of somebody else", CSS])
def test_a_foreign_file_in_the_way(make_app: MakeApp, target: Path, text: bytes) -> None:
    """It is named and left alone, the rest is exported, and the exit status tells."""
    place = target / "static" / "app.css"
    place.parent.mkdir(parents=True)
    place.write_bytes(text)
    app = make_app()
    found = outcome(app, target, "--prune", status=1)
    assert [excluded["url"] for excluded in found["failed"]] == ["/static/app.css"]
    assert "not written by an export" in found["failed"][0]["reason"]
    assert place.read_bytes() == text
    assert (target / "static" / "app.js").exists()
    assert "app.css" not in manifest(target)["assets"]["static"]
    place.unlink()
    assert outcome(app, target)["failed"] == []


@pytest.mark.parametrize("text", ['{"start_url": "/"}', "[]", "{", '{"made_by": 1, "version": 1}'])
def test_a_manifest_of_others_is_left_alone(make_app: MakeApp, target: Path, text: str) -> None:
    target.mkdir()
    (target / "manifest.json").write_text(text)
    result = export(make_app(), target)
    assert result.exit_code == 1
    assert "is no manifest of 'flask static export'" in result.stderr
    assert (target / "manifest.json").read_text() == text
    assert files(target) == set()
    assert export(make_app(), target, "--manifest", "assets.json").exit_code == 0


def test_the_apps_own_manifest_json(make_app: MakeApp, static_folder: Path, target: Path) -> None:
    (static_folder / "manifest.json").write_text("{}")
    app = make_app(flask={"static_url_path": ""})
    result = export(app, target)
    assert result.exit_code == 1
    assert "--manifest" in result.stderr
    assert files(target) == set()
    assert outcome(app, target, "--manifest=assets.json")["failed"] == []
    assert (target / "manifest.json").read_text() == "{}"


def test_a_manifest_that_names_files_elsewhere(
    make_app: MakeApp, tmp_path: Path, target: Path
) -> None:
    """What somebody writes into it makes no export remove or overwrite files outside."""
    app = make_app()
    outcome(app, target)
    outside = tmp_path / "outside"
    outside.write_bytes(CSS)
    etag = hashlib.sha256(CSS).hexdigest()[:32]
    changed = manifest(target)
    for path in ("../outside", str(outside), "static/../../outside"):
        changed["earlier"][path] = [etag]
    (target / "manifest.json").write_text(json.dumps(changed))
    assert outcome(app, target, "--prune")["removed"] == []
    assert outside.exists()


def test_an_interrupted_export(
    make_app: MakeApp, static_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves whole files only, and the next one knows them for its own."""
    app = make_app()
    written = 0
    whole = writing.write_verified

    def interrupted(*arguments: Any) -> Any:
        nonlocal written
        written += 1
        if written == 3:
            path, etag, _, temporary = arguments

            def cut() -> Any:
                yield b"half"
                raise KeyboardInterrupt

            return whole(path, etag, cut(), temporary)
        return whole(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("flask_static_optimizer.cli.export.folder.write_verified", interrupted)
        assert export(app, target).exit_code == 1
    left = {path for path in files(target) if not path.startswith(WORK)}
    assert len(left) == 2
    assert not (target / "manifest.json").exists()
    for path in left - {path for path in left if path.endswith((".gz", ".br", ".zst"))}:
        assert (target / path).read_bytes() == (static_folder.parent / path).read_bytes()
    (static_folder / "app.css").write_bytes(CSS + b"/* new */")
    assert outcome(app, target)["failed"] == []
    assert (target / "static" / "app.css").read_bytes() == CSS + b"/* new */"
    assert not (target / WORK).exists()


def test_each_manifest_has_a_journal(
    make_app: MakeApp, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an export with another manifest left when it was interrupted is not ours to remove."""

    def interrupted(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flask_static_optimizer.cli.export.folder.ExportFolder.finish", interrupted)
        assert export(make_app(), target, "--manifest=a.json").exit_code == 1
    unfinished = target / WORK / "a.json.1.new"
    unfinished.write_text("half")
    written = {path for path in files(target) if not path.startswith(WORK)}
    other = make_app(flask={"static_url_path": "/other"})
    found = outcome(other, target, "--manifest=b.json", "--prune")
    assert found["removed"] == []
    assert set(found["foreign"]) == written
    assert unfinished.exists()
    found = outcome(other, target, "--manifest=a.json", "--prune", status=1)
    assert {"/other/" in excluded["url"] for excluded in found["failed"]} == {True}
    assert not unfinished.exists()
    for path in (path for path in files(target) if path.startswith("other/")):
        (target / path).unlink()
    found = outcome(other, target, "--manifest=a.json", "--prune")
    assert set(found["removed"]) == written
    assert not (target / WORK).exists()


@pytest.mark.parametrize("name", ["", "manifest.json.journal"])
def test_unfinished_files_elsewhere(
    make_app: MakeApp, tmp_path: Path, target: Path, name: str
) -> None:
    """Where a symbolic link leads there is nothing to remove or to write."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for kept in ("keep.new", "manifest.json.1.new"):
        (outside / kept).write_text("of somebody else")
    link = target / WORK / name if name else target / WORK
    link.parent.mkdir(parents=True)
    link.symlink_to(outside / "keep.new" if name else outside)
    result = export(make_app(), target)
    assert result.exit_code == 1
    assert f"{str(link)!r} is a symbolic link" in result.stderr
    assert sorted(path.name for path in outside.iterdir()) == ["keep.new", "manifest.json.1.new"]
    assert (outside / "keep.new").read_text() == "of somebody else"
    link.unlink()
    assert outcome(make_app(), target)["failed"] == []


#: Exports a file whose bytes come slowly, and is killed meanwhile.
KILLED = """
import os, signal, sys
from flask import Flask
from flask_static_optimizer import StaticOptimizer
from flask_static_optimizer.assets import files
from flask_static_optimizer.cli.export import folder
files.SETTLED = -1e9
app = Flask("app", root_path=sys.argv[1])
StaticOptimizer(app)
whole = folder.write_verified
def killed(path, etag, body, temporary):
    def chunks():
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(path, etag, chunks() if path.name == "app.js" else body, temporary)
folder.write_verified = killed
app.test_cli_runner().invoke(args=["static", "export", sys.argv[2]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_export(make_app: MakeApp, static_folder: Path, target: Path) -> None:
    root = str(static_folder.parent)
    done = subprocess.run([sys.executable, "-c", KILLED, root, str(target)], check=False)
    assert done.returncode == -9
    assert (target / "static" / "app.css").read_bytes() == CSS
    assert not (target / "static" / "app.js").exists()
    assert [path for path in files(target) if path.endswith(".new")] != []
    (static_folder / "app.css").unlink()
    found = outcome(make_app(), target, "--prune")
    assert "static/app.css" in found["removed"]
    assert found["foreign"] == []
    assert not (target / WORK).exists()


def test_an_interrupted_prune(
    make_app: MakeApp, static_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of it is removed by the next one."""
    app = make_app()
    outcome(app, target)
    for name in ("app.js", "private/report.pdf"):
        (static_folder / name).unlink()

    def interrupted(self: Any, place: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flask_static_optimizer.cli.export.folder.ExportFolder._remove", interrupted)
        assert export(app, target, "--prune").exit_code == 1
    assert "app.js" not in manifest(target)["assets"]["static"]
    removed = outcome(app, target, "--prune")["removed"]
    assert removed == ["static/app.js", "static/private/report.pdf"]


def test_a_link_in_the_way(make_app: MakeApp, static_folder: Path, target: Path) -> None:
    """An export writes nothing and removes nothing behind a symbolic link of somebody else."""
    app = make_app()
    before = files(static_folder)
    target.mkdir()
    (target / "static").symlink_to(static_folder)
    found = outcome(app, target, "--plain", "--prune", status=1)
    assert {"symbolic link" in excluded["reason"] for excluded in found["failed"]} == {True}
    assert files(static_folder) == before
    (target / "static").unlink()
    outcome(app, target)
    (target / "static").rename(target.parent / "moved")
    (target / "static").symlink_to(target.parent / "moved")
    (static_folder / "app.js").unlink()
    outcome(app, target, "--prune", status=1)
    assert (target.parent / "moved" / "app.js").exists()


@pytest.mark.parametrize("where", ["static", "static/private", ".", "static/new/deeper"])
def test_not_where_the_sources_are(make_app: MakeApp, static_folder: Path, where: str) -> None:
    """An export would export itself, or take the sources for what it wrote."""
    result = export(make_app(), static_folder.parent / where)
    assert result.exit_code == 1
    assert "lie one in the other" in result.stderr
    assert not (static_folder / "new").exists()


def test_a_failure_of_the_app(make_app: MakeApp, target: Path) -> None:
    """What nobody knows of a file is not taken for the app's wish to protect it."""
    app = make_app(TESTING=False)

    @app.before_request
    def broken() -> None:
        if request.path == "/static/app.js":
            raise RuntimeError("out of order")

    found = outcome(app, target, status=1)
    assert [excluded["url"] for excluded in found["failed"]] == ["/static/app.js"]
    assert "out of order" in found["failed"][0]["reason"]


def test_a_file_that_changes_meanwhile(
    make_app: MakeApp, static_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New bytes never get the name of the old ones."""
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT="path")
    from flask_static_optimizer.cli.export import exporter

    urls_of = exporter.urls_of
    asked: list[str] = []

    def then_changed(app: Flask, mount: Any, name: str) -> Any:
        pair = urls_of(app, mount, name)
        asked.append(name)
        if asked.count("app.css") == 2:  # its place is looked up first
            (static_folder / "app.css").write_bytes(CSS + b"/* new */")
        return pair

    monkeypatch.setattr(exporter, "urls_of", then_changed)
    found = outcome(app, target, status=1)
    assert "export again" in found["failed"][0]["reason"]
    assert not [path for path in files(target) if path.endswith(".css")]


@pytest.mark.parametrize("mode", ["query", "path", False])
def test_a_bundlers_hash_is_no_fingerprint(
    make_app: MakeApp, static_folder: Path, target: Path, mode: Any
) -> None:
    """It looks like one and is another hash; the file keeps its name."""
    data = b"p { color: red }"
    hashed = f"a.{hashlib.md5(data).hexdigest()[:16]}.css"
    (static_folder / hashed).write_bytes(data)
    (static_folder / "b.0123456789abcdef.css").write_bytes(data)
    found = outcome(make_app(STATIC_OPTIMIZER_FINGERPRINT=mode), target)
    assert found["failed"] == []
    assert (target / "static" / hashed).read_bytes() == data
    assert "b.0123456789abcdef.css" in manifest(target)["assets"]["static"]


def test_debug_mode_is_refused(
    make_app: MakeApp, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    result = export(make_app(), target)
    assert result.exit_code == 1
    assert "debug mode" in result.stderr
    assert not target.exists()


@pytest.mark.parametrize("name", ["", "..", "a/b.json", WORK])
def test_names_of_the_manifest(make_app: MakeApp, target: Path, name: str) -> None:
    result = export(make_app(), target, f"--manifest={name}")
    assert result.exit_code == 2
    assert "manifest.json" in result.stderr


def test_what_it_prints(make_app: MakeApp, target: Path) -> None:
    app = make_app(STATIC_OPTIMIZER_RULES={"static:private/*": {"session": "protected"}})
    target.mkdir()
    (target / "robots.txt").touch()
    result = export(app, target)
    assert "2 assets in 5 files, 5 of them written now" in result.stdout
    assert "/static/private/report.pdf" in result.stdout
    assert "robots.txt" in result.stdout
    assert result.stderr == ""  # progress is for terminals
    assert "Removed" not in result.stdout
    result = export(make_app(before=guard_scripts), target)
    assert "Removed, as it is left out now" in result.stdout
    assert "\n  static/app.js\n" in result.stdout
    quiet = export(app, target, "--quiet")
    assert quiet.output == ""


def test_others_may_read_it(make_app: MakeApp, target: Path) -> None:
    if os.name == "nt":
        pytest.skip("modes are another thing on this system")
    before = os.umask(0o022)
    try:
        outcome(make_app(), target)
    finally:
        os.umask(before)
    for path in target.rglob("*"):
        assert path.stat().st_mode & 0o044 == 0o044, path
