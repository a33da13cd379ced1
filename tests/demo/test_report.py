"""The table, and the verdict below it."""

from __future__ import annotations

import pytest

from demo.running import run
from flask_static_optimizer.demo.measure import Comparison, Visits
from flask_static_optimizer.demo.report import verdict
from flask_static_optimizer.demo.tally import Tally
from flask_static_optimizer.demo.visit import Visit


class TestReport:
    def test_the_table_and_the_verdict(self) -> None:
        result = run("--rounds", "1")
        assert result.exit_code == 0, result.output
        lines = [line.split() for line in result.output.splitlines()]
        assert ["Requests", "14", "14", "14", "1", "28", "15"] in lines
        assert ["Session", "reads", "14", "1", "14", "1", "28", "2"] in lines
        assert ["Session", "writes", "14", "1", "14", "1", "28", "2"] in lines
        assert ["of", "them", "304", "0", "0", "13", "0", "13", "0"] in lines
        assert result.output.splitlines()[-1] == (
            "26 asset requests no longer touch the session store;"
            " the second visit asks for 1 file instead of 14."
        )

    @pytest.mark.parametrize(
        ("before", "after", "asks", "expected"),
        [
            (
                Tally(requests=3, session_reads=3),
                Tally(requests=2),
                2,
                "6 asset requests no longer touch the session store;"
                " the second visit asks for 3 files instead of 4.",
            ),
            (
                Tally(requests=3, session_reads=3, session_writes=3),
                Tally(requests=3, session_reads=3),
                3,
                "Asset requests still ask the session store 6 times (12 times without);"
                " the second visit asks for 4 files, as ever.",
            ),
            (
                Tally(requests=3),
                Tally(requests=0),
                0,
                "Asset requests do not touch the session store, with or without;"
                " the second visit asks for 1 file instead of 4.",
            ),
        ],
    )
    def test_the_verdict_follows_the_figures(
        self, before: Tally, after: Tally, asks: int, expected: str
    ) -> None:
        page = Tally(requests=1, session_reads=1, session_writes=1)
        without, optimized = (Visits(*[Visit(page, part)] * 2) for part in (before, after))
        assert verdict(Comparison("files", 1, without, optimized)) == expected
