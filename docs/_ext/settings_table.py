"""The tables of docs/configuration.md, made from the classes that read the configuration.

The page is read in a checkout, too, so the tables stand in it. The site makes them anew whenever it
is built, ``tests/docs/test_settings_table.py`` fails where the page has others, and ::

    python docs/_ext/settings_table.py

writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.pycode import ModuleAnalyzer

from flask_static_optimizer.config.names import PREFIX
from flask_static_optimizer.config.policy import CachePolicy
from flask_static_optimizer.config.settings import Settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = Path(__file__).parents[1] / "configuration.md"

_MARKED = re.compile(r"(<!-- table of (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


class UndocumentedError(Exception):
    """A field without a ``#:`` comment."""


def settings_table() -> str:
    """Every key, its default as a configuration would spell it, and what it means."""
    rows = [
        (f"`{PREFIX}{field.name.upper()}`", f"`{default(field)}`", meaning)
        for field, meaning in documented(Settings)
    ]
    return _table(("key", "default", "meaning"), rows)


def policy_table() -> str:
    """Every field of a policy and what it means."""
    rows = [(f"`{field.name}`", meaning) for field, meaning in documented(CachePolicy)]
    return _table(("field", "meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {"settings": settings_table, "policies": policy_table}


def documented(cls: type[Any]) -> Iterator[tuple[Field[Any], str]]:
    """The fields of a dataclass with their ``#:`` comments, as one line of Markdown each.

    :raises UndocumentedError: for a field that has none.
    """
    comments = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
    for field in fields(cls):
        meaning = " ".join(comments.get((cls.__name__, field.name), [])).strip()
        if not meaning:
            raise UndocumentedError(f"{cls.__name__}.{field.name} needs a '#:' comment.")
        yield field, meaning.replace("``", "`").replace("|", r"\|").removesuffix(".")


def default(field: Field[Any]) -> str:
    """A setting's default, in the words of a configuration file in Python."""
    if field.default is MISSING:
        raise UndocumentedError(f"Settings.{field.name} needs a default.")
    if field.name in ("headers", "rules"):
        return "{}"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return repr(value).replace("'", '"')


def renewed(page: str) -> str:
    """A page with its tables made anew."""
    return _MARKED.sub(lambda match: match[1] + TABLES[match[2]](), page)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _renew(*event: Any) -> None:
    # The app, the page's name, and a list that holds its text.
    source = event[-1]
    source[0] = renewed(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the tables anew in every page that is read."""
    app.connect("source-read", _renew)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
