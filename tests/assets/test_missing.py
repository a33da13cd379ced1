"""'url_for' of static files that are not there: told once, or an error where that is wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string, url_for

from flask_static_optimizer.assets import missing
from flask_static_optimizer.assets.missing import MOST_TOLD, ONE_BY_ONE, PAUSE, MissingFileError
from flask_static_optimizer.assets.mount import Mount

MakeApp = Callable[..., Flask]

pytestmark = pytest.mark.usefixtures("settled")

#: The ways in which the file of a URL is looked up, or not at all.
WAYS: list[dict[str, Any]] = [
    {},
    {"STATIC_OPTIMIZER_FINGERPRINT": "path"},
    {"STATIC_OPTIMIZER_FINGERPRINT": False},
    {"STATIC_OPTIMIZER_RULES": {"static": {"session": "protected"}}},
    {"STATIC_OPTIMIZER_RULES": {"static:*.css": False}},
]


def url(app: Flask, name: str, **values: Any) -> str:
    with app.test_request_context():
        return app.url_for("static", filename=name, **values)


@pytest.mark.parametrize("plain", [{}, {"static_optimizer_plain": True}])
@pytest.mark.parametrize("config", WAYS)
def test_it_is_told_once(
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    plain: dict[str, Any],
) -> None:
    """The URL is that of Flask, and the log says what to do."""
    app = make_app(**config)
    for _ in range(3):
        assert url(app, "ap.css", **plain) == "/static/ap.css"
    (message,) = caplog.messages
    assert "url_for('static', filename='ap.css') leads to no file" in message
    assert repr(app.static_folder) in message
    assert "Did you mean 'app.css'?" in message


@pytest.mark.parametrize("plain", [{}, {"static_optimizer_plain": True}])
@pytest.mark.parametrize("config", WAYS)
def test_strict(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    plain: dict[str, Any],
) -> None:
    """Each time, as long as it is not there."""
    app = make_app(STATIC_OPTIMIZER_STRICT=True, **config)
    for _ in range(2):
        with pytest.raises(MissingFileError, match=r"'ap\.css'.*STATIC_OPTIMIZER_STRICT is True"):
            url(app, "ap.css", **plain)
    (static_folder / "ap.css").write_text("p {}")
    assert url(app, "ap.css", **plain).startswith("/static/ap.")
    (static_folder / "ap.css").unlink()
    with pytest.raises(LookupError):
        url(app, "ap.css", **plain)
    assert caplog.messages == []


def test_a_page_is_shown_unless_strict(make_app: MakeApp, static_folder: Path) -> None:
    for strict in (False, True):
        app = make_app(STATIC_OPTIMIZER_STRICT=strict, TESTING=False)
        app.add_url_rule(
            "/page",
            view_func=lambda: render_template_string("{{ url_for('static', filename='ap.css') }}"),
        )
        page = app.test_client().get("/page")
        assert page.status_code == (500 if strict else 200)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("config", WAYS[:3])
def test_what_is_no_mistake(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, config: dict[str, Any], strict: bool
) -> None:
    """Files that are there, and beginnings to which a script adds a name."""
    app = make_app(STATIC_OPTIMIZER_STRICT=strict, **config)
    for name in ("app.css", "./app.css", "private/../app.css", "", "private/", "private", "x/"):
        url(app, name)
    with app.test_request_context():
        assert app.url_for("page") == "/"
    assert caplog.messages == []


def test_a_name_with_its_fingerprint(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(STATIC_OPTIMIZER_STRICT=True, STATIC_OPTIMIZER_FINGERPRINT="path")
    best = url(app, "app.css").removeprefix("/static/")
    assert best != "app.css"
    assert url(app, best) == f"/static/{best}"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a\0b", ".env", "app.css/x"])
def test_names_that_are_never_served(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (static_folder / ".env").write_text("secret")
    url(make_app(), name)
    assert len(caplog.messages) == 1
    with pytest.raises(MissingFileError):
        url(make_app(STATIC_OPTIMIZER_STRICT=True), name)


@pytest.mark.parametrize("config", WAYS[1:3])
def test_names_that_visitors_choose(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, config: dict[str, Any]
) -> None:
    """Neither the log nor the memory grows with them."""
    app = make_app(**config)
    for number in range(MOST_TOLD + 100):
        url(app, f"{number}.png")
    assert len(caplog.messages) == ONE_BY_ONE + 2
    assert f"{MOST_TOLD - ONE_BY_ONE} more static files" in caplog.messages[-2]
    assert "no more of them are told" in caplog.messages[-1]
    told = app.extensions["static_optimizer"].urls._missing
    with app.test_request_context():
        for number in range(4200):
            app.url_for("static", filename=f"x{number}.png")
    assert len(caplog.messages) == ONE_BY_ONE + 2
    assert len(told._told) <= MOST_TOLD + 1
    assert told._waiting == []
    assert len(told._looked_for) <= 4096


def test_a_set_of_icons(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with many files that are not there has no line for each of them."""
    now = [1000.0]
    monkeypatch.setattr(missing, "monotonic", lambda: now[0])
    app = make_app()

    def page(*numbers: int) -> list[str]:
        caplog.clear()
        for number in numbers:
            url(app, f"{number}.svg")
        return list(caplog.messages)

    told = page(*range(34))
    assert len(told) == ONE_BY_ONE
    assert ["told together" in each for each in told] == [False] * (ONE_BY_ONE - 1) + [True]
    assert page(*range(34)) == []
    now[0] += PAUSE
    (together,) = page(0)
    assert f"{34 - ONE_BY_ONE} more static files" in together
    assert f"'{ONE_BY_ONE}.svg' of 'static'" in together
    assert "19 others" in together
    assert page(*range(34)) == []
    now[0] += 10 * PAUSE
    assert page(*range(35)) == []
    now[0] += PAUSE
    (together,) = page(34)
    assert "1 more static files that are not there: '34.svg' of 'static'." in together


