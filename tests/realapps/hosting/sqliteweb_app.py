"""sqlite-web as its command makes it: a database behind a password."""

from __future__ import annotations

import os
from pathlib import Path

from sqlite_web.sqlite_web import app as app
from sqlite_web.sqlite_web import initialize_app

app.secret_key = "realapps"
initialize_app([str(Path("books.db").resolve())], password=os.environ["SQLITE_WEB_PASSWORD"])
