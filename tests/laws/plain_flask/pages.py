"""Pages of an app, and catch-all routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, jsonify, redirect, request, send_from_directory, session

#: The paths of pages, and the methods that they take.
PAGES = ["/", "/hello", "/json", "/whoami", "/shell", "/download", "/stream", "/login", "/logout",
         "/boom", "/form", "/csrf", "/remember", "/forget-me"]  # fmt: skip

#: Keys of the session that are random.
_RANDOM = {"csrf_token", "_csrf_token"}


def add(app: Flask, catch_all: str | None) -> None:
    @app.get("/")
    def home() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"<html><body>  visit {session['visits']}  </body></html>"

    @app.get("/hello")
    def hello() -> str:
        return f"<html><body>  hello {session.get('user')}  </body></html>" + "\n" * 600

    @app.get("/json")
    def data() -> Any:
        return jsonify(list(range(300)))

    @app.get("/whoami")
    def whoami() -> Any:
        shown = {key: value for key, value in session.items() if key not in _RANDOM}
        return jsonify(session=shown, permanent=session.permanent)

    @app.get("/shell")
    def shell() -> Any:
        return app.send_static_file("index.html")

    @app.get("/download")
    def download() -> Any:
        session["downloads"] = session.get("downloads", 0) + 1
        return send_from_directory(app.static_folder or "", "app.css", as_attachment=True)

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield "<html><body>"
        yield "  streamed  </body></html>"

    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        session["user"] = request.values.get("user", "ada")
        return redirect("/hello")

    @app.get("/logout")
    def logout() -> str:
        session.clear()
        return "bye"

    @app.get("/boom")
    def boom() -> str:
        session["boom"] = True
        raise RuntimeError("a broken view")

    @app.post("/form")
    def form() -> str:
        session["sent"] = request.form.get("text", "")
        return "sent"

    if catch_all == "slug":

        @app.get("/<slug>")
        def by_slug(slug: str) -> str:
            session["slug"] = slug
            return f"<html><body>slug {slug}</body></html>"

    elif catch_all == "path":

        @app.route("/<path:path>", methods=["GET", "POST"])
        def by_path(path: str) -> str:
            session["path"] = path
            return f"<html><body>path {path}</body></html>"
