"""The figures of a part of a visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from statistics import median_low
from typing import NamedTuple

import httpx

from ..http.fields import members


class Counts(NamedTuple):
    """The reads and writes of a session store up to now."""

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
    milliseconds: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @classmethod
    def of(
        cls, responses: Sequence[httpx.Response], seconds: float, before: Counts, after: Counts
    ) -> Tally:
        """Add up the figures of some responses.

        :param responses: the responses that the server sent.
        :param seconds: the time that all of them together took.
        :param before: the counts of the session store before the requests.
        :param after: those after the requests.
        """
        return cls(
            requests=len(responses),
            not_modified=sum(response.status_code == 304 for response in responses),
            session_reads=after.reads - before.reads,
            session_writes=after.writes - before.writes,
            cookies_set=sum(len(response.headers.get_list("Set-Cookie")) for response in responses),
            vary_cookie=sum(
                "cookie" in members(response.headers.get("Vary")) for response in responses
            ),
            body_bytes=sum(response.num_bytes_downloaded for response in responses),
            milliseconds=round(seconds * 1000),
        )

    @classmethod
    def median(cls, tallies: Iterable[Tally]) -> Tally:
        """Return the median of each figure."""
        return cls(*map(median_low, zip(*map(astuple, tallies), strict=True)))
