"""Apps that are put together of parts, without and with the extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, after_this_request
from hypothesis import strategies as st

from flask_static_optimizer import StaticOptimizer
from laws.plain_flask import handlers, pages
from laws.plain_flask.after_hooks import AFTER
from laws.plain_flask.before_hooks import BEFORE
from laws.plain_flask.extensions import EXCLUSIVE, EXTENSIONS, MIDDLEWARE

#: A blueprint's URL prefix, and the URL path of its folder.
BLUEPRINTS: dict[str, tuple[str | None, str | None]] = {
    "below a prefix": ("/shop", None),
    "without a prefix": (None, "/assets"),
    "behind the app's folder": (None, "/static"),
    "at the root": ("/", "/assets"),
    "with its folder at its root": ("/shop", ""),
}

#: Ways to register a function that runs after the view.
WAYS = ("after_request", "after_this_request", "blueprint", "after_app_request")


@dataclass(frozen=True)
class Parts:
    """The parts of an app."""

    prefix: str
    blueprint: str | None
    catch_all: str | None
    after: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, str], ...]
    handlers: tuple[str, ...]
    extensions: tuple[str, ...]
    middleware: str | None
    refresh: bool
    #: Whether the extension is installed before everything else.
    first: bool
    config: tuple[tuple[str, Any], ...]


def _some(choices: Any, size: int) -> Any:
    return st.lists(st.sampled_from(list(choices)), unique=True, max_size=size).map(tuple)


def _hooks(names: Any, ways: Any, size: int) -> Any:
    hook = st.tuples(st.sampled_from(list(names)), st.sampled_from(list(ways)))
    return st.lists(hook, unique_by=lambda hook: hook[0], max_size=size).map(tuple)


def _compatible(names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what another extension does too."""
    kept: list[str] = []
    for name in names:
        if not any(name in group and group & set(kept) for group in EXCLUSIVE):
            kept.append(name)
    return tuple(kept)


CONFIGS = st.sampled_from([
    (), (), (),
    (("FINGERPRINT", "path"),),
    (("FINGERPRINT", False),),
    (("ENCODINGS", []),),
    (("ENCODINGS", ["gzip"]),),
    (("MEMORY", 0),),
    (("UNVERSIONED_MAX_AGE", 0),),
])  # fmt: skip

apps = st.builds(
    Parts,
    prefix=st.sampled_from(["/static", "/static", ""]),
    blueprint=st.sampled_from([None, *BLUEPRINTS]),
    catch_all=st.sampled_from([None, None, "slug", "path"]),
    after=_hooks(AFTER, ["after_request", *WAYS], 3),
    before=_hooks(BEFORE, ["app", "app", "blueprint"], 2),
    handlers=_some(handlers.HANDLERS, 2),
    extensions=st.one_of(st.just(()), _some(EXTENSIONS, 2).map(_compatible)),
    middleware=st.sampled_from([None, None, *MIDDLEWARE]),
    refresh=st.booleans(),
    first=st.booleans(),
    config=CONFIGS,
)

#: Apps without functions of their own around the views, whose files are answered before Flask.
express_apps = st.builds(
    Parts,
    prefix=st.sampled_from(["/static", ""]),
    blueprint=st.sampled_from([None, *BLUEPRINTS]),
    catch_all=st.sampled_from([None, "slug", "path"]),
    after=st.just(()),
    before=st.just(()),
    handlers=_some(handlers.HANDLERS, 2),
    extensions=st.sampled_from([(), ("server_sessions",)]),
    middleware=st.none(),
    refresh=st.booleans(),
    first=st.booleans(),
    config=st.sampled_from([(("EXPRESS", True),), (("EXPRESS", True), ("FINGERPRINT", "path"))]),
)


def make(parts: Parts, root: Path, *, optimize: bool) -> Flask:
    app = Flask("app", root_path=str(root), static_url_path=parts.prefix)
    app.config.update(
        SECRET_KEY="k",
        PROPAGATE_EXCEPTIONS=False,
        SESSION_REFRESH_EACH_REQUEST=parts.refresh,
        STATIC_OPTIMIZER_CACHE_DIR=str(root / "kept"),
        **{f"STATIC_OPTIMIZER_{key}": value for key, value in parts.config},
    )
    if optimize and parts.first:
        StaticOptimizer(app)
    _fill(app, parts, root)
    if optimize and not parts.first:
        StaticOptimizer(app)
    return app


def _fill(app: Flask, parts: Parts, root: Path) -> None:
    if parts.middleware:
        app.wsgi_app = MIDDLEWARE[parts.middleware](app.wsgi_app)  # type: ignore[method-assign]
    for name in parts.extensions:
        EXTENSIONS[name](app)
    bp = _blueprint(parts, root)
    for name, way in parts.before:
        (bp if way == "blueprint" and bp else app).before_request(BEFORE[name])
    for name, way in parts.after:
        _register(app, bp, AFTER[name], way)
    pages.add(app, parts.catch_all)
    for name in parts.handlers:
        handlers.add(app, name)
    if bp is not None:
        app.register_blueprint(bp)


def _blueprint(parts: Parts, root: Path) -> Blueprint | None:
    if parts.blueprint is None:
        return None
    prefix, path = BLUEPRINTS[parts.blueprint]
    bp = Blueprint(
        "shop", "shop", url_prefix=prefix, root_path=str(root), static_folder="other",
        static_url_path=path,
    )  # fmt: skip
    bp.add_url_rule("/basket", "basket", lambda: "<html><body>  basket  </body></html>")
    return bp


def _register(app: Flask, bp: Blueprint | None, function: Callable[..., Any], way: str) -> None:
    if way == "after_this_request":

        @app.before_request
        def register() -> None:
            after_this_request(partial(function))

    elif way == "after_request" or bp is None:
        app.after_request(function)
    elif way == "blueprint":
        bp.after_request(function)
    else:
        bp.after_app_request(function)
