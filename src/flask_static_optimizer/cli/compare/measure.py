"""The measurement of one side: some visitors, each of whom comes twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .browser import Browser, site_of
from .tally import Counts, Tally
from .visit import Asked, Seen, Sight, Visit, visit

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
    #: What the app was asked for on the second visit of the last visitor, pages apart.
    again: tuple[Asked, ...] = ()
    #: The key of the rule that protects a static file, by its name, where none does yet.
    keys: Mapping[str, str] = field(default_factory=dict)
    #: The names of the static files that a rule protects, so that their session can be read.
    protected: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "visits": [[asdict(tally) for tally in one] for one in self.visits],
            "sights": [
                {"pages": _written(s.pages), "assets": _written(s.assets)} for s in self.sights
            ],
            "again": self.again,
            "keys": dict(self.keys),
            "protected": self.protected,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Side:
        """Make it of what :meth:`as_dict` has returned."""
        return cls(
            Visits(*(Visit(*(Tally(**tally) for tally in one)) for one in found["visits"])),
            tuple(
                Sight(_read(sight["pages"]), _read(sight["assets"])) for sight in found["sights"]
            ),
            tuple(Asked(*asked) for asked in found["again"]),
            found["keys"],
            tuple(found["protected"]),
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
    visits, sights, again = [], [], Sight()
    for _ in range(rounds + 1):
        browser = Browser(app, site_of(app), given, static_host)
        if begin is not None:
            begin(browser)
        (first, seen), (second, again) = (visit(browser, paths, counts) for _ in range(2))
        visits.append(Visits(first, second))
        sights.append(seen)
    return Side(_median(visits[1:]), tuple(sights), tuple(again.asked))


def _read(found: Mapping[str, Any]) -> dict[str, Seen]:
    return {name: Seen(**one) for name, one in found.items()}


def _written(seen: Mapping[str, Seen]) -> dict[str, Any]:
    return {name: asdict(one) for name, one in seen.items()}


def _median(rounds: Iterable[Visits]) -> Visits:
    return Visits(
        *(
            Visit(*(Tally.median(part) for part in zip(*visits, strict=True)))
            for visits in zip(*rounds, strict=True)
        )
    )
