"""Tables for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rich.box import MARKDOWN, SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

#: Columns, enough for the widest table.
_WIDTH = 240


def wide_console(file: TextIO | None = None) -> Console:
    """Make a console that cuts no table: a log has no width, and a terminal breaks lines.

    :param file: where it prints; ``None``: to standard output.
    """
    return Console(file=file, width=_WIDTH)


@dataclass
class Table:
    """A table, and what is to be said of it."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self, console: Console, *, markdown: bool) -> None:
        """Print it.

        :param markdown: as the source of a page, else for people at a terminal.
        """
        table = RichTable(box=MARKDOWN if markdown else SIMPLE_HEAD)
        for number, column in enumerate(self.columns):
            table.add_column(escape(column), justify="right" if number else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*(escape(cell) for cell in row))
        # What does not fit into a terminal's width is better broken by it than left out.
        console.print(f"\n{'### ' if markdown else ''}{self.title}", markup=False, soft_wrap=True)
        console.print(table, soft_wrap=True, crop=False)
        for note in self.notes:
            console.print(f"{note}\n" if markdown else note, markup=False, soft_wrap=True)


def micros(seconds: float) -> str:
    """Format a time in microseconds."""
    return f"{seconds * 1e6:,.1f}" if seconds < 1e-4 else f"{seconds * 1e6:,.0f}"
