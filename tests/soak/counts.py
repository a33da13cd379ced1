"""What was asked and what was found, in tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock

from benchmarks.tables import Table

#: Faults, none of which may happen once.
LOST, UNDONE, STALE, WRONG, COOKIE, ERROR, CUT = (
    "session updates lost",
    "log-outs undone",
    "stale answers",
    "wrong answers",
    "static answers with a cookie",
    "unexplained 5xx",
    "answers cut while no worker ended",
)
FAULTS = (LOST, UNDONE, STALE, WRONG, COOKIE, ERROR, CUT)

#: The most examples that are kept of each fault.
_EXAMPLES = 5


class Counts:
    """A counter that many threads use."""

    def __init__(self) -> None:
        self._lock = Lock()
        #: Answers by kind of request, and by status.
        self.answers: dict[str, Counter[int]] = defaultdict(Counter)
        #: What stored routes said in ``Cache-Status``.
        self.stored: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        #: What else is counted: troubles, excuses, errors by cause.
        self.others: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)

    def answer(self, kind: str, status: int) -> None:
        with self._lock:
            self.answers[kind][status] += 1

    def other(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.others[what] += by

    def store_said(self, what: str) -> None:
        with self._lock:
            self.stored[what] += 1

    def fault(self, what: str, example: str, by: int = 1) -> None:
        with self._lock:
            self.faults[what] += by
            if len(self._examples[what]) < _EXAMPLES:
                self._examples[what].append(example)

    def tables(self) -> list[Table]:
        """Return all tables, the one with the faults at the end."""
        asked = Table("Requests", ("kind", "answers", "200", "206", "304", "others"))
        for kind, statuses in sorted(self.answers.items()):
            known = [statuses[status] for status in (200, 206, 304)]
            row = [statuses.total(), *known, statuses.total() - sum(known)]
            asked.rows.append((kind, *(f"{number:,}" for number in row)))
        total = sum(statuses.total() for statuses in self.answers.values())
        asked.rows.append(("all", f"{total:,}"))
        said = Table("Stored routes, by Cache-Status", ("status", "answers"))
        said.rows += [(what, f"{count:,}") for what, count in self.stored.most_common()]
        others = Table("Besides", ("what", "count"))
        others.rows += [(what, f"{count:,}") for what, count in sorted(self.others.items())]
        of = {LOST: self.answers["page"].total(), UNDONE: self.answers["log-out"].total()}
        faults = Table("Faults", ("what", "count", "of"))
        faults.rows += [
            (what, f"{self.faults[what]:,}", f"{of.get(what, total):,}") for what in FAULTS
        ]
        faults.notes += [f"{what}: {each}" for what in FAULTS for each in self._examples[what]]
        return [asked, said, others, faults]
