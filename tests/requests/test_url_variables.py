"""Rules that go by the variables of a view's URL, and policies that name a view's folder."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from flask import Flask, send_from_directory

from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.config.errors import ConfigurationError

MakeApp = Callable[..., Flask]


def content(app: Flask) -> None:
    """Add views with several variables, with one that is no text, and with none."""

    def view(**values: Any) -> str:
        return repr(values)

    app.add_url_rule("/content/<group>/<path:name>", "content", view)
    app.add_url_rule("/numbers/<int:number>", "numbers", view)
    app.add_url_rule("/about", "about", view)
    app.add_url_rule("/files/<lang>/<path:filename>", "files", view)


def ages(app: Flask, *paths: str) -> list[str | None]:
    """Return the age that each response has by the rule that decided, ``None`` if none did."""
    found = []
    client = app.test_client()
    for path in paths:
        said = client.get(path).headers.get("Cache-Control")
        found.append(said and said.removeprefix("max-age="))
    return found


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # /content/js/a.js, /content/js/x/b.css, /content/css/b.css, /content/js/./x/b.css
        ({"content:group=js": 1}, ["1", "1", None, "1"]),
        ({"content:group=j*": 1, "content:group=css": 2}, ["1", "1", "2", "1"]),
        ({"content:name=*.css": 1}, [None, "1", "1", "1"]),
        ({"content:group=js&name=*.css": 1}, [None, "1", None, "1"]),
        ({"content:name=x/*": 1}, [None, "1", None, "1"]),
        ({"content:group=js&name=*.css": 1, "content:group=js": 2, "content": 3},
         ["2", "1", "3", "1"]),
        ({"con*:group=js": 1, "content": 3}, ["1", "1", "3", "1"]),
        ({"content:group=js": False, "content": 3}, [None, None, "3", None]),
        ({"content:group=[!j]*": 1}, [None, None, "1", None]),
        ({"content:*.css": 1}, [None, None, None, None]),  # which of the two is the file's name?
    ],
)  # fmt: skip
def test_a_rule_by_variables(
    make_app: MakeApp, rules: dict[str, Any], expected: list[str | None]
) -> None:
    """The first rule decides whose globs all match."""
    policies = {key: value and {"max_age": value} for key, value in rules.items()}
    app = make_app(before=content, STATIC_OPTIMIZER_RULES=policies)
    paths = ["js/a.js", "js/x/b.css", "css/b.css", "js/./x/b.css"]
    assert ages(app, *(f"/content/{path}" for path in paths)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"numbers:number=1?": 1}, ["1", None]),
        ({"numbers:number=[!1]*": 1, "numbers": 2}, ["2", "1"]),
    ],
)
def test_a_variable_that_is_no_text(
    make_app: MakeApp, rules: dict[str, int], expected: list[str | None]
) -> None:
    policies = {key: {"max_age": age} for key, age in rules.items()}
    app = make_app(before=content, STATIC_OPTIMIZER_RULES=policies)
    assert ages(app, "/numbers/12", "/numbers/7") == expected


def test_a_file_name_beside_a_variable(make_app: MakeApp) -> None:
    """``filename`` is a variable as others are, and the glob without a name is the same."""
    for glob in ("filename=*.css&lang=de", "lang=de&filename=*.css"):
        app = make_app(before=content, STATIC_OPTIMIZER_RULES={f"files:{glob}": {"max_age": 1}})
        paths = ("/files/de/a.css", "/files/en/a.css", "/files/de/a.js")
        assert ages(app, *paths) == ["1", None, None]
    app = make_app(before=content, STATIC_OPTIMIZER_RULES={"files:*.css": {"max_age": 1}})
    assert ages(app, "/files/de/a.css", "/files/en/a.js") == ["1", None]


def test_a_file_name_with_an_equals_sign(make_app: MakeApp, static_folder: Path) -> None:
    (static_folder / "v=1").mkdir()
    (static_folder / "v=1" / "a.css").write_text("a {}")
    app = make_app(STATIC_OPTIMIZER_RULES={"static:filename=v=1/*": {"max_age": 1}})
    assert ages(app, "/static/v=1/a.css", "/static/app.css") == ["1", "3600"]


def test_a_protected_folder_by_the_name_of_its_variable(make_app: MakeApp) -> None:
    """It holds for all spellings and links, as the glob without a name does."""
    rules = {"static:filename=private/*": {"session": "protected"}}
    client = make_app(STATIC_OPTIMIZER_RULES=rules).test_client()
    for path in ("private/report.pdf", "x/../private/report.pdf", "./private/report.pdf"):
        said = client.get(f"/static/{path}").headers["Cache-Control"]
        assert said == "private, no-cache"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("content:grp=js", ["RULES['content:grp=js']", "'grp'", "'group' and 'name'"]),
        ("content:group=js&lang=de", ["variables 'group' and 'lang'"]),
        ("cont*:grp=js", ["'content'", "'grp'"]),
        ("about:x=1", ["there are none"]),
        ("numbers:n=1", ["there is 'number'"]),
        ("st*c:v=1/*", ["'filename'", "st*c:filename="]),
    ],
)
def test_a_variable_that_no_url_has(make_app: MakeApp, key: str, words: list[str]) -> None:
    app = make_app(before=content, STATIC_OPTIMIZER_RULES={key: {}})
    with pytest.raises(ConfigurationError) as caught:
        app.test_client().get("/about")
    for word in words:
        assert word in str(caught.value)


def test_a_variable_of_a_static_folder_is_told_at_start(make_app: MakeApp) -> None:
    """Its view takes a file's name and nothing else, so that no later URL can have one."""
    with pytest.raises(ConfigurationError) as caught:
        make_app(STATIC_OPTIMIZER_RULES={"static:v=1/*": {}})
    assert "'static:filename=…'" in str(caught.value)


