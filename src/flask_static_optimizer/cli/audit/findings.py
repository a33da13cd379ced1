"""What an audit finds, and what to change about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]

#: The worst first; a note changes no exit status.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass
class Finding:
    """Something to change, and everywhere that it was seen."""

    #: A stable name for scripts.
    code: str
    severity: Severity
    problem: str
    fix: str
    places: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "problem": self.problem,
            "fix": self.fix,
            "places": self.places,
        }


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The same finding once, with all its places; the worst first."""
    known: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.problem, finding.fix)
        kept = known.setdefault(key, Finding(finding.code, finding.severity, *key[1:]))
        kept.places += [place for place in finding.places if place not in kept.places]
    return sorted(known.values(), key=lambda finding: SEVERITIES.index(finding.severity))
