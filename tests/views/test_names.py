"""The views that run in the place of an app's own have their names and attributes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView
from flask_wtf import CSRFProtect

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]

NAMES = ["static", "shop.static", "guarded", "chart", "unstored", "badge", "change"]


class Badge(MethodView):
    """Show a badge."""

    decorators = [cacheable_static]  # noqa: RUF012

    def get(self) -> str:
        return "badge"


def add_views(app: Flask) -> None:
    folder = app.static_folder
    app.register_blueprint(
        Blueprint("shop", __name__, static_folder=folder, url_prefix="/shop", root_path=folder)
    )
    app.add_url_rule("/badge", view_func=Badge.as_view("badge"))

    @functools.wraps(app.view_functions["static"])
    def guarded(**values: Any) -> Any:
        return app.view_functions["static"](**values)

    app.add_url_rule("/guarded/<path:filename>", "guarded", guarded)

    @app.get("/chart")
    @cacheable_static(max_age=60)
    def chart() -> str:
        """Draw a chart."""
        return "chart"

    chart.provide_automatic_options = True  # type: ignore[attr-defined]
    chart.methods = ["GET"]  # type: ignore[attr-defined]

    @app.get("/unstored")
    @cacheable_static(store=False)
    def unstored(size: int = 1) -> str:
        return "unstored"

    @app.post("/chart")
    def change() -> str:
        """Change the chart."""
        return "changed"

    change.of_mine = [1]  # type: ignore[attr-defined]


def seen_of(view: Any) -> dict[str, Any]:
    """Return what may be seen of a view from outside."""
    names = ("__name__", "__qualname__", "__module__", "__doc__")
    attributes = {
        name: value
        for name, value in vars(view).items()
        if not name.startswith(("_static_optimizer", "__wrapped__"))
    }
    return {
        **{name: getattr(view, name) for name in names},
        **attributes,
        "signature": inspect.signature(view),
    }


@pytest.mark.parametrize("config", [{}, {"STATIC_OPTIMIZER_SENDFILE": "X-Accel-Redirect"}])
def test_a_view_has_the_names_of_the_replaced_one(
    make_app: MakeApp, config: dict[str, Any]
) -> None:
    before: dict[str, Any] = {}

    def add(app: Flask) -> None:
        add_views(app)
        before.update(app.view_functions)

    app = make_app(before=add, **config)
    app.test_client().get("/")
    for name in NAMES:
        assert app.view_functions[name] is not before[name]
        assert seen_of(app.view_functions[name]) == seen_of(before[name])
    assert app.view_functions["badge"].view_class is Badge  # type: ignore[attr-defined]


def test_a_rule_that_says_false_leaves_the_view(make_app: MakeApp) -> None:
    """A rule that says False leaves the very view that was there."""
    before: dict[str, Any] = {}

    def add(app: Flask) -> None:
        add_views(app)
        before.update(app.view_functions)

    app = make_app(before=add, STATIC_OPTIMIZER_RULES={"*": False})
    client = app.test_client()
    assert [client.get(url).status_code for url in ("/static/app.css", "/chart")] == [200, 200]
    assert all(app.view_functions[name] is view for name, view in before.items())


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("rules", [{}, {"static": {"session": "protected"}}, {"static": False}])
@pytest.mark.parametrize(
    ("exempt", "path"),
    [
        ("flask.app.<lambda>", "/static/app.css"),
        ("flask.blueprints.send_static_file", "/shop/static/app.css"),
        (f"{__name__}.chart", "/chart"),
        (f"{__name__}.unstored", "/unstored"),
        (f"{__name__}.badge", "/badge"),
        (f"{__name__}.change", "POST /chart"),
    ],
)
def test_an_exemption_by_name_holds(
    make_app: MakeApp, rules: dict[str, Any], exempt: str, path: str, optimize: bool
) -> None:
    """A view that is exempted from CSRF checks by its name, also of GET, stays exempted."""

    def add(app: Flask) -> None:
        add_views(app)
        CSRFProtect(app).exempt(exempt)

    app = make_app(
        before=add,
        optimize=optimize,
        WTF_CSRF_METHODS=["GET", "POST"],
        STATIC_OPTIMIZER_RULES=rules,
    )
    method, _, url = path.rpartition(" ")
    client = app.test_client()
    for _ in range(2):
        assert client.open(url, method=method or "GET").status_code == 200
        assert client.get("/look").status_code == 400
