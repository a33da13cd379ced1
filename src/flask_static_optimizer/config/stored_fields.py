"""Checks of the policy fields that are about stored responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ConfigurationError

#: The fields that say by what stored responses are found.
_KEY_FIELDS = ("query", "key", "unless")

#: Fields and values with which nothing is stored.
_UNSTORED = {"store": False, "session": "protected", "max_age": 0}


def texts(value: object) -> tuple[str, ...] | None:
    """Return a text, or a list of texts, as a tuple; ``None`` for anything else."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, (list, tuple)) or not all(isinstance(each, str) for each in found):
        return None
    return tuple(found)


def tags(where: str, value: object) -> tuple[str, ...]:
    """Return the names of a policy's tags.

    :raises ConfigurationError: if the value is no name and no list of names.
    """
    names = texts(value)
    if names is None or not all(names):
        raise ConfigurationError(f"{where} is {value!r}: give a list of names.")
    return names


def parameters(where: str, value: object) -> tuple[str, ...]:
    """Return the names of parameters, sorted.

    :raises ConfigurationError: if the value is no list of such names.
    """
    names = texts(value)
    if names is None:
        raise ConfigurationError(
            f"{where} is {value!r}: give a list of the names of parameters, such as ['page', 'q']."
        )
    for name in names:
        if not name or "*" in name:
            raise ConfigurationError(
                f"{where} holds {name!r}: that is not the name of a parameter; name those that the"
                " response depends on, and all others are left out."
            )
    return tuple(sorted(set(names)))


def function(where: str, value: object) -> Callable[..., Any]:
    """Return ``value`` if it can be called.

    :raises ConfigurationError: if it can not.
    """
    if not callable(value):
        raise ConfigurationError(
            f"{where} is {value!r}: give a function that takes the view's arguments."
        )
    return value


def check_key_fields(where: str, checked: Mapping[str, Any]) -> None:
    """Refuse fields about the key of stored responses that can't go together with others.

    :param where: the place to name in errors.
    :param checked: the fields that were given together.
    :raises ConfigurationError: names the two fields.
    """
    given = [name for name in _KEY_FIELDS if checked.get(name) is not None]
    for name in given:
        for other, value in _UNSTORED.items():
            if checked.get(other) is not None and checked[other] == value:
                raise ConfigurationError(
                    f"{where}: {name}={checked[name]!r} is about stored responses, and with"
                    f" {other}={value!r} nothing is stored; remove one of the two."
                )
    if {"query", "key"} <= set(given):
        raise ConfigurationError(
            f"{where}: query={checked['query']!r} contradicts key={checked['key']!r}, as each of"
            " them says what stands for the query in the key; remove one of the two."
        )
