"""The template helpers: integrity, import maps and preloading."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, url_for

MakeApp = Callable[..., Flask]


def sri(data: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(data).digest()).decode()}"


def imports(app: Flask, call: str = "static_importmap()", **context: Any) -> dict[str, str]:
    with app.test_request_context(**context):
        element = render_template_string(f"{{{{ {call} }}}}")
    found: dict[str, str] = json.loads(re.sub(r"<[^>]*>", "", element))["imports"]
    return found


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("mode", ["query", "path"])
def test_integrity_is_of_the_served_bytes(
    make_app: MakeApp, static_folder: Path, mode: str
) -> None:
    """``static_integrity`` is the hash of the bytes as they are served."""
    (static_folder / "dot.png").write_bytes(b"1")
    (static_folder / "a.css").write_bytes(b"@import 'b.css'; a { b: url(dot.png) }")
    (static_folder / "b.css").write_bytes(b"@import 'a.css';")
    (static_folder / "large.bin").write_bytes(bytes(17 * 2**20))
    app = make_app(STATIC_OPTIMIZER_FINGERPRINT=mode)
    client = app.test_client()
    for picture in (b"1", b"2"):
        (static_folder / "dot.png").write_bytes(picture)
        for name in ("a.css", "b.css", "app.css", "dot.png", "large.bin"):
            with app.test_request_context():
                url = url_for("static", filename=name)
                said = render_template_string("{{ static_integrity(name)|safe }}", name=name)
            with client.get(url) as response:
                assert said == sri(response.data), name


def test_later_blueprints_are_known(make_app: MakeApp, static_folder: Path) -> None:
    """A blueprint that is registered later is known without a request."""

    def add(app: Flask) -> None:
        app.register_blueprint(
            Blueprint("late", "app", static_folder=str(static_folder), url_prefix="/late")
        )

    ask = "{{ static_integrity('app.js', 'late.static')|safe }}"
    app = make_app(after=add)
    with app.app_context():
        assert render_template_string(ask) == sri((static_folder / "app.js").read_bytes())
    assert "/late/static/app.js" in imports(make_app(after=add, STATIC_OPTIMIZER_IMPORTMAP=True))


@pytest.mark.parametrize("mode", ["query", "path"])
def test_the_import_map_has_modules_only(make_app: MakeApp, static_folder: Path, mode: str) -> None:
    """The import map lists all modules, and nothing else."""
    for name in (
        "js/a b#é.mjs",
        "js/deep/c.js",
        "private/d.js",
        ".hidden.js",
        "e.json",
        "f.js.map",
    ):
        (static_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (static_folder / name).write_bytes(b"export {}")
    hashed = f"g.{hashlib.sha256(b'export {}').hexdigest()[:10]}.js"
    (static_folder / hashed).write_bytes(b"export {}")
    rules = {"static:private/*": {"session": "protected"}}
    app = make_app(
        STATIC_OPTIMIZER_FINGERPRINT=mode,
        STATIC_OPTIMIZER_IMPORTMAP=True,
        STATIC_OPTIMIZER_RULES=rules,
    )
    found = imports(app)
    assert list(found) == [
        "/static/app.js", "/static/js/a%20b%23%C3%A9.mjs", "/static/js/deep/c.js"
    ]  # fmt: skip
    client = app.test_client()
    for plain, url in found.items():
        assert "immutable" in client.get(url).headers["Cache-Control"]
        assert client.get(url).data == client.get(plain).data
    assert list(imports(app, "static_importmap('js/deep/*')")) == ["/static/js/deep/c.js"]
    below = imports(app, base_url="http://host/below")
    assert all(key.startswith("/below/static/") for key in [*below, *below.values()])
    (static_folder / "js" / "new.js").write_bytes(b"export {}")
    assert "/static/js/new.js" in imports(app)
    assert imports(make_app(STATIC_OPTIMIZER_FINGERPRINT=False)) == {}


@pytest.mark.parametrize("before", [True, False])
def test_import_maps_preload_nothing(make_app: MakeApp, static_folder: Path, before: bool) -> None:
    """A module is not preloaded because an import map lists it."""
    (static_folder / "other.js").write_bytes(b"export {}")
    script = "{{ url_for('static', filename='app.js') }}"
    parts = [script, "{{ static_importmap() }}"] if before else ["{{ static_importmap() }}", script]

    def add(app: Flask) -> None:
        app.add_url_rule("/html", "html", lambda: render_template_string(" ".join(parts)))

    app = make_app(STATIC_OPTIMIZER_PRELOAD=["module"], STATIC_OPTIMIZER_IMPORTMAP=True, after=add)
    (link,) = app.test_client().get("/html").headers.getlist("Link")
    assert re.fullmatch(r"</static/app\.js\?v=[0-9a-f]{16}>; rel=modulepreload", link)


def test_only_pages_have_links_and_only_so_many(make_app: MakeApp, static_folder: Path) -> None:
    names = [f"style{number}.css" for number in range(40)]
    for name in names:
        (static_folder / name).write_text(name)

    def page(kind: str) -> Any:
        urls = " ".join(url_for("static", filename=name) for name in names)
        return {"html": urls, "json": {"urls": urls}, "gone": (urls, 404)}[kind]

    app = make_app(
        STATIC_OPTIMIZER_PRELOAD=["style"],
        after=lambda app: app.add_url_rule("/of/<kind>", "of", page),
    )
    client = app.test_client()
    assert len(client.get("/of/html").headers.getlist("Link")) == 24
    for kind in ("json", "gone"):
        assert "Link" not in client.get(f"/of/{kind}").headers
    assert "Link" not in client.get("/").headers


@pytest.mark.usefixtures("settled")
def test_the_keys_are_what_modules_import(make_app: MakeApp, static_folder: Path) -> None:
    """A version that the app adds to all URLs is in no import, so it is in no key of the map."""

    def versions(app: Flask) -> None:
        @app.url_defaults
        def add(endpoint: str, values: dict[str, Any]) -> None:
            values.setdefault("v", "2")

    app = make_app(before=versions, STATIC_OPTIMIZER_IMPORTMAP=True)
    ((key, url),) = imports(app).items()
    assert key == "/static/app.js"
    assert re.fullmatch(r"/static/app\.js\?v=2&v=[0-9a-f]{16}", url)


HELPERS = ["static_entry", "static_importmap", "static_integrity"]


def by_processor(app: Flask, name: str) -> None:
    app.context_processor(lambda: {name: lambda: "mine"})


def by_global(app: Flask, name: str) -> None:
    app.add_template_global(lambda: "mine", name)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("add", [by_processor, by_global])
@pytest.mark.parametrize("name", HELPERS)
def test_the_apps_own_helper_of_that_name_stays(
    make_app: MakeApp, add: Callable[[Flask, str], None], when: str, name: str
) -> None:
    """A page that worked without the extension works with it."""
    adding: dict[str, Any] = {when: lambda app: add(app, name)}
    app = make_app(**adding)
    others = " ".join(f"{{{{ {other} is defined }}}}" for other in HELPERS)
    with app.test_request_context():
        assert render_template_string(f"{{{{ {name}() }}}} {others}") == "mine True True True"


def test_a_macro_of_another_template(make_app: MakeApp, tmp_path: Path) -> None:
    """It has the helpers where the template gives it its context."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "head.html").write_text(
        "{% macro head() %}{{ static_integrity('app.css') }}{% endmacro %}"
    )
    with make_app().test_request_context():
        text = "{% from 'head.html' import head with context %}{{ head() }}"
        assert render_template_string(text).startswith("sha384-")


