"""HTTP dates (RFC 9110 §5.6.7)."""

from __future__ import annotations

from werkzeug.http import parse_date


def seconds_of(date: str | None) -> int | None:
    """An HTTP date in seconds since the epoch, or ``None`` if it is none."""
    try:
        parsed = parse_date(date)
    except (ValueError, OverflowError):
        return None
    return None if parsed is None else int(parsed.timestamp())
