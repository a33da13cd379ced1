"""The parts that work where nothing but the wheel is installed, run with that Python.

::

    python tests/release/smoke.py VERSION
"""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from flask import Flask, session

import flask_static_optimizer
from flask_static_optimizer import StaticOptimizer, cacheable_static, is_static_request


def main() -> None:
    installed = Path(flask_static_optimizer.__file__)
    assert "site-packages" in installed.parts, f"that is no wheel: {installed}"
    assert installed.with_name("py.typed").exists()
    assert version("flask-static-optimizer") == flask_static_optimizer.__version__ == sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "static").mkdir()
        (Path(folder) / "static" / "app.css").write_text("body { color: teal }\n" * 99)
        serve(Flask("smoke", root_path=folder, instance_path=f"{folder}/instance"))
    print("The wheel works alone.")


def serve(app: Flask) -> None:
    """Ask an app for a page, a file and a route."""
    app.config.update(SECRET_KEY="smoke", TESTING=True)
    StaticOptimizer(app)

    @app.get("/")
    def page() -> str:
        session["seen"] = True
        return app.url_for("static", filename="app.css")

    @app.get("/chart")
    @cacheable_static(max_age=60)
    def chart() -> str:
        assert is_static_request()
        return "chart"

    client = app.test_client()
    answer = client.get("/")
    assert "Set-Cookie" in answer.headers
    with client.get(answer.text) as file:
        assert file.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert "Set-Cookie" not in file.headers
    with client.get(answer.text, headers={"Accept-Encoding": "gzip"}) as file:
        assert file.status_code == 200
    assert client.get("/chart").headers["Cache-Control"] == "max-age=60"
    for command in ("audit", "build"):
        result = app.test_cli_runner().invoke(args=["static", command])
        assert result.exit_code == 0, result.output


if __name__ == "__main__":
    main()
