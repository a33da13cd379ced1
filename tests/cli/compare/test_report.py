"""The table, and the verdict below it."""

from __future__ import annotations

import pytest

from demo.running import run
from flask_static_optimizer.cli.compare.comparison import BY_INTERFACE, Comparison
from flask_static_optimizer.cli.compare.measure import Side, Visits
from flask_static_optimizer.cli.compare.report import print_report, print_rest, verdict
from flask_static_optimizer.cli.compare.tally import Tally
from flask_static_optimizer.cli.compare.visit import Asked, Seen, Sight, Visit


class TestReport:
    def test_the_table_and_the_verdict(self) -> None:
        result = run("--rounds", "1")
        assert result.exit_code == 0, result.output
        lines = [line.split() for line in result.output.splitlines()]
        assert ["Requests", "15", "15", "15", "1", "30", "16"] in lines
        assert ["Session", "reads", "15", "1", "15", "1", "30", "2"] in lines
        assert ["Session", "writes", "15", "1", "15", "1", "30", "2"] in lines
        assert ["of", "them", "304", "0", "0", "14", "0", "14", "0"] in lines
        assert ["Vary", "Cookie", "Accept-Encoding"] in lines
        assert " ".join(result.output.split()).endswith(
            "28 asset requests no longer touch the session store;"
            " the second visit takes 1 request instead of 15."
        )
        assert max(map(len, result.output.splitlines())) <= 80

    def test_compressed_is_not_compared_with_uncompressed(self) -> None:
        """A row has the bytes before compression, on both sides."""
        lines = {
            label: [float(cell.replace(",", "")) for cell in line[18:].split()]
            for line in run("--rounds", "1").output.splitlines()
            if (label := line[:18].strip()) in ("Sent (kB)", "uncompressed")
        }
        sent, plain = lines["Sent (kB)"], lines["uncompressed"]
        assert sent[0] == plain[0]
        assert sent[1] < plain[1] / 4
        assert plain[1] == pytest.approx(plain[0], rel=0.02)  # fingerprints are in the page

    @pytest.mark.parametrize(
        ("before", "after", "asks", "expected"),
        [
            (
                Tally(requests=3, session_reads=3),
                Tally(requests=2),
                2,
                "6 asset requests no longer touch the session store;"
                " the second visit takes 3 requests instead of 4.",
            ),
            (
                Tally(requests=3, session_reads=3, session_writes=3),
                Tally(requests=3, session_reads=3),
                3,
                "Asset requests still touch the session store 6 times (12 times without);"
                " the second visit takes 4 requests, as ever.",
            ),
            (
                Tally(requests=3),
                Tally(requests=0),
                0,
                "Asset requests do not touch the session store, with or without;"
                " the second visit takes 1 request instead of 4.",
            ),
        ],
    )
    def test_the_verdict_follows_the_figures(
        self, before: Tally, after: Tally, asks: int, expected: str
    ) -> None:
        page = Tally(requests=1, session_reads=1, session_writes=1)
        sides = [Side(Visits(*[Visit(page, part)] * 2), ()) for part in (before, after)]
        assert verdict(Comparison("files", 1, *sides)) == expected
        said = verdict(Comparison("an interface", 1, *sides, BY_INTERFACE))
        assert said == expected.replace("the session store", "the session")

    def test_what_is_asked_for_again(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Five of them are named, each with what its response says."""
        again = [Asked("/m.js", 200, "no-cache", True), Asked("/nope", 404, None)]
        again += [Asked(f"/view/{number}", 200, "no-store") for number in range(5)]
        shown = printed(Side(NOTHING, (Sight(),), tuple(again)), capsys)
        assert shown.split("Still asked for on the second visit:\n")[1].splitlines()[:6] == [
            "  /m.js: an ES module",
            "  /nope: 404",
            "  /view/0: no-store",
            "  /view/1: no-store",
            "  /view/2: no-store",
            "  and 2 more",
        ]
        assert shown.endswith("  'flask static explain /view/0' says why.\n")
        missing = printed(Side(NOTHING, (Sight(),), (Asked("/nope", 404, None),)), capsys)
        assert missing.endswith("Still asked for on the second visit:\n  /nope: 404\n")

    def test_the_audit_is_named_where_views_send_files(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assets = {"/sent": Seen(200, "a", operations=1), "/nope": Seen(404, "b", operations=1)}
        shown = printed(Side(NOTHING, (Sight({}, assets),)), capsys)
        assert shown.endswith(
            "Still with a session (what views send, and what is protected):\n"
            "  /sent\n"
            "  'flask static audit' says what makes files of views static.\n\n"
            "What fails with and without the extension:\n"
            "  /nope: 404\n"
        )


NOTHING = Visits(*[Visit(Tally(), Tally())] * 2)


def printed(side: Side, capsys: pytest.CaptureFixture[str]) -> str:
    """Print a comparison of a side with itself."""
    comparison = Comparison("files", 1, side, side)
    print_report(comparison)
    print_rest(comparison)
    return capsys.readouterr().out
