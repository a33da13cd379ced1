"""Names that the extension is known by in an app."""

from __future__ import annotations

#: What every configuration key starts with.
PREFIX = "STATIC_OPTIMIZER_"

#: Where an app keeps the extension's state: ``app.extensions[EXTENSION]``.
EXTENSION = "static_optimizer"
