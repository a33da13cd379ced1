"""The things that fragments take for granted: an app, its files, and what they import."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import flask
from flask import Flask, Response
from flask_caching import Cache
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.config.names import EXTENSION

#: Values for the variables of URL rules.
_EXAMPLES = {"IntegerConverter": 1}


class Base(DeclarativeBase):
    pass


class Chart(Base):
    __tablename__ = "chart"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]


class Database:
    """A ``db`` with as much of Flask-SQLAlchemy as a page needs, in memory."""

    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(engine)
        self.session = Session(engine)
        self.session.add(Chart(id=1, version=3))
        self.session.commit()

    def close(self) -> None:
        engine = self.session.get_bind()
        self.session.close()
        engine.dispose()  # type: ignore[union-attr]


def fill(folder: Path) -> None:
    """Put the files that pages speak of into a project's folder."""
    for name, text in {
        "app.css": "body { background: url(img/logo.svg) }\n" * 50,
        "js/app.js": "import './b.js'\n",
        "js/b.js": "export default 42\n",
        "img/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
        # A small build of Vite.
        "dist/.vite/manifest.json": json.dumps(
            {
                "_shared-CM-nJFME.js": {"file": "assets/shared-CM-nJFME.js"},
                "src/main.js": {
                    "file": "assets/main-MDLpWUds.js",
                    "isEntry": True,
                    "imports": ["_shared-CM-nJFME.js"],
                    "css": ["assets/main-B78mKYK0.css"],
                },
            }
        ),
        "dist/assets/main-MDLpWUds.js": "import './shared-CM-nJFME.js'\n",
        "dist/assets/main-B78mKYK0.css": "p { color: red }\n",
        "dist/assets/shared-CM-nJFME.js": "export default 42\n",
        "private/report.pdf": "%PDF- for one pair of eyes\n",
        "../reports/x.pdf": "%PDF- for one pair of eyes\n",
    }.items():
        path = folder / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def project(folder: Path) -> ModuleType:
    """Make the reader's own module, empty, in a folder with files."""
    fill(folder)
    module = ModuleType("myproject")
    module.__file__ = str(folder / "myproject.py")
    return module


def set_scene(module: ModuleType, database: Database) -> None:
    """Give the reader's module what a fragment leaves out."""
    app = Flask("myproject", root_path=str(Path(str(module.__file__)).parent))
    app.config.update(SECRET_KEY="docs", CACHE_TYPE="SimpleCache")
    names: dict[str, Any] = {
        name: getattr(flask, name)
        for name in ("Flask", "Response", "abort", "request", "session", "url_for")
    }
    names["send_from_directory"] = flask.send_from_directory
    names |= {
        "Cache": Cache,
        "Chart": Chart,
        "StaticOptimizer": StaticOptimizer,
        "app": app,
        "cacheable_static": cacheable_static,
        "db": database,
        "draw": lambda number: f"<svg xmlns='http://www.w3.org/2000/svg' id='n{number}'/>",
        "login_required": lambda view: view,
        "select": select,
    }
    vars(module).update(names)


def see_that_it_works(app: Flask) -> None:
    """Ask an app for a file and each of its own views: nothing is to fail."""
    app.testing = True
    if EXTENSION not in app.extensions:
        StaticOptimizer(app)
    client = app.test_client()
    response = client.get("/static/app.css")
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    response.close()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            values = {
                name: _EXAMPLES.get(type(converter).__name__, "x")
                for name, converter in rule._converters.items()
            }
            with app.test_request_context():
                url = flask.url_for(rule.endpoint, **values)
            made: Response = client.get(url)
            assert made.status_code < 400, f"{url}: {made.status}"
            made.close()
