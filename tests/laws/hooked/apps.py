"""Pairs of apps: one that remembers requests, and the same that finds out each anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, flash, render_template_string, request, session, url_for

from flask_static_optimizer import StaticOptimizer, cacheable_static
from laws.hooked.kinds import APPS, CONFIGS, MIXINS
from laws.hooked.watching import watch

CSS = b"body { color: red } /*%s*/ div { background: url(dot.svg) }" % (b" words" * 200)

FILES = {
    "static/app.css": CSS,
    "static/dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 9,
    "static/other.css": b"i { color: green }\n" * 50,
    "static/small.txt": b"short",
    "static/large.bin": bytes(range(256)) * 4100,
    "static/sub/page.html": b"<!doctype html>\n<html><body>  <p>page</p>  </body></html>\n" * 9,
    "static/private/plan.pdf": b"%PDF- for members\n" * 9,
    "shop/app.js": b"export default 42\n" * 50,
}

#: How closely hooks and signal receivers watch an app.
NOT, REQUESTS, ALL = range(3)


class Anew:
    """The base of an app that goes Flask's own way with each request.

    Its own code makes the URL adapters and calls Flask's, so nothing can be known of a request.
    """

    def create_url_adapter(self, request: Any) -> Any:
        return super().create_url_adapter(request)  # type: ignore[misc]

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        return super().wsgi_app(environ, start_response)  # type: ignore[misc]


def write(root: Path) -> None:
    for name, data in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def make(name: str, root: Path, *, anew: bool, watched: int, first: bool) -> Flask:
    """Make the app of a name.

    :param anew: whether it finds out each request anew.
    :param first: whether the extension is installed before the hooks.
    """
    bases = [*([Anew] if anew else []), *([MIXINS[name]] if name in MIXINS else []), Flask]
    kind: Any = type("App", tuple(bases), {})
    app: Flask = kind("app", root_path=str(root), instance_path=str(root / "instance"))
    app.config.update(
        SECRET_KEY="k",
        PROPAGATE_EXCEPTIONS=False,
        STATIC_OPTIMIZER_CACHE_DIR=str(root / "kept"),
        STATIC_OPTIMIZER_RULES={"*:private/*": {"session": "protected"}},
    )
    app.config.update(CONFIGS.get(name, {}))
    if first:
        StaticOptimizer(app)
    shop = Blueprint(
        "shop", "shop", url_prefix="/shop", root_path=str(root), static_folder="shop",
        static_url_path="/static",
    )  # fmt: skip
    if watched:
        watch(app, "first", sessions=watched == ALL)
    APPS[name](app, shop)
    if watched:
        watch(app, "last", sessions=watched == ALL)
    _add_pages(app, shop)
    app.register_blueprint(shop)
    if not first:
        StaticOptimizer(app)
    return app


def _add_pages(app: Flask, shop: Blueprint) -> None:
    @app.get("/page")
    def page() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return render_template_string(
            "<html>  <p>{{ url_for('static', filename='app.css') }} {{ visits }}</p> </html>",
            visits=session["visits"],
        )

    @app.get("/login")
    def login() -> str:
        session["user"] = "ada"
        flash("welcome")
        return "in"

    @app.get("/logo")
    @cacheable_static(store=False)
    def logo() -> str:
        return f"logo {request.args.get('x')}"

    @app.get("/feed")
    @cacheable_static(max_age=60)
    def feed() -> str:
        return f"feed {url_for('page')}" * 9

    shop.add_url_rule("/basket", "basket", lambda: f"basket {len(session)}")
