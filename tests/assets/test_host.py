"""``STATIC_OPTIMIZER_HOST_URL``: static files of pages come from another host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Blueprint, Flask, Response, render_template_string, url_for

from flask_static_optimizer import ConfigurationError, cacheable_static
from flask_static_optimizer.config.settings import Settings

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

CDN = "https://cdn.example.com"
RULES = {"static:private/*": {"session": "protected"}, "static:alone.css": False}


@pytest.fixture(params=[CDN, f"{CDN}/a/site", "http://[::1]:8080", "https://cdn.test:8443"])
def cdn(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(make_app: MakeApp, cdn: str) -> MakeApp:
    def make(**config: Any) -> Flask:
        return make_app(STATIC_OPTIMIZER_HOST_URL=cdn, STATIC_OPTIMIZER_RULES=RULES, **config)

    return make


def asked(app: Flask, url: str) -> Response:
    """Ask the app for what a CDN that got a URL would ask it for."""
    parts = urlsplit(url.removeprefix(app.config["STATIC_OPTIMIZER_HOST_URL"]))
    return app.test_client().get(f"{parts.path}?{parts.query}")


@pytest.mark.parametrize("mode", ["query", "path", False])
def test_urls_of_files_have_the_host(make: MakeApp, cdn: str, mode: Any) -> None:
    app = make(STATIC_OPTIMIZER_FINGERPRINT=mode)
    with app.test_request_context("/page", base_url="https://www.example.org"):
        plain = url_for("static", filename="app.css")
        external = url_for("static", filename="app.css", _external=True, _scheme="http")
        anchored = url_for("static", filename="app.css", _anchor="top")
    assert plain.startswith(f"{cdn}/static/app.")
    assert external == plain
    assert anchored == f"{plain}#top"
    response = asked(app, plain)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert ("immutable" in response.headers["Cache-Control"]) == bool(mode)


def test_script_name_blueprints_and_missing_files(
    make: MakeApp, cdn: str, static_folder: Path
) -> None:
    app = make()
    blueprint = Blueprint("shop", __name__, static_folder=static_folder, url_prefix="/shop")

    @blueprint.get("/")
    def page() -> str:
        return url_for(".static", filename="app.css")

    app.register_blueprint(blueprint)
    with app.test_request_context(base_url="https://www.example.org/mounted"):
        assert url_for("static", filename="app.css").startswith(f"{cdn}/mounted/static/app.css?v=")
        assert url_for("shop.static", filename="app.js") == f"{cdn}/mounted/shop/static/app.js"
        assert url_for("static", filename="none.css") == f"{cdn}/mounted/static/none.css"
        assert url_for("page") == "/mounted/"
    assert app.test_client().get("/shop/").text.startswith(f"{cdn}/shop/static/app.css?v=")


def test_what_is_not_for_everybody_stays(make: MakeApp, static_folder: Path) -> None:
    """Browsers send the session's cookie to the app alone."""
    (static_folder / "alone.css").write_text("p {}")
    app = make()
    with app.test_request_context():
        for name in ("private/report.pdf", "alone.css"):
            assert url_for("static", filename=name) == f"/static/{name}"
    response = app.test_client().get("/static/private/report.pdf")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Access-Control-Allow-Origin" not in response.headers


PROTECTED = {"session": "protected"}


@pytest.mark.parametrize(
    ("rules", "on_host"),
    [
        ({}, ["", "css/", "css", "private/", "private", "private/deep/", "link/", "later/"]),
        ({"static:private/*": PROTECTED}, ["css/", "css", "later/"]),
        ({"static:private/*": False}, ["css/", "css", "later/"]),
        ({"static:private/deep/*": PROTECTED}, ["css/", "css", "later/"]),
        ({"static:priv*": PROTECTED}, ["css/", "css", "later/"]),
        ({"static:*.pdf": PROTECTED}, []),
        ({"static": PROTECTED}, []),
        ({"static:css/*": {}, "static": PROTECTED}, ["css/", "css"]),
        ({"static:css/*.css": {}, "static": PROTECTED}, []),
        ({"static:c": PROTECTED}, ["css/", "css", "private/", "private", "private/deep/", "link/",
                                   "later/"]),
        ({"static": {}}, ["", "css/", "css", "private/", "private", "private/deep/", "link/",
                          "later/"]),
    ],
)  # fmt: skip
def test_a_folder_has_the_host_if_all_below_it_has(
    make_app: MakeApp, static_folder: Path, rules: dict[str, Any], on_host: list[str]
) -> None:
    """A script adds the names of files to such a URL."""
    for name in ("css", "private/deep"):
        (static_folder / name).mkdir(parents=True, exist_ok=True)
    (static_folder / "link").symlink_to("private", target_is_directory=True)
    app = make_app(STATIC_OPTIMIZER_HOST_URL=CDN, STATIC_OPTIMIZER_RULES=rules)
    names = ["", "css/", "css", "private/", "private", "private/deep/", "link/", "later/"]
    with app.test_request_context():
        urls = {name: url_for("static", filename=name) for name in names}
        assert url_for("static", filename="app.js").startswith(CDN) == (
            PROTECTED not in [rules.get("static")]
        )
    assert [name for name in names if urls[name] == f"{CDN}/static/{name}"] == on_host
    assert all(urls[name] == f"/static/{name}" for name in names if name not in on_host)


