"""The findings of an audit, and the table of its requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from werkzeug.http import parse_dict_header

if TYPE_CHECKING:
    from ..exchange import Exchange

Severity: TypeAlias = Literal["error", "warning", "note"]

#: The severities, the worst first. A note does not change the exit status.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass
class Finding:
    """A problem, how to fix it, and all places where it was found."""

    #: A stable name for scripts.
    code: str
    severity: Severity
    problem: str
    fix: str
    places: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding, ready for JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "problem": self.problem,
            "fix": self.fix,
            "places": self.places,
        }


def printable(text: str) -> str:
    """Return a text with an escape for each byte of a file name that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Merge equal findings into one with the places of all, and sort by severity."""
    known: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.problem, finding.fix)
        kept = known.setdefault(key, Finding(finding.code, finding.severity, *key[1:]))
        places = map(printable, finding.places)
        kept.places += [place for place in places if place not in kept.places]
    return sorted(known.values(), key=lambda finding: SEVERITIES.index(finding.severity))


@dataclass
class Row:
    """A row of the table: one URL and its response."""

    endpoint: str
    url: str
    #: The key of the rule that decides; empty if none does.
    rule: str = ""
    #: ``"isolated"``, ``"protected"`` or ``"left alone"``.
    mode: str = ""
    #: ``None`` if it was not requested, since its URL has variables.
    status: int | None = None
    cache_control: str = ""
    #: The ``Cache-Control`` of the URL that ``url_for`` returns, if that is another URL.
    versioned: str = ""
    size: int = 0
    codings: dict[str, int] = field(default_factory=dict)
    stored_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the row, ready for JSON."""
        return asdict(self)


def who_may_store(response: Exchange) -> str:
    """Say in words who may store a response to a visitor without credentials (RFC 9111 §3)."""
    said = parse_dict_header(response.headers.get("Cache-Control", ""))
    if "no-store" in said:
        return "nobody"
    if "private" in said or "Set-Cookie" in response.headers:
        return "the browser"
    if "no-cache" in said:
        return "everybody, asking each time"
    return "everybody" if said else "as each cache guesses"
