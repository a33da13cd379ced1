"""The error that the extension raises for a wrong configuration, before the first response."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConfigurationError(ValueError):
    """An error for a setting, rule or decorator argument that contradicts itself or the app.

    The message names the place, the value there and what to change.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the part of an error message that says which names are valid and which is nearest."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? Valid: " if close else "valid: "
    return f"{hint}{', '.join(known)}."
