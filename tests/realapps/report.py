"""The table of what was found, for the terminal and for the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from compare import Difference
from cpu import Measured
from visit import Visit

PAGE = Path(__file__).parents[2] / "docs" / "real-apps.md"
_BEGIN, _END = "<!-- table: python tests/realapps --write -->\n", "<!-- end of table -->\n"

HEAD = (
    "application",
    "way",
    "pages",
    "differences",
    "pixels that differ",
    "requests, 1st visit",
    "2nd visit",
    "sessions opened",
    "saved",
    "CPU of a file (µs)",
    "of its own",
)


@dataclass
class Found:
    """An application in one way."""

    visits: list[Visit]
    differences: list[Difference] = field(default_factory=list)
    #: The largest share of a screenshot that differs.
    pixels: float = 0.0
    cpu: Measured | None = None
    #: What the extension logged.
    told: list[str] = field(default_factory=list)

    def operations(self, name: str) -> int:
        """Return how often sessions were opened or saved, in both visits."""
        return sum(visit.operations.get(name, 0) for visit in self.visits)


@dataclass
class Verdict:
    """An application in all ways."""

    name: str
    version: str
    ways: dict[str, Found] = field(default_factory=dict)
    #: The reason for which it could not be looked at.
    fault: str = ""
    seconds: float = 0.0
    installing: float = 0.0


def rows(verdict: Verdict) -> Iterable[tuple[str, ...]]:
    """Return the table's rows for an application, one for each way."""
    for way, found in verdict.ways.items():
        judged = way != "without"
        yield (
            f"{verdict.name} {verdict.version}" if not judged else "",
            way,
            str(len(found.visits[0].pages)),
            _kinds(found.differences) if judged else "-",
            f"{found.pixels:.1%}" if judged else "-",
            *(str(len(visit.requests)) for visit in found.visits),
            str(found.operations("open_session")),
            str(found.operations("save_session")),
            *_cpu(found.cpu),
        )


def _cpu(measured: Measured | None) -> tuple[str, str]:
    if measured is None:
        return "-", "-"
    by_view = "" if measured.is_in_folder else " (by a view)"
    return f"{measured.micros:.0f}{by_view}", f"{measured.ratio:.2f}"


def _kinds(differences: list[Difference]) -> str:
    counts = Counter(difference.kind for difference in differences)
    return ", ".join(f"{kind}: {count}" for kind, count in counts.items()) or "none"


def table(verdicts: list[Verdict]) -> str:
    """Return the table in Markdown."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for verdict in verdicts:
        lines += rows(verdict)
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    for verdict in verdicts:
        if verdict.fault:
            text += f"\n{verdict.name} could not be looked at: `{verdict.fault.splitlines()[0]}`\n"
        for way, found in verdict.ways.items():
            if found.differences:
                text += f"\n{verdict.name}, {way}:\n\n"
                text += "".join(f"- `{said}`\n" for said in shortened(found.differences))
    return text


def shortened(differences: list[Difference], most: int = 5) -> list[str]:
    """Return the first differences of each kind, and how many more there are."""
    kinds: dict[str, list[Difference]] = {}
    for difference in differences:
        kinds.setdefault(difference.kind, []).append(difference)
    said = []
    for kind, those in kinds.items():
        said += [str(difference)[:200].replace("`", "'") for difference in those[:most]]
        if those[most:]:
            said.append(f"{kind}: {len(those) - most} more")
    return said


def write(verdicts: list[Verdict], about: str) -> None:
    """Put the table into its page, between the two marks."""
    before, _, rest = PAGE.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{_BEGIN}\n{about}\n\n{table(verdicts)}\n{_END}{after}", "utf-8")
