"""The figures of a part of a visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from statistics import median_low
from typing import NamedTuple

from ...http.fields import members
from .response import Response


class Counts(NamedTuple):
    """The session operations up to now: reads and writes of a store, or openings and savings."""

    reads: int
    writes: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The figures of some requests."""

    requests: int = 0
    not_modified: int = 0
    session_reads: int = 0
    session_writes: int = 0
    cookies_set: int = 0
    vary_cookie: int = 0
    body_bytes: int = 0
    #: The same bodies without compression.
    plain_bytes: int = 0
    #: The time that the app took.
    milliseconds: float = 0

    def __add__(self, other: Tally) -> Tally:
        sums = Tally(*map(sum, zip(astuple(self), astuple(other), strict=True)))
        return replace(sums, milliseconds=round(sums.milliseconds, 1))

    @classmethod
    def of(cls, responses: Sequence[Response], before: Counts, after: Counts) -> Tally:
        """Add up the figures of some responses.

        :param responses: the responses that the app gave.
        :param before: the session operations before the requests.
        :param after: those after the requests.
        """
        return cls(
            requests=len(responses),
            not_modified=sum(response.status == 304 for response in responses),
            session_reads=after.reads - before.reads,
            session_writes=after.writes - before.writes,
            cookies_set=sum(len(response.headers.getlist("Set-Cookie")) for response in responses),
            vary_cookie=sum(
                "cookie" in members(response.headers.get("Vary")) for response in responses
            ),
            body_bytes=sum(len(response.sent) for response in responses),
            plain_bytes=sum(len(response.body) for response in responses),
            milliseconds=round(sum(response.seconds for response in responses) * 1000, 1),
        )

    @classmethod
    def median(cls, tallies: Iterable[Tally]) -> Tally:
        """Return the median of each figure."""
        return cls(*map(median_low, zip(*map(astuple, tallies), strict=True)))
