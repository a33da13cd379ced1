"""The table of the figures without and with the extension, and a verdict in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click

from ...config.names import PREFIX
from ...config.protecting import protecting
from ..text import columns, counted, wrapped
from .comparison import Comparison, Sample, Sessions
from .measure import Visits
from .tally import Tally
from .visit import Asked

_LABEL = 18
_FIELD = 16

#: The most lines of one kind that are listed, and the most URLs that are asked for again.
_MOST = 10
_MOST_AGAIN = 5


def _kilobytes(count: int) -> str:
    return f"{count / 1000:,.1f}"


Row = tuple[str, Callable[[Tally], str]]


def _rows(sessions: Sessions) -> tuple[Row, ...]:
    return (
        ("Requests", lambda tally: f"{tally.requests:,}"),
        ("  of them 304", lambda tally: f"{tally.not_modified:,}"),
        (sessions.reads, lambda tally: f"{tally.session_reads:,}"),
        (sessions.writes, lambda tally: f"{tally.session_writes:,}"),
        ("Cookies set", lambda tally: f"{tally.cookies_set:,}"),
        ("Vary: Cookie", lambda tally: f"{tally.vary_cookie:,}"),
        ("Sent (kB)", lambda tally: _kilobytes(tally.body_bytes)),
        ("  uncompressed", lambda tally: _kilobytes(tally.plain_bytes)),
        ("App's time (ms)", lambda tally: f"{tally.milliseconds:,.1f}"),
    )


def print_report(comparison: Comparison) -> None:
    """Print the table, a response's header fields, and below them the verdict."""
    without, optimized = comparison.without.visits, comparison.optimized.visits
    seen = comparison.without.sights[-1]
    pages, count = len(seen.pages), len(seen.assets)
    title = (
        f"{'A page and its' if pages == 1 else f'{pages} pages and their'}"
        f" {counted(count, 'asset')};"
        f" sessions {comparison.sessions.preposition} {comparison.store}"
    )
    click.echo(wrapped(title))
    for name, target in comparison.redirects().items():
        click.echo(wrapped(f"{name} leads to {target}."))
    click.echo()
    for line in _table(without, optimized, _rows(comparison.sessions)):
        click.echo(line)
    sample = comparison.sample()
    if sample is not None:
        click.echo()
        for line in _headers(sample):
            click.echo(line)
    _list("red", "Broken with the extension:", comparison.broken(), remedy(comparison))
    click.echo()
    click.echo(wrapped(verdict(comparison)))
    again = comparison.again()
    _list(
        "yellow",
        "Still asked for on the second visit:",
        [f"{asked.url}: {_why(asked)}" for asked in again],
        _sparing(again),
        _MOST_AGAIN,
    )


def print_rest(comparison: Comparison) -> None:
    """Print what is left as it was, and what fails anyway."""
    touching, protected = comparison.touching(), {*comparison.optimized.protected}
    audit = "'flask static audit' says what makes files of views static."
    _list(
        "yellow",
        "Still with a session (what views send, and what is protected):",
        [f"{name}: protected" if name in protected else name for name in touching],
        [] if protected.issuperset(touching) else [audit],
    )
    for heading, both in (
        ("What fails with and without the extension:", True),
        ("What fails only without the extension:", False),
    ):
        _list("yellow", heading, comparison.failing(both=both))


def _why(asked: Asked) -> str:
    """Return why a browser asks for it each time, as far as its response says so."""
    if asked.status >= 400:
        return str(asked.status)
    return "an ES module" if asked.plain_module else asked.cache_control or "no Cache-Control"


def _sparing(again: Sequence[Asked]) -> list[str]:
    """Return what spares the requests of a second visit."""
    others = [asked for asked in again if asked.status < 400 and not asked.plain_module]
    found = []
    if any(asked.status < 400 and asked.plain_module for asked in again):
        found.append(
            f"An import map spares those for ES modules: set {PREFIX}IMPORTMAP = True, and call"
            " static_importmap() before the first module of all pages (docs/assets.md#es-modules)."
        )
    return found + ([f"'flask static explain {others[0].url}' says why."] if others else [])


def _list(
    style: str, heading: str, lines: Sequence[str], below: Sequence[str] = (), most: int = _MOST
) -> None:
    if not lines:
        return
    click.echo()
    click.echo(click.style(heading, fg=style))
    for line in lines[:most]:
        click.echo(wrapped(line, "  ", "    "))
    if len(lines) > most:
        click.echo(f"  and {len(lines) - most} more")
    for line in below:
        click.echo(wrapped(line, "  "))


