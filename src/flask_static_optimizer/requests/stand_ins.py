"""Names of classes that stand in the place of others and should be taken for them."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T", bound=type)

_NAMES = ("__name__", "__qualname__", "__module__", "__doc__")


def named_like(stand_in: T, original: type) -> T:
    """Give a class the names and the docstring of the class that it stands for.

    :returns: the class itself.
    """
    for name in _NAMES:
        setattr(stand_in, name, getattr(original, name))
    return stand_in
