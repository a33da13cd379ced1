"""A picture of the figures of each visit, without and with the extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import Environment, PackageLoader

from ..cli.compare.comparison import Comparison
from ..cli.compare.tally import Tally

#: The length of the longest bar, in units of the picture.
LONGEST = 236

#: The parts of the picture: the heading of each, and the figure that is drawn below it.
_PARTS: tuple[tuple[str, Callable[[Tally], int]], ...] = (
    ("Requests", lambda tally: tally.requests),
    ("Session reads and writes", lambda tally: tally.session_reads + tally.session_writes),
)


class Bar(NamedTuple):
    """A bar, which stands for one figure."""

    #: ``"without"`` or ``"with"``.
    side: str
    value: int
    length: float


@dataclass(frozen=True, slots=True)
class Group:
    """A group of bars: those of one visit."""

    label: str
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the picture: the bars of one figure."""

    heading: str
    groups: tuple[Group, ...]


def draw(comparison: Comparison) -> str:
    """Draw requests and session operations of both visits.

    The picture needs nothing besides itself, and has colours for light and for dark pages.

    :returns: an SVG document.
    """
    environment = Environment(
        loader=PackageLoader(__package__), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("visits.svg")
    return template.render(parts=parts(comparison), comparison=comparison) + "\n"


def parts(comparison: Comparison) -> list[Part]:
    """Return the parts of the picture, with the lengths of all bars on one scale."""
    pairs = list(zip(comparison.without.visits, comparison.optimized.visits, strict=True))
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
