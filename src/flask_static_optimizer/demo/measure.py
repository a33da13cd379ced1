"""The measurement: the same visits to the demo's app, without and with the extension."""

from __future__ import annotations

from functools import partial

import click

from ..cli.compare.browser import Browser
from ..cli.compare.comparison import Comparison
from ..cli.compare.measure import measure
from .app import create_app
from .stores import SessionStore


def compare(store: SessionStore, rounds: int) -> Comparison:
    """Send visitors to the app without and with the extension.

    :param store: the session store that both apps use.
    :param rounds: the number of visitors to each app, as for ``measure``.
    :raises click.ClickException: if the app does not answer as it should.
    """
    ask = partial(measure, paths=["/"], rounds=rounds, counts=store.counts, begin=_log_in)
    without, optimized = (
        ask(create_app(store.config, optimize=optimize)) for optimize in (False, True)
    )
    comparison = Comparison(store.label, rounds, without, optimized)
    wrong = [*comparison.broken(), *comparison.notes()]
    if wrong:
        raise click.ClickException(f"the demo app failed: {'; '.join(wrong)}")
    return comparison


def _log_in(browser: Browser) -> None:
    response = browser.post("/login")
    if response.status != 302:
        raise click.ClickException(f"the demo app failed: /login answers {response.status}")
