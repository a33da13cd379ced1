"""What was asked of one URL, and answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.http import parse_dict_header

if TYPE_CHECKING:
    from ..inprocess import Exchange


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