def linked(make_app: MakeApp, text: str, **config: Any) -> list[str]:
    """Return the ``Link`` fields of a page, without versions and parameters."""

    def add(app: Flask) -> None:
        app.add_url_rule("/html", "html", lambda: render_template_string(text))

    app = make_app(STATIC_OPTIMIZER_PRELOAD=["style"], after=add, **config)
    response = app.test_client().get("/html")
    assert response.status_code == 200
    return [link.partition("?")[0] for link in response.headers.getlist("Link")]


def test_a_plain_url_is_not_preloaded(make_app: MakeApp) -> None:
    plain = "{{ url_for('static', filename='app.css', static_optimizer_plain=True) }}"
    assert linked(make_app, plain) == []


def test_the_same_url_is_preloaded_once(make_app: MakeApp) -> None:
    """With and without an anchor, and with and without the page's own host."""
    url = "{{ url_for('static', filename='app.css', %s) }}"
    text = url % "_anchor='a'" + url % "_external=True" + url % "_anchor='b', _external=True"
    assert linked(make_app, text) == ["</static/app.css"]


def test_the_integrity_of_a_link_is_that_of_its_file(
    make_app: MakeApp, static_folder: Path, tmp_path: Path
) -> None:
    """Another folder may have a file of the same name."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "app.css").write_text("i {}")

    def add(app: Flask) -> None:
        app.register_blueprint(
            Blueprint("shop", __name__, static_folder=tmp_path / "other", url_prefix="/shop")
        )
        text = """{{ url_for('static', filename='app.css') }} {{ static_integrity('app.css') }}
            {{ url_for('shop.static', filename='app.css') }}"""
        app.add_url_rule("/html", "html", lambda: render_template_string(text))

    app = make_app(
        STATIC_OPTIMIZER_PRELOAD=["style"],
        STATIC_OPTIMIZER_HOST_URL="https://cdn.example.com",
        after=add,
    )
    mine, other = app.test_client().get("/html").headers.getlist("Link")
    value = sri((static_folder / "app.css").read_bytes())
    assert mine.endswith(f'crossorigin; integrity="{value}"')
    assert other.endswith("as=style")
