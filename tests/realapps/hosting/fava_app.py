"""Fava with a ledger, as its command makes it."""

from __future__ import annotations

from pathlib import Path

from fava.application import create_app

app = create_app([Path("example.beancount").resolve()], load=True)
