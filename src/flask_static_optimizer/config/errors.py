"""What goes wrong before the first response: configuration that can't be meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConfigurationError(ValueError):
    """A setting, rule or decorator argument that contradicts itself or the app.

    The message names the place, the value found there and what to change.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence for an error message: the valid name that was probably meant, and all."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? Valid: " if close else "valid: "
    return f"{hint}{', '.join(known)}."
