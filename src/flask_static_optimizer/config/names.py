"""Names that the extension has in an app."""

from __future__ import annotations

#: The prefix of every configuration key.
PREFIX = "STATIC_OPTIMIZER_"

#: The key of the extension's state in ``app.extensions``.
EXTENSION = "static_optimizer"
