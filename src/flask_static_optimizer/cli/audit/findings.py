"""What an audit finds, and what to change about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from werkzeug.http import parse_dict_header

if TYPE_CHECKING:
    from ..exchange import Exchange

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


@dataclass
class Row:
    """What was asked and answered for one URL."""

    endpoint: str
    url: str
    #: The key of the rule that decides; empty: none.
    rule: str = ""
    #: ``"isolated"``, ``"protected"`` or ``"left alone"``.
    mode: str = ""
    #: ``None``: it was not asked, as its URL has variables.
    status: int | None = None
    cache_control: str = ""
    #: What is said of the URL that ``url_for`` gives, where that is another.
    versioned: str = ""
    size: int = 0
    codings: dict[str, int] = field(default_factory=dict)
    stored_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def who_may_store(response: Exchange) -> str:
    """Who may keep a response to a visitor without credentials, in words (RFC 9111 §3)."""
    said = parse_dict_header(response.headers.get("Cache-Control", ""))
    if "no-store" in said:
        return "nobody"
    if "private" in said or "Set-Cookie" in response.headers:
        return "the browser"
    if "no-cache" in said:
        return "everybody, asking each time"
    return "everybody" if said else "as each cache guesses"
