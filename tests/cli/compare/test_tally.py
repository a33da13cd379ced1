"""The figures of some requests."""

from __future__ import annotations

from flask_static_optimizer.cli.compare.tally import Tally


def test_the_median_is_taken_of_each_figure() -> None:
    tallies = [Tally(1, 9, 5), Tally(2, 8, 5), Tally(3, 7, 900)]
    assert Tally.median(tallies) == Tally(2, 8, 5)


def test_a_sum_is_that_of_each_figure() -> None:
    assert Tally(requests=1, body_bytes=5) + Tally(requests=2) == Tally(requests=3, body_bytes=5)