def test_a_folder_with_a_host_of_its_own_stays(make_app: MakeApp) -> None:
    app = make_app(
        STATIC_OPTIMIZER_HOST_URL=CDN, flask={"static_host": "own.test", "host_matching": True}
    )
    with app.test_request_context(base_url="http://own.test"):
        assert url_for("static", filename="app.css").startswith("/static/app.css?v=")


def test_plain_means_as_flask_makes_it(make: MakeApp) -> None:
    """Workers, for one, have to come from the page's own host."""
    app = make()
    with app.test_request_context():
        values: dict[str, Any] = {"filename": "app.css", "static_optimizer_plain": True}
        assert url_for("static", **values) == "/static/app.css"


@pytest.mark.parametrize("wanted", [True, False])
def test_debug_mode_has_the_apps_own_host_unless_wanted(
    make: MakeApp, cdn: str, wanted: bool
) -> None:
    app = make(
        STATIC_OPTIMIZER_HOST_URL_IN_DEBUG=wanted, DEBUG=True, STATIC_OPTIMIZER_IMPORTMAP=True
    )
    with app.test_request_context():
        assert url_for("static", filename="app.css").startswith(cdn if wanted else "/static/")
        assert (cdn in render_template_string("{{ static_importmap() }}")) == wanted


def test_stylesheets_refer_as_before(make: MakeApp, static_folder: Path) -> None:
    """A relative reference leads to the host that the stylesheet came from."""
    source = "@import 'app.css'; p { background: url(/static/a.png) }"
    (static_folder / "site.css").write_text(source)
    (static_folder / "a.png").write_bytes(b"png")
    css = make().test_client().get("/static/site.css").text
    assert "cdn" not in css
    assert "://" not in css
    assert re.search(r"@import 'app\.css\?v=\w{16}'", css)


@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.parametrize("path", ["", "/a/site"])
@pytest.mark.parametrize(
    ("sheet", "url"),
    [
        ("site.css", "/static/img/a b.png"),
        ("css/deep/site.css", "/static/img/a%20b.png?x=1#y"),
        ("css/site.css", "img/../../img/a%20b.png"),
        ("img/site.css", "/static/img/a%20b.png"),
        ("img/site.css", "/static/img/c:d.png"),
        ("css/site.css", "/static/js/app.mjs"),
        ("css/site.css", "/static/css/site.css"),
    ],
)
def test_absolute_references_of_a_stylesheet_lead_to_the_host(
    make_app: MakeApp, static_folder: Path, path: str, sheet: str, url: str, mode: str
) -> None:
    """They do so below the path of the host, too, which the app is not asked for."""
    for name in ("img/a b.png", "img/c:d.png"):
        (static_folder / name).parent.mkdir(exist_ok=True)
        (static_folder / name).write_bytes(b"png")
    (static_folder / "js").mkdir(exist_ok=True)
    (static_folder / "js/app.mjs").write_text("export {}")
    (static_folder / sheet).parent.mkdir(parents=True, exist_ok=True)
    (static_folder / sheet).write_text(f'p {{ background: url("{url}") }}')
    config = {"STATIC_OPTIMIZER_HOST_URL": CDN + path, "STATIC_OPTIMIZER_FINGERPRINT": mode}
    app = make_app(**config)
    with app.test_request_context():
        at = url_for("static", filename=sheet)
    assert at.startswith(f"{CDN}{path}/")
    found = re.search(r'url\("([^"]+)"\)', asked(app, at).text)
    assert found is not None
    there = urljoin(at, re.sub(r"\\20 ", "%20", found[1]))
    assert there.startswith(f"{CDN}{path}/static/")
    with asked(app, there) as response:
        assert response.status_code == 200
    if path == "" and url.startswith("/"):
        assert found[1].startswith("/static/")