def test_threads_tell_it_once(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "ONE_BY_ONE", 20)
    app = make_app()
    barrier = threading.Barrier(8)

    def build() -> None:
        barrier.wait()
        for number in range(20):
            url(app, f"{number}.png")

    threads = [threading.Thread(target=build) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.messages) == 20


@pytest.mark.parametrize("command", ["audit --cookie session=ada", "build", "nginx"])
def test_commands_in_a_strict_app(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """The audit asks for a file that is not there, and is not told so itself."""
    for strict in (True, False):
        app = make_app(STATIC_OPTIMIZER_STRICT=strict)
        result = app.test_cli_runner().invoke(args=["static", *command.split()])
        assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "leads to no file" not in caplog.text


def test_a_view_may_catch_the_error(make_app: MakeApp) -> None:
    """A URL that was not made is not preloaded either."""

    def either() -> str:
        try:
            return f"<p>{url_for('static', filename='ap.css')}"
        except LookupError:
            return f"<p>{url_for('static', filename='app.css')}"

    app = make_app(STATIC_OPTIMIZER_STRICT=True, STATIC_OPTIMIZER_PRELOAD=["style"], TESTING=False)
    app.add_url_rule("/either", view_func=either)
    response = app.test_client().get("/either")
    assert response.status_code == 200
    assert response.headers.getlist("Link") == [
        f"<{response.text.removeprefix('<p>')}>; rel=preload; as=style"
    ]


def test_a_page_waits_for_no_large_folder(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A similar name is looked for in the file's own folder, and among so many entries only."""
    (static_folder / "up").mkdir()
    for number in range(missing._MOST_COMPARED + 20):
        (static_folder / "up" / f"{number}.png").touch()
    compared: list[list[str]] = []

    def compare(name: str, names: list[str]) -> list[str]:
        compared.append(names)
        return ["7.png"]

    app = make_app()
    url(app, "app.css")
    monkeypatch.setattr(missing, "get_close_matches", compare)
    monkeypatch.setattr(Mount, "names", lambda *_: pytest.fail("it lists the whole folder"))
    url(app, "up/7.pn")
    assert "Did you mean 'up/7.png'?" in caplog.text
    (names,) = compared
    assert len(names) == missing._MOST_COMPARED
    assert {name.rpartition(".")[2] for name in names} == {"png"}


@pytest.mark.parametrize("name", [".en", "none/app.css", "a\0/b", "app.css/b"])
def test_nothing_is_named_that_is_not_served(
    make_app: MakeApp, static_folder: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (static_folder / ".env").touch()
    url(make_app(), name)
    (message,) = caplog.messages
    assert "Did you mean" not in message


@pytest.mark.parametrize("name", ["../secre.css", "/etc/passwd", "a/../../secre.css"])
def test_no_other_folder_is_read(
    make_app: MakeApp,
    static_folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    (static_folder.parent / "secret.css").touch()
    read: list[list[str]] = []
    monkeypatch.setattr(missing, "get_close_matches", lambda _, names: read.append(names) or [])
    url(make_app(), name)
    assert len(caplog.messages) == 1
    assert read == []
