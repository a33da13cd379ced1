"""Flask-AppBuilder as its skeleton has it: its own views of users and roles."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class

app = Flask(__name__)
app.config.from_pyfile(str(Path("config.py").resolve()))
db = get_sqla_class()()
with app.app_context():
    db.init_app(app)
    appbuilder = AppBuilder(app, db.session)
