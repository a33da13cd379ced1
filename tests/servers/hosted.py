"""The app that the servers serve: static files of a folder, a hook, and the extension."""

from __future__ import annotations

import itertools
import os

from flask import Flask, g, session

from flask_static_optimizer import StaticOptimizer

app = Flask("hosted", root_path=os.environ["HOSTED_FOLDER"])
app.config.update(
    SECRET_KEY="hosted", STATIC_OPTIMIZER_CACHE_DIR=os.path.join(app.root_path, "kept")
)
app.config.from_prefixed_env("HOSTED")


ran = itertools.count()


@app.before_request
def notice() -> None:
    """Make Flask necessary, unless the app says that it is not."""
    g.ran = next(ran)


@app.get("/ran")
def hooks_ran() -> str:
    return str(g.ran)


@app.get("/")
def page() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


StaticOptimizer(app)
