"""The measurement of one side: some visitors, each of whom comes twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .browser import Browser, site_of
from .tally import Counts, Tally
from .visit import Seen, Sight, Visit, visit

if TYPE_CHECKING:
    from flask import Flask


class Visits(NamedTuple):
    """The two visits of one visitor."""

    first: Visit
    second: Visit

    @property
    def assets(self) -> Tally:
        """The figures of the assets in both visits, without the pages themselves."""
        return self.first.assets + self.second.assets

    @property
    def total(self) -> Tally:
        """The figures of both visits."""
        return self.first.total + self.second.total


@dataclass(frozen=True)
class Side:
    """The result for an app without or with the extension."""

    visits: Visits
    #: What each visitor has seen.
    sights: tuple[Sight, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "visits": [[asdict(tally) for tally in one] for one in self.visits],
            "sights": [asdict(sight) for sight in self.sights],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Side:
        """Make it of what :meth:`as_dict` has returned."""
        return cls(
            Visits(*(Visit(*(Tally(**tally) for tally in one)) for one in found["visits"])),
            tuple(
                Sight(
                    *(
                        {name: Seen(**seen) for name, seen in sight[part].items()}
                        for part in ("pages", "assets")
                    )
                )
                for sight in found["sights"]
            ),
        )


def measure(
    app: Flask,
    paths: Sequence[str],
    rounds: int,
    counts: Callable[[], Counts],
    *,
    cookies: Iterable[str] = (),
    begin: Callable[[Browser], None] | None = None,
    static_host: str | None = None,
) -> Side:
    """Send visitors to an app, one after another.

    :param paths: the URL paths of the pages that each of them loads, twice.
    :param rounds: the number of visitors, whose median is the result. One more comes first and is
        not measured, so that the app does not pay for what is loaded only once.
    :param counts: returns the session operations up to now.
    :param cookies: cookies as ``NAME=VALUE`` that each visitor has.
    :param begin: is called with each visitor's browser before the first visit.
    :param static_host: the URL of the host that pages load static files from, if it is not the
        app's.
    """
    given = tuple(cookies)
    visits, sights = [], []
    for _ in range(rounds + 1):
        browser = Browser(app, site_of(app), given, static_host)
        if begin is not None:
            begin(browser)
        (first, seen), (second, _again) = (visit(browser, paths, counts) for _ in range(2))
        visits.append(Visits(first, second))
        sights.append(seen)
    return Side(_median(visits[1:]), tuple(sights))


def _median(rounds: Iterable[Visits]) -> Visits:
    return Visits(
        *(
            Visit(*(Tally.median(part) for part in zip(*visits, strict=True)))
            for visits in zip(*rounds, strict=True)
        )
    )
