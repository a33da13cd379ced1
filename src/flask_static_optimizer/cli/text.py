"""The output of the commands: its width, how far a command is, and results as JSON."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import click

T = TypeVar("T")

#: The most columns of running text, as longer lines are hard to read.
_WIDEST = 100

#: A setting with its value, and the character that stands for a space in it meanwhile.
_SETTING = re.compile(r"[A-Z_]{8,} = (?:\{.*\}|\S+)")
_HELD = "\x00"

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def columns() -> int:
    """Return the width of the terminal: that of ``COLUMNS``, or 80 if there is no terminal."""
    return shutil.get_terminal_size().columns


def wrapped(text: str, indent: str = "", further: str | None = None) -> str:
    """Return a text with line breaks, so that it fits the terminal.

    A word may be longer, and a setting, which is to be copied as it is.

    :param indent: what each line begins with.
    :param further: what each line but the first begins with; as ``indent`` by default.
    """
    text = _SETTING.sub(lambda found: found[0].replace(" ", _HELD), text)
    filled = textwrap.fill(
        text,
        max(20, min(columns(), _WIDEST) - 1),
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_HELD, " ")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def progress(items: Iterable[T], label: str, length: int) -> Iterator[T]:
    """Yield items, and show on a terminal how many of them are done.

    It is shown on stderr, as a script may read the result from stdout.

    :param label: says what is done with the items.
    :param length: the number of items.
    """
    stream = sys.stderr
    if not stream.isatty():
        yield from items
        return
    with click.progressbar(
        items, length=length, label=label, file=stream, update_min_steps=max(1, length // 200)
    ) as bar:
        yield from bar


def print_json(result: Any) -> None:
    """Print the result of a command as JSON."""
    click.echo(json.dumps(result, indent=2))
