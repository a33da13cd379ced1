"""An app for flask_static_optimizer.wsgi to load while its reference is made."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)
