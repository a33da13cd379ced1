"""A picture of what each visit cost, without and with the extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import Environment, PackageLoader

from .measure import Comparison
from .tally import Tally

#: The longest bar, in units of the picture.
LONGEST = 236

#: What is drawn: a heading, and the figure below it.
_PARTS: tuple[tuple[str, Callable[[Tally], int]], ...] = (
    ("Requests", lambda tally: tally.requests),
    ("Session reads and writes", lambda tally: tally.session_reads + tally.session_writes),
)


class Bar(NamedTuple):
    """One figure."""

    #: ``"without"`` or ``"with"``.
    side: str
    value: int
    length: float


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one visit."""

    label: str
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Part:
    """The bars of one kind of figure."""

    heading: str
    groups: tuple[Group, ...]


def draw(comparison: Comparison) -> str:
    """Draw requests and session operations of both visits.

    The picture needs nothing besides itself, and has colours for light and for dark pages.

    :return: an SVG document.
    """
    environment = Environment(
        loader=PackageLoader(__package__), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("visits.svg")
    return template.render(parts=parts(comparison), comparison=comparison) + "\n"


def parts(comparison: Comparison) -> list[Part]:
    """All that is drawn; the lengths of all bars are on one scale."""
    pairs = list(zip(comparison.without, comparison.optimized, strict=True))
    largest = max(figure(visit.total) for _, figure in _PARTS for pair in pairs for visit in pair)

    def bar(side: str, value: int) -> Bar:
        return Bar(side, value, round(LONGEST * value / largest, 1) if largest else 0)

    return [
        Part(
            heading,
            tuple(
                Group(
                    label,
                    (bar("without", figure(without.total)), bar("with", figure(optimized.total))),
                )
                for label, (without, optimized) in zip(
                    ("1st visit", "2nd visit"), pairs, strict=True
                )
            ),
        )
        for heading, figure in _PARTS
    ]
