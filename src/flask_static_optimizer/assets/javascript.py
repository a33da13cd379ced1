"""JavaScript files, and which of them are ES modules (ECMA-262 §16.2)."""

from __future__ import annotations

#: The endings of the names of JavaScript files, and of those that are modules in any case.
ENDINGS = (".js", ".mjs")
_MODULE = ".mjs"


def is_javascript(name: str) -> bool:
    """Return whether a file is JavaScript by its name."""
    return name.lower().endswith(ENDINGS)


def is_module(name: str, source: bytes | None) -> bool:
    """Return whether a file is an ES module, or a script that imports one.

    It is one if it holds an import or an export, also ``import()`` and ``import.meta``. In doubt
    the answer is yes: a script that is taken for a module is asked for once more, while a module
    that is taken for a script may run twice.

    :param source: the bytes, or ``None`` if the file is too large to be read whole.
    """
    if not is_javascript(name):
        return False
    if name.lower().endswith(_MODULE) or source is None:
        return True
    if b"import" not in source and b"export" not in source:
        return False
    # Only some apps have scripts that say so, and compiling what reads them takes milliseconds.
    from .module_syntax import has_statement

    return has_statement(source)