def remedy(comparison: Comparison) -> list[str]:
    """Return what to do where something is broken."""
    keys = comparison.optimized.keys
    refused = comparison.refused()
    guarded = dict.fromkeys(keys[name] for name in refused if name in keys)
    others = [*(name for name in refused if name not in keys), *comparison.unexplained()]
    found = []
    if guarded:
        found.append(
            "The session of a static file is empty, so a guard that goes by it refuses everybody."
            f" Protect what it guards: {protecting(guarded)}"
        )
    return found + ([f"'flask static explain {others[0]}' says why."] if others else [])


def _table(without: Visits, optimized: Visits, rows: Sequence[Row]) -> Iterator[str]:
    pairs = [
        (without.first.total, optimized.first.total),
        (without.second.total, optimized.second.total),
        (without.total, optimized.total),
    ]
    cells = [[row, *(figure(t) for pair in pairs for t in pair)] for row, figure in rows]
    width = max(len(cell) for line in cells for cell in line[1:])
    width = max(width + 1, 9)
    # The first of the two columns of a visit stands a little apart.
    group = 2 * width + 1
    headings = ("1st visit", "2nd visit", "total")
    yield f"{'':{_LABEL}}{''.join(f'{heading:>{group}}' for heading in headings)}".rstrip()
    pair = f" {'without':>{width}}{'with':>{width}}"
    yield f"{'':{_LABEL}}{pair * 3}"
    yield "─" * (_LABEL + 3 * group)
    for label, *figures in cells:
        shown = [f"{figure:>{width}}" for figure in figures]
        after = [click.style(figure, fg="green", bold=True) for figure in shown[1::2]]
        halves = zip(shown[::2], after, strict=True)
        yield f"{label:{_LABEL}}" + "".join(f" {one}{other}" for one, other in halves)


def _headers(sample: Sample) -> Iterator[str]:
    width = max(20, (min(columns(), 100) - _FIELD - 2) // 2)
    # Names of files may be long, and are there to be read.
    yield click.style(sample.url, bold=True)
    yield f"{'':{_FIELD}} {'without':{width}} with"
    yield "─" * (_FIELD + 2 * width + 2)
    for name, *values in sample.fields:
        sides = [_lines(name, value or "-", width) for value in values]
        for number in range(max(map(len, sides))):
            left, right = (side[number] if number < len(side) else "" for side in sides)
            label = name if number == 0 else ""
            yield f"{label:{_FIELD}} {left:{width}} {right}".rstrip()


def _lines(name: str, value: str, width: int) -> list[str]:
    if name == "ETag" and len(value) > width:  # nobody reads it to its end
        return [f"{value[: width - 1]}…"]
    return textwrap.wrap(value, width, break_on_hyphens=False)


def verdict(comparison: Comparison) -> str:
    """Return in one line what the figures mean."""
    sides = (comparison.without.visits, comparison.optimized.visits)
    before, after = (visits.assets for visits in sides)
    touched, touches = (tally.session_reads + tally.session_writes for tally in (before, after))
    what = comparison.sessions.of
    if touches:
        first = f"Asset requests still touch {what} {touches} times ({touched} times without)"
    elif touched:
        first = f"{before.requests} asset requests no longer touch {what}"
    else:
        first = f"Asset requests do not touch {what}, with or without"
    asked, asks = (visits.second.total.requests for visits in sides)
    second = counted(asks, "request") + (f" instead of {asked}" if asks != asked else ", as ever")
    return f"{first}; the second visit takes {second}."


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Return all figures and what is not as it was, ready for JSON."""
    sample = comparison.sample()
    return {
        "store": comparison.store,
        "rounds": comparison.rounds,
        "without": _visits(comparison.without.visits),
        "with": _visits(comparison.optimized.visits),
        "headers": sample
        and {
            "url": sample.url,
            "without": {name: value for name, value, _ in sample.fields if value is not None},
            "with": {name: value for name, _, value in sample.fields if value is not None},
        },
        "broken": comparison.broken(),
        "notes": comparison.notes(),
        "touching": comparison.touching(),
        "redirects": comparison.redirects(),
        "failed": comparison.failed(),
        "asked_again": [{"url": asked.url, "why": _why(asked)} for asked in comparison.again()],
        "verdict": verdict(comparison),
    }


def _visits(visits: Visits) -> dict[str, Any]:
    return {
        "first_visit": {part: asdict(tally) for part, tally in visits.first._asdict().items()},
        "second_visit": {part: asdict(tally) for part, tally in visits.second._asdict().items()},
        "total": asdict(visits.total),
    }