@pytest.mark.parametrize("command", [["audit"], ["explain", "/about"], ["build"]])
def test_a_command_tells_it_in_one_line(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, command: list[str]
) -> None:
    app = make_app(before=content, STATIC_OPTIMIZER_RULES={"content:grp=js": {}})
    result = app.test_cli_runner().invoke(args=["static", *command])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith("Error: STATIC_OPTIMIZER_RULES['content:grp=js']: no URL of 'content'")
    assert not caplog.records


def test_one_of_the_views_has_the_variable(make_app: MakeApp) -> None:
    app = make_app(before=content, STATIC_OPTIMIZER_RULES={"*n*:number=1": {"max_age": 4}})
    assert ages(app, "/numbers/1", "/numbers/2", "/content/a/b") == ["4", None, None]


def test_a_url_that_is_added_later(make_app: MakeApp) -> None:
    """Until the first request a view may get more URLs, one of which has the variable."""

    def late(app: Flask) -> None:
        app.add_url_rule("/about/<lang>", "about", app.view_functions["about"])

    app = make_app(
        before=content, after=late, STATIC_OPTIMIZER_RULES={"about:lang=de": {"max_age": 4}}
    )
    assert ages(app, "/about/de", "/about/en", "/about") == ["4", None, None]


def test_a_rule_before_that_is_for_all(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="never reached"):
        make_app(before=content, STATIC_OPTIMIZER_RULES={"content": {}, "content:group=js": {}})
    with pytest.raises(ConfigurationError, match="'group' twice"):
        make_app(STATIC_OPTIMIZER_RULES={"content:group=js&group=css": {}})


def declared(app: Flask, folder: object, *urls: str) -> None:
    @cacheable_static(folder=folder)  # type: ignore[call-overload]
    def view(name: str) -> Any:
        return send_from_directory("static", name)

    for url in urls:
        app.add_url_rule(url, "files", view)


@pytest.mark.parametrize(
    ("folder", "urls", "words"),
    [
        ("none", ["/f/<path:name>"], ["'none'", "no folder", "app.root_path"]),
        ("static/app.css", ["/f/<name>"], ["no folder"]),
        ("static", ["/<group>/<name>"], ["only variable", "/<group>/<name>"]),
        ("static", ["/f/<name>/view"], ["at the end", "/f/<name>/view"]),
        ("static", ["/f/<int:name>"], ["at the end"]),
        ("static", ["/f/<path:name>", "/g/<path:other>"], ["only variable"]),
    ],
)
def test_a_folder_that_can_not_be(
    make_app: MakeApp, folder: str, urls: list[str], words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_app(before=lambda app: declared(app, folder, *urls))
    for word in (f"folder={folder!r}", "'files'", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [5, "", b"", ["static"]])
def test_a_folder_that_is_no_path(value: object) -> None:
    with pytest.raises(ConfigurationError, match="folder is"):
        cacheable_static(folder=value)  # type: ignore[call-overload]


def test_a_folder_of_a_static_folder(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="'static' is a static folder already"):
        make_app(STATIC_OPTIMIZER_RULES={"static": {"folder": "static"}})


def test_two_folders_of_one_view(make_app: MakeApp) -> None:
    rules = {"files:*.css": {"folder": "static"}, "files": {"folder": "static/private"}}
    with pytest.raises(ConfigurationError, match="'static' and 'static/private'"):
        make_app(
            before=lambda app: app.add_url_rule("/f/<name>", "files", lambda name: name),
            STATIC_OPTIMIZER_RULES=rules,
        )


@pytest.mark.parametrize(
    "url", ["/f/<path:name>", "/<name>", "/f/<string:name>", "/f-<string(minlength=2):name>"]
)
def test_urls_that_end_with_a_name(make_app: MakeApp, url: str) -> None:
    app = make_app(before=lambda app: declared(app, "static", url))
    state = app.extensions["static_optimizer"]
    source = state.endpoints.linked("files")
    assert (source.variable, source.by_view) == ("name", True)
    assert Path(source.folder) == Path(app.root_path, "static")
    assert state.endpoints.mount("files") is None


def test_a_dropped_app_is_freed(static_folder: Path) -> None:
    """No part that knows the folder of a view holds the app."""

    def app() -> ref[Flask]:
        made = Flask("app", root_path=str(static_folder.parent))
        declared(made, "static", "/f/<path:name>")
        StaticOptimizer(made)
        with made.test_client() as client, client.get("/f/app.css") as response:
            assert response.status_code == 200
        return ref(made)

    gone = app()
    gc.collect()
    assert gone() is None
