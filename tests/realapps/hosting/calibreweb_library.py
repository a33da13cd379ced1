"""Makes a library of three books, and tells calibre-web where it is."""

from __future__ import annotations

import os
import sqlite3
import uuid
from datetime import datetime, timezone
from pathlib import Path

import calibreweb_app  # noqa: F401  # makes app.db
from cps import db
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

folder = Path("library").resolve()
folder.mkdir(exist_ok=True)
# calibre-web reads the library as a database that is attached as "calibre".
engine = create_engine(
    f"sqlite:///{folder}/metadata.db",
    execution_options={"schema_translate_map": {"calibre": None}},
)
db.Base.metadata.create_all(engine)
day = datetime(2020, 1, 2, tzinfo=timezone.utc)
with Session(engine) as session:
    session.add(db.Library_Id(uuid=str(uuid.UUID(int=1))))
    for number, title in enumerate(("Emma", "Middlemarch", "Villette"), 1):
        book = db.Books(title, title, "An Author", day, day, "1.0", day, title, 0, [], [])
        book.uuid = str(uuid.UUID(int=number + 1))
        book.authors.append(db.Authors(f"Author {number}", f"Author {number}"))
        session.add(book)
    session.commit()
with sqlite3.connect("app.db") as settings:
    settings.execute("UPDATE settings SET config_calibre_dir = ?", (str(folder),))
os._exit(0)  # calibre-web's threads would go on
