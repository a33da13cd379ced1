"""An app for several workers: a folder, a stored route, and who answered."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from flask_static_optimizer import StaticOptimizer, cacheable_static

app = Flask("metered", root_path=os.environ["METERED_FOLDER"])
app.config.update(
    SECRET_KEY="metered",
    STATIC_OPTIMIZER_METRICS="/-/metrics",
    STATIC_OPTIMIZER_CACHE_DIR=str(Path(os.environ["METERED_FOLDER"]) / "kept"),
)
if os.environ["METERED_WAY"] == "hooks":
    app.before_request(lambda: None)


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.get("/chart")
@cacheable_static(max_age=300)
def chart() -> str:
    return "chart"


StaticOptimizer(app)
