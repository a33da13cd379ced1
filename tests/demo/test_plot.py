"""The picture of what was measured."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from demo.running import run
from flask_static_optimizer.cli.compare.comparison import Comparison
from flask_static_optimizer.cli.compare.measure import Side, Visits
from flask_static_optimizer.cli.compare.tally import Tally
from flask_static_optimizer.cli.compare.visit import Visit
from flask_static_optimizer.demo.plot import LONGEST, draw

KEPT = Path(__file__).parents[2] / "docs" / "visits.svg"
SVG = "{http://www.w3.org/2000/svg}"


def visits(*figures: tuple[int, int, int]) -> Visits:
    """Make visits to a page without figures, by requests, session reads and writes."""
    return Visits(
        *(
            Visit(Tally(), Tally(requests=requests, session_reads=reads, session_writes=writes))
            for requests, reads, writes in figures
        )
    )


def drawn(without: Visits, optimized: Visits) -> ET.Element:
    picture = draw(Comparison("a <store> & more", 7, Side(without, ()), Side(optimized, ())))
    return ET.fromstring(picture)


def numbers(picture: ET.Element) -> list[tuple[str, str]]:
    return [
        (text.attrib["class"].split()[1], text.text or "")
        for text in picture.iter(f"{SVG}text")
        if "value" in text.get("class", "").split()
    ]


def bars(picture: ET.Element) -> list[tuple[str, float]]:
    return [
        (bar.attrib["class"], float(bar.attrib["width"]))
        for bar in picture.iter(f"{SVG}rect")
        if bar.get("x") == "72"
    ]


def test_the_numbers_are_those_that_were_measured() -> None:
    picture = drawn(visits((11, 20, 30), (12, 40, 1160)), visits((13, 3, 2), (4, 0, 1)))
    assert numbers(picture) == [
        ("without", "11"),
        ("with", "13"),
        ("without", "12"),
        ("with", "4"),
        ("without", "50"),
        ("with", "5"),
        ("without", "1,200"),
        ("with", "1"),
    ]
    assert bars(picture) == [
        (side, pytest.approx(LONGEST * int(value.replace(",", "")) / 1200, abs=0.06))
        for side, value in numbers(picture)
    ]
    texts = "".join(picture.itertext())
    assert "A page and its 11 assets" in texts
    assert "sessions in a <store> & more; medians of 7 visitors" in texts
    description = picture.find(f"{SVG}desc")
    assert description is not None
    assert description.text is not None
    assert " ".join(description.text.split()) == (
        "Requests: 1st visit without 11, with 13; 2nd visit without 12, with 4."
        " Session reads and writes: 1st visit without 50, with 5; 2nd visit without 1200, with 1."
    )


def test_nothing_has_no_bar() -> None:
    picture = drawn(visits((0, 0, 0), (0, 0, 0)), visits((0, 0, 0), (0, 0, 0)))
    assert {value for _, value in numbers(picture)} == {"0"}
    assert bars(picture) == []


def test_the_kept_picture_is_current(tmp_path: Path) -> None:
    """The picture in the documentation is the one that the demo draws."""
    path = tmp_path / "visits.svg"
    result = run("--plot", str(path))
    assert result.exit_code == 0, result.output
    assert "Session reads" in result.output
    assert path.read_text() == KEPT.read_text(), (
        "flask-static-optimizer demo --plot docs/visits.svg makes it anew"
    )
