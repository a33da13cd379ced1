"""The app's database: the version of each thing that routes show."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


class Database:
    """A file that all workers share. It works on while the Valkey halts, so that purges fail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS shown (name TEXT PRIMARY KEY, version INTEGER)"
            )

    def version(self, kind: str, number: int) -> int:
        query = "SELECT version FROM shown WHERE name = ?"
        with closing(self._connect()) as connection:
            found = connection.execute(query, (f"{kind}/{number}",)).fetchone()
        return found[0] if found else 0

    def change(self, kind: str, number: int) -> int:
        """Go on to the next version, and return it."""
        query = (
            "INSERT INTO shown VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET version = version + 1 RETURNING version"
        )
        with closing(self._connect()) as connection:
            found = connection.execute(query, (f"{kind}/{number}",)).fetchall()
        return int(found[0][0])

    def _connect(self) -> sqlite3.Connection:
        # Without an isolation level each statement is committed when it is done.
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)
