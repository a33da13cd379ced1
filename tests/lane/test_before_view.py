"""What an app runs before a view, for known requests: as Flask does, in its order."""

from __future__ import annotations

import gc
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, g, request, request_started

from flask_static_optimizer import StaticOptimizer

pytestmark = pytest.mark.usefixtures("settled")

CSS = b"body { color: red }" * 200
URL = "/outer/inner/files/app.css"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("app.css", "b.css"):
        (folder / name).write_bytes(CSS + name.encode())
        then = time.time() - 86400
        os.utime(folder / name, (then, then))
    return folder


def make(folder: Path, seen: list[Any], *, extension: bool = True) -> Flask:
    """Make an app whose hooks note that they ran: its own, those of two blueprints, one apart."""
    app = Flask("app", root_path=str(folder.parent), instance_path=str(folder.parent / "i"))
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    inner = Blueprint("inner", __name__, url_prefix="/inner", static_folder=str(folder))
    apart = Blueprint("apart", __name__)

    def note(what: str) -> Callable[..., None]:
        return lambda *args: seen.append((what, *args))

    for name, at in (("app", app), ("outer", outer), ("inner", inner), ("apart", apart)):
        at.url_value_preprocessor(note(f"values of {name}"))
        at.before_request(note(f"before of {name}"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(apart)
    if extension:
        StaticOptimizer(app)
    return app


def get(app: Flask, times: int = 3) -> list[bytes]:
    answers = []
    for _ in range(times):
        with app.test_client().get(URL) as response:
            answers.append(response.data)
    return answers


def test_those_of_the_blueprints_run_in_flasks_order(folder: Path, taken: list[str]) -> None:
    seen: list[Any] = []
    plain: list[Any] = []
    answers = get(make(folder, seen))
    assert answers == get(make(folder, plain, extension=False))
    assert taken == [URL] * 2
    assert [what for what, *_ in plain[:6]] == [
        f"{kind} of {name}" for kind in ("values", "before") for name in ("app", "outer", "inner")
    ]
    assert seen == plain


def test_an_async_function_is_waited_for(folder: Path, taken: list[str]) -> None:
    pytest.importorskip("asgiref")
    seen: list[str] = []
    app = make(folder, [])

    @app.before_request
    async def refuse_sometimes() -> Any:
        seen.append(request.path)
        return ("no", 403) if len(seen) == 3 else None

    statuses = [app.test_client().get(URL).status_code for _ in range(4)]
    assert statuses == [200, 200, 403, 200]
    assert seen == [URL] * 4
    assert len(taken) == 3


def test_a_function_that_is_added_while_the_app_serves(folder: Path, taken: list[str]) -> None:
    """Each request gets one more, and the list is walked while it grows, as in Flask."""
    counts: dict[bool, list[int]] = {}
    for extension in (True, False):
        app = make(folder, [], extension=extension)
        runs: list[int] = []

        @app.before_request
        def add(app: Flask = app, runs: list[int] = runs) -> None:
            app.before_request_funcs[None].append(lambda: runs.append(len(runs)))

        get(app, 4)
        counts[extension] = runs
    assert counts[True] == counts[False] == list(range(10))
    assert len(taken) == 3


def test_functions_that_cant_be_hashed(folder: Path, taken: list[str]) -> None:
    class Counter(list[str]):
        def __call__(self) -> None:
            self.append(request.path)

    app = make(folder, [])
    one, two = Counter(), Counter()
    app.before_request(one)
    app.before_request(two)  # equal to the first one
    get(app)
    assert one == two == [URL] * 3
    assert len(taken) == 2


def test_a_preprocessor_changes_the_arguments(folder: Path, taken: list[str]) -> None:
    app, names = make(folder, []), ["app.css", "b.css"] * 2
    expected = [CSS + name.encode() for name in names]

    @app.url_value_preprocessor
    def change(_: str | None, values: dict[str, Any] | None) -> None:
        assert values is not None
        values["filename"] = names.pop(0)

    assert get(app, 4) == expected
    assert len(taken) == 3


def test_a_receiver_gives_the_request_another_rule(folder: Path, taken: list[str]) -> None:
    """Then Flask finds out whose hooks these are."""
    seen: list[Any] = []
    app = make(folder, seen)
    app.add_url_rule("/other", "apart.other", lambda **_: "other")
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "apart.other")

    def change(_: Flask, **__: Any) -> None:
        request.url_rule = rule

    get(app, 2)
    seen.clear()
    with request_started.connected_to(change, app):
        assert get(app, 1) == [b"other"]
    assert [what for what, *_ in seen if what.startswith("before")] == [
        "before of app",
        "before of apart",
    ]
    assert len(taken) == 2


def test_what_the_app_does_in_its_own_method(folder: Path, taken: list[str]) -> None:
    app = make(folder, [], extension=False)
    before = app.preprocess_request

    def preprocess_request() -> Any:
        g.seen = "mine"
        return before()

    app.preprocess_request = preprocess_request  # type: ignore[method-assign]
    app.after_request(lambda response: response.headers.add("X-Seen", g.seen) or response)
    StaticOptimizer(app)
    answers = [app.test_client().get(URL) for _ in range(3)]
    assert [answer.headers["X-Seen"] for answer in answers] == ["mine"] * 3
    assert len(taken) == 2


@pytest.mark.parametrize("name", ["preprocess_request", "ensure_sync"])
@pytest.mark.parametrize("whose", ["the app's", "Flask's"])
def test_a_method_that_is_replaced_while_the_app_serves(
    folder: Path, taken: list[str], name: str, whose: str
) -> None:
    """As a tracer does, or a test."""
    app = make(folder, [])
    get(app, 2)
    calls: list[str] = []
    at = app if whose == "the app's" else Flask
    own = getattr(at, name)

    def replaced(*args: Any) -> Any:
        calls.append(name)
        return own(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at, name, replaced)
        get(app, 1)
    assert calls
    calls.clear()
    get(app, 1)
    assert not calls
    assert len(taken) == 3


def test_functions_that_come_and_go_are_not_kept(folder: Path) -> None:
    app = make(folder, [])
    alive: weakref.WeakSet[Any] = weakref.WeakSet()

    class Hook:
        def __init__(self) -> None:
            alive.add(self)

        def __call__(self) -> None:
            app.before_request_funcs[None][-1] = Hook()

    app.before_request(Hook())
    get(app, 400)
    gc.collect()
    assert len(alive) < 300
