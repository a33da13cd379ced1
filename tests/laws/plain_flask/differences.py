"""The differences from plain Flask that are meant, each with its law (docs/design.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Values = list[str]
Fields = list[tuple[str, str]]


class Difference(NamedTuple):
    """A header field of static responses that may differ."""

    name: str
    law: str
    why: str
    #: Takes the values of plain Flask and those with the extension, and returns whether they may
    #: stand side by side.
    allows: Callable[[Values, Values], bool]


def _names(values: Values) -> set[str]:
    return {name.strip().lower() for value in values for name in value.split(",")} - {""}


def _anything(plain: Values, ours: Values) -> bool:
    return True


def _none(plain: Values, ours: Values) -> bool:
    return not ours


def _but_cookie_and_coding(plain: Values, ours: Values) -> bool:
    chosen = {"cookie", "accept-encoding"}
    return _names(plain) - chosen == _names(ours) - chosen and "cookie" not in _names(ours)


def _dropped(plain: Values, ours: Values) -> bool:
    return not ours or plain == ours


#: Requests are made to plain Flask as the laws want them: without the session's cookie where they
#: are for a file (1, 2: it reads as empty, what is written is dropped), and for another name where
#: they are for a dotfile (which is not served). Where the answers differ they are made again
#: without Accept-Encoding, which hooks do not see where the file lies there compressed (7). The
#: rest of the differences is here.
HEADERS = [
    Difference("Set-Cookie", "1", "a static response sets no cookie", _none),
    Difference("Vary", "2", "no session; the coding is chosen by Accept-Encoding",
               _but_cookie_and_coding),
    Difference("Cache-Control", "5, 6", "the purpose; no-store on errors", _anything),
    Difference("Expires", "5, 6", "as Cache-Control", _dropped),
    Difference("ETag", "7", "a strong one of the bytes", _anything),
    Difference("Last-Modified", "7", "no date where it may stand for other bytes", _anything),
    Difference("Accept-Ranges", "7", "a part of any representation", _anything),
    Difference("Content-Encoding", "7", "a coding of the extension's", _anything),
    Difference("Content-Length", "7", "as Content-Encoding; compared with the body", _anything),
    Difference("Content-Disposition", "-", "inline is what no field means", _dropped),
    Difference("Date", "-", "the clock", _anything),
]  # fmt: skip

_BY_NAME = {difference.name.lower(): difference for difference in HEADERS}

#: Answers to conditions and ranges. Flask asks its weaker validator before hooks run, the extension
#: its strong one after them (7), so the whole responses are compared where one of these came.
CONDITIONAL = {206, 304, 416}


def without_freshness(plain: Fields, ours: Fields) -> tuple[Fields, Fields]:
    """Return the fields of an error at a missing file without how long it holds (6).

    It is ``no-store`` unless the handler itself said, whatever hooks say of all pages.
    """
    if ("cache-control", "no-store") not in ours:
        return plain, ours
    said = ("cache-control", "expires")
    kept = [[field for field in fields if field[0] not in said] for fields in (plain, ours)]
    return kept[0], kept[1]


def unexplained(name: str, plain: Values, ours: Values) -> bool:
    """Return whether values of a header field of static responses differ without a reason."""
    difference = _BY_NAME.get(name.lower())
    if difference is None:
        return plain != ours
    return not difference.allows(plain, ours)
