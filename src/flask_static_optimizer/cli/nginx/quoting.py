"""Quoting of text for an nginx configuration, so that it does not change its meaning."""

from __future__ import annotations

import re

from ...config.errors import ConfigurationError

_SAFE_PATH = re.compile(r"[A-Za-z0-9._~/%!&'()*+,;=:@-]+")

#: The most characters that nginx accepts in a word of its configuration.
_LONGEST = 2048

#: The most characters of an identifier, which something short is added to.
_LONGEST_NAME = 24


def quoted(text: str) -> str:
    """Quote a string as one word of the configuration, whatever is in it.

    nginx knows backslashes before quotes and backslashes, ``\\t``, ``\\r`` and ``\\n``. Where it
    also replaces variables, :func:`literal` has to be used.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for character, name in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(character, name)
    return f'"{escaped}"'


def is_literal(text: str) -> bool:
    """Return whether nginx takes a string as it is: there is no way to escape a ``$``."""
    return "$" not in text and text.isprintable() and len(text) <= _LONGEST


def literal(where: str, text: str) -> str:
    """Quote a string as one word, in a place where nginx replaces variables.

    :param where: the place to name in the error.
    :param text: the string.
    :raises ConfigurationError: if there is no way to write the string.
    """
    if not is_literal(text):
        raise ConfigurationError(
            f"{where} is {text!r}, which an nginx configuration has no way to say: choose one"
            " without '$' and control characters."
        )
    return quoted(text)


def is_safe_path(path: str) -> bool:
    """Return whether a percent-encoded URL path has no character with a meaning in nginx."""
    return bool(_SAFE_PATH.fullmatch(path)) and len(path) <= _LONGEST


def comment(text: str) -> str:
    """Escape a string as part of a comment of one line."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def identifier(text: str) -> str:
    """Turn a string into a part of the name of a variable, and of a group in a regular expression.

    The latter has 32 characters at most, and does not begin with a digit.
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    name = f"app_{name}" if name[:1].isdigit() else name
    return name[:_LONGEST_NAME].strip("_") or "app"
