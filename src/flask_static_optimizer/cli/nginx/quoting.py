"""Text that can be put into an nginx configuration without changing what it says."""

from __future__ import annotations

import re

from ...config.errors import ConfigurationError

_SAFE_PATH = re.compile(r"[A-Za-z0-9._~/%!&'()*+,;=:@-]+")

#: Characters beyond which nginx refuses a word of its configuration.
_LONGEST = 2048


def quoted(text: str) -> str:
    """A string as one word of the configuration, whatever is in it.

    nginx knows backslashes before quotes and backslashes, ``\\t``, ``\\r`` and ``\\n``. Variables
    it would still put in, so that :func:`literal` is for where it does.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for character, name in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(character, name)
    return f'"{escaped}"'


def is_literal(text: str) -> bool:
    """Whether nginx takes a string for what it is: it has no way to escape a ``$``."""
    return "$" not in text and text.isprintable() and len(text) <= _LONGEST


def literal(where: str, text: str) -> str:
    """A string as one word in which nginx looks for variables.

    :param where: what to name in the error.
    :raises ConfigurationError: if there is no way to write it.
    """
    if not is_literal(text):
        raise ConfigurationError(
            f"{where} is {text!r}, which an nginx configuration has no way to say: choose one"
            " without '$' and control characters."
        )
    return quoted(text)


def is_safe_path(path: str) -> bool:
    """Whether a percent-encoded URL path has no character that means something to nginx."""
    return bool(_SAFE_PATH.fullmatch(path)) and len(path) <= _LONGEST


def comment(text: str) -> str:
    """A string as part of one line of a comment."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def identifier(text: str) -> str:
    """A string as part of the name of a variable."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "app"
