"""The figures that the panel shows, and their meanings."""

from __future__ import annotations

from typing import NamedTuple


class Counter(NamedTuple):
    """A row of the panel: one figure."""

    #: The name of the figure in :class:`~..tally.Tally`.
    figure: str
    label: str
    #: An explanation for a reader who sees the figure for the first time.
    meaning: str
    #: Whether the figure is a part of the one above it.
    part: bool = False


ROWS = (
    Counter(
        "requests",
        "Requests",
        "Times the browser had to ask the server. What it takes from its own cache is not in it.",
    ),
    Counter(
        "not_modified",
        "of them 304",
        "“Not modified”: the file was in the browser's cache, but nothing said for how long.",
        part=True,
    ),
    Counter(
        "session_reads",
        "Session reads",
        "Times the app asked its session store who this is, be it for a page or a picture.",
    ),
    Counter(
        "session_writes",
        "Session writes",
        "Times it stored the session again. One for a file can undo what a page has just stored.",
    ),
    Counter(
        "cookies_set",
        "Cookies set",
        "Responses with Set-Cookie. A shared cache, such as a CDN's, may not hand those on.",
    ),
    Counter(
        "body_bytes",
        "Bytes sent",
        "All bodies as they went over the wire. Flask alone compresses nothing, so see below, too.",
    ),
    Counter(
        "plain_bytes",
        "uncompressed",
        "The same bodies without compression: what is left of the difference without it.",
        part=True,
    ),
    Counter(
        "milliseconds",
        "Milliseconds",
        "The times inside the app, added up. Of several requests at a time each waits for others.",
    ),
)
