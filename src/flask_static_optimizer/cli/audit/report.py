"""The report of an audit: a table, plain text or JSON."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import click

from ..text import columns, counted, wrapped
from .findings import Finding, Row

_STYLES = {"error": "red", "warning": "yellow", "note": "blue"}

#: The most places of one finding that are listed.
_PLACES = 5

_COLUMNS = ("Endpoint", "Rule", "Mode", "URLs", "Size", "Compressed", "Cache-Control", "Stored by")


class _Group(NamedTuple):
    endpoint: str
    rule: str
    mode: str
    status: int | None
    cache_control: str
    versioned: str
    stored_by: str


def as_dict(rows: Sequence[Row], findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all requests and findings, ready for JSON."""
    return {
        "clean": not is_bad(findings),
        "findings": [finding.as_dict() for finding in findings],
        "requests": [row.as_dict() for row in rows],
    }


def is_bad(findings: Iterable[Finding]) -> bool:
    """Return whether there are errors or warnings."""
    return any(finding.severity != "note" for finding in findings)


def print_report(rows: Sequence[Row], findings: Sequence[Finding]) -> None:
    """Print rows and findings, in colour if the terminal supports it."""
    lines = [_cells(group, members) for group, members in _groups(rows).items()]
    if not (importlib.util.find_spec("rich") and _print_table(lines)):
        _print_plain(lines)
    for finding in findings:
        _print_finding(finding)
    click.echo(f"{counted(len(rows), 'URL')}, {counted(len(findings), 'finding')}.")


def _groups(rows: Iterable[Row]) -> dict[_Group, list[Row]]:
    groups: dict[_Group, list[Row]] = {}
    for row in rows:
        key = _Group(
            row.endpoint,
            row.rule,
            row.mode,
            row.status,
            row.cache_control,
            row.versioned,
            row.stored_by,
        )
        groups.setdefault(key, []).append(row)
    return groups


def _cells(group: _Group, members: Sequence[Row]) -> tuple[str, ...]:
    urls = members[0].url if len(members) == 1 else f"{len(members)}, {members[0].url} …"
    said = group.cache_control or "-"
    if group.versioned:
        said = f"{group.versioned} (fingerprinted), {said} (plain)"
    if group.status is None:
        said = "not asked: it has variables (--url)"
    elif group.status != 200:
        said = f"{group.status}: {said}"
    coded = sum(min(row.codings.values(), default=row.size) for row in members)
    codings = dict.fromkeys(coding for row in members for coding in row.codings)
    return (
        group.endpoint,
        group.rule or "-",
        group.mode,
        urls,
        f"{sum(row.size for row in members):,}",
        f"{coded:,} ({', '.join(codings)})" if codings else "-",
        said,
        group.stored_by or "-",
    )


def _print_table(lines: Sequence[tuple[str, ...]]) -> bool:
    """Print a table, and return whether it did, as it may be wider than the terminal."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in _COLUMNS:
        right = column in ("Size", "Compressed")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for line in lines:
        colour = {"nobody": "red", "the browser": "yellow"}.get(line[-1], "green")
        *cells, stored = map(escape, line)
        table.add_row(*cells, f"[{colour}]{stored}[/]")
    console = Console(width=columns())
    unlimited = console.options.update(max_width=10_000)
    if console.measure(table, options=unlimited).maximum > console.width:
        return False
    console.print(table)
    return True


def _print_plain(lines: Sequence[tuple[str, ...]]) -> None:
    for line in lines:
        click.echo(wrapped(f"{line[0]} ({line[3]})", "", "  "))
        for column, cell in zip(_COLUMNS, line, strict=True):
            if column not in ("Endpoint", "URLs") and cell != "-":
                click.echo(wrapped(f"{column}: {cell}", "  ", "    "))
    click.echo()


def _print_finding(finding: Finding) -> None:
    label = click.style(f"{finding.severity}: {finding.code}", fg=_STYLES[finding.severity])
    click.echo(label)
    for text in (finding.problem, f"→ {finding.fix}"):
        click.echo(wrapped(text, "  "))
    for place in finding.places[:_PLACES]:
        click.echo(f"    {place}")
    if len(finding.places) > _PLACES:
        click.echo(f"    and {len(finding.places) - _PLACES} more")
    click.echo()
