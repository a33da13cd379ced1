"""The measurement: the same visits to the same app, without and with the extension."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple

import click
import httpx

from .app import create_app
from .server import served
from .stores import SessionStore
from .tally import Tally
from .visit import Browser, Visit


class Visits(NamedTuple):
    """The two visits of one visitor to the page."""

    first: Visit
    second: Visit

    @property
    def assets(self) -> Tally:
        """Return the figures of the assets in both visits, without the page itself."""
        return self.first.assets + self.second.assets

    @property
    def total(self) -> Tally:
        """Return the figures of both visits."""
        return self.first.total + self.second.total


class Comparison(NamedTuple):
    """A comparison of the visits without and with the extension."""

    store: str
    rounds: int
    without: Visits
    optimized: Visits


def compare(store: SessionStore, rounds: int) -> Comparison:
    """Send visitors to the app without and with the extension, in turn.

    :param store: the session store that both apps use.
    :param rounds: the number of visitors to each app, whose median is the result. One more visitor
        comes first and is not measured, so that neither app pays for what is loaded only once.
    :raises click.ClickException: if the app does not answer as it should.
    """
    with ExitStack() as stack:
        sites = [
            stack.enter_context(served(create_app(store.config, optimize=optimize)))
            for optimize in (False, True)
        ]
        try:
            results = [[_send_visitor(site, store) for site in sites] for _ in range(rounds + 1)]
        except httpx.HTTPError as error:
            raise click.ClickException(f"the demo app failed: {error}") from error
    without, optimized = (_median(side) for side in zip(*results[1:], strict=True))
    return Comparison(store.label, rounds, without, optimized)


def _send_visitor(site: str, store: SessionStore) -> Visits:
    with Browser(site) as browser:
        browser.log_in()
        return Visits(browser.visit("/", store.counts), browser.visit("/", store.counts))


def _median(rounds: Iterable[Visits]) -> Visits:
    return Visits(
        *(
            Visit(*(Tally.median(part) for part in zip(*visits, strict=True)))
            for visits in zip(*rounds, strict=True)
        )
    )