def test_a_link_to_a_protected_file(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with such a link, to the file or to a folder with it, is not for everybody."""
    monkeypatch.setattr("flask_static_optimizer.assets.host._BELIEVED", 0)
    for name in ("private", "public/deep", "other", "round"):
        (static_folder / name).mkdir(parents=True, exist_ok=True)
    (static_folder / "private/report.pdf").write_bytes(b"secret")
    (static_folder / "other/open.css").write_bytes(b"p {}")
    (static_folder / "public/open.css").symlink_to("../other/open.css")
    (static_folder / "round/round").symlink_to("../round")
    app = make_app(STATIC_OPTIMIZER_HOST_URL=CDN, STATIC_OPTIMIZER_RULES=RULES)

    def on_host(*folders: str) -> list[bool]:
        with app.test_request_context():
            urls = [url_for("static", filename=folder) for folder in folders]
        return [url.startswith(CDN) for url in urls]

    assert on_host("public/", "public", "other/", "round/") == [True] * 4
    link = static_folder / "public/deep/report.pdf"
    link.symlink_to("../../private/report.pdf")
    response = app.test_client().get("/static/public/deep/report.pdf")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert on_host("public/", "public", "public/deep/", "other/") == [False, False, False, True]
    link.unlink()
    assert on_host("public/") == [True]
    link.symlink_to("../../private", target_is_directory=True)
    assert on_host("public/") == [False]
    link.unlink()
    # A folder that is shared by its name, with a link in it that is not.
    link.symlink_to("../../other", target_is_directory=True)
    assert on_host("public/") == [True]
    (static_folder / "other/report.pdf").symlink_to("../private/report.pdf")
    assert on_host("public/") == [False]


def test_a_folder_with_more_than_a_page_can_look_through(
    make_app: MakeApp, static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_static_optimizer.requests.static_endpoint._MOST_ENTRIES", 3)
    (static_folder / "many").mkdir()
    for number in range(4):
        (static_folder / f"many/{number}.css").write_text("p {}")
    app = make_app(STATIC_OPTIMIZER_HOST_URL=CDN, STATIC_OPTIMIZER_RULES=RULES)
    with app.test_request_context():
        assert url_for("static", filename="many/") == "/static/many/"
    app = make_app(STATIC_OPTIMIZER_HOST_URL=CDN)
    with app.test_request_context():
        assert url_for("static", filename="many/").startswith(CDN)


def test_the_import_map_leads_to_the_host(make: MakeApp, cdn: str, static_folder: Path) -> None:
    """Modules there import each other there; a script in the page names the app's own URLs."""
    (static_folder / "lib.js").write_text("import './app.js'\n")
    app = make(STATIC_OPTIMIZER_IMPORTMAP=True)
    with app.test_request_context(base_url="http://localhost/mounted"):
        html = render_template_string("{{ static_importmap('*.js') }}")
        urls = {name: url_for("static", filename=name) for name in ("app.js", "lib.js")}
    found = re.search(r">(.*)<", html)
    assert found
    assert json.loads(found[1])["imports"] == {
        **{f"{cdn}/mounted/static/{name}": url for name, url in urls.items()},
        **{f"/mounted/static/{name}": url for name, url in urls.items()},
    }
    assert all(url.startswith(cdn) and "?v=" in url for url in urls.values())


def test_preload_links_fetch_as_the_tags_do(make: MakeApp, cdn: str, static_folder: Path) -> None:
    """A link that fetches in another mode than the tag is for nothing, and fetches twice."""
    (static_folder / "text.woff2").write_bytes(b"font")
    (static_folder / "classic.js").write_text("var a")
    app = make(STATIC_OPTIMIZER_PRELOAD=["style", "script", "font"])

    @app.get("/loading")
    def loading() -> str:
        return render_template_string(
            """{% set name = 'classic.js' %}
            <link rel=stylesheet href="{{ url_for('static', filename='app.css') }}">
            <script src="{{ url_for('static', filename=name) }}" crossorigin
                    integrity="{{ static_integrity(name) }}"></script>
            {{ url_for('static', filename='text.woff2') }}"""
        )

    links = app.test_client().get("/loading").headers.getlist("Link")
    with app.test_request_context():
        value = render_template_string("{{ static_integrity('classic.js') | safe }}")
    assert [re.sub(r"\?v=\w+", "", link) for link in links] == [
        f"<{cdn}/static/app.css>; rel=preload; as=style",
        f'<{cdn}/static/classic.js>; rel=preload; as=script; crossorigin; integrity="{value}"',
        f"<{cdn}/static/text.woff2>; rel=preload; as=font; crossorigin",
    ]


def chart() -> str:
    return "chart"


def test_other_origins_may_read_files_unless_told_otherwise(make: MakeApp) -> None:
    name = "Access-Control-Allow-Origin"
    app = make()
    app.add_url_rule("/chart", view_func=cacheable_static(chart))
    client = app.test_client()
    assert name not in client.get("/chart").headers
    etag = client.get("/static/app.css").headers["ETag"]
    known = client.get("/static/app.css", headers={"If-None-Match": etag})
    assert (known.status_code, known.headers[name]) == (304, "*")
    assert name not in client.get("/").headers
    assert name not in client.get("/static/none.css").headers
    one = make(STATIC_OPTIMIZER_HEADERS={name: "https://www.example.org"}).test_client()
    assert one.get("/static/app.css").headers.getlist(name) == ["https://www.example.org"]
    none = make(STATIC_OPTIMIZER_HEADERS={name: None}).test_client()
    assert name not in none.get("/static/app.css").headers


def test_the_commands_ask_the_app_itself(make: MakeApp, tmp_path: Path, cdn: str) -> None:
    app = make(TESTING=False)
    run = app.test_cli_runner().invoke
    printed = run(args=["static", "nginx", "--root", str(tmp_path / "copy")])
    assert printed.exit_code == 0, printed.output
    assert re.search(r'"/static/app.css" "/static/app.css [0-9a-f]{16} ', printed.stdout)
    assert "Access-Control-Allow-Origin" in printed.stdout
    assert cdn not in printed.stdout
    report = json.loads(run(args=["static", "audit", "--json"]).stdout)
    rows = {row["url"]: row for row in report["requests"]}
    assert "immutable" in rows["/static/app.css"]["versioned"]
    said = run(args=["static", "explain", f"{cdn}/static/app.css"]).output
    assert "HOST_URL" in said
    assert "default of one hour" in said


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("cdn.example.com", "'https://' or 'http://' before the host"),
        ("//cdn.example.com", "'https://' or 'http://' before the host"),
        ("ftp://cdn.example.com", "'https://' or 'http://' before the host"),
        ("", "'https://' or 'http://' before the host"),
        ("https://cdn.example.com/", "without a slash at the end"),
        ("https://cdn.example.com/site/", "without a slash at the end"),
        ("https://cdn.example.com?x=1", "without a query"),
        ("https://cdn.example.com#x", "without a query"),
        ("https://", "without a slash at the end"),
        ("https://cdn.example.com:port", "a scheme, a host"),
        ("https://cdn.example.com:99999", "a scheme, a host"),
        ("https://user@cdn.example.com", "a scheme, a host"),
        ("https://cdn example.com", "a scheme, a host"),
        ("https://cdn.example.com/a/../b", "a scheme, a host"),
        ("https://cdn.example.com\n", "a scheme, a host"),
        ("https://[::1", "a scheme, a host"),
        (True, "give the URL of a host"),
        (5, "give the URL of a host"),
        (["https://cdn.example.com"], "give the URL of a host"),
    ],
)  # fmt: skip
def test_a_host_that_is_none_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_config({"STATIC_OPTIMIZER_HOST_URL": value})
    message = str(caught.value)
    assert message.startswith(f"STATIC_OPTIMIZER_HOST_URL is {value!r}: ")
    assert words in message
    assert "'https://cdn.example.com'" in message


def test_no_host_and_a_field_that_forbids_one() -> None:
    assert Settings.from_config({"STATIC_OPTIMIZER_HOST_URL": False}).host_url is None
    config = {
        "STATIC_OPTIMIZER_HOST_URL": CDN,
        "STATIC_OPTIMIZER_HEADERS": {"cross-origin-resource-policy": "same-origin"},
    }
    with pytest.raises(ConfigurationError, match="'same-site' or 'cross-origin'"):
        Settings.from_config(config)
