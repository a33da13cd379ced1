"""The servers of ``demo --serve``: the app without and with the extension, and the panel."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

import click

from .app import create_app
from .deployment import STYLESHEET, Deployment, deployed
from .meter import Meter
from .panel import Side, create_panel
from .server import served
from .stores import SessionStore


@contextmanager
def staged(
    open_store: Callable[[], AbstractContextManager[SessionStore]], port: int = 0
) -> Iterator[str]:
    """Serve the two apps and the panel on this machine, and yield the panel's address.

    :param open_store: opens a session store. Each of the two apps gets one of its own.
    :param port: the TCP port of the panel; 0: a free one.
    """
    with ExitStack() as stack:
        deployment = stack.enter_context(deployed())
        stores = [stack.enter_context(open_store()) for _ in range(2)]
        without, optimized = (
            stack.enter_context(_side(store, deployment, optimize=optimize))
            for store, optimize in zip(stores, (False, True), strict=True)
        )
        panel = create_panel(without, optimized, deployment, sessions_in=stores[0].label)
        yield stack.enter_context(served(panel, port))


@contextmanager
def _side(store: SessionStore, deployment: Deployment, *, optimize: bool) -> Iterator[Side]:
    app = create_app(store.config, optimize=optimize, static_folder=deployment.folder, framed=True)
    meter = Meter(app, store.counts, f"/static/{STYLESHEET}")
    # Each app has a port of its own, so that the browser caches the files of each separately.
    with served(meter) as url:
        yield Side(url, meter)


def serve_until_interrupted(
    open_store: Callable[[], AbstractContextManager[SessionStore]], port: int
) -> None:
    """Serve until Ctrl-C or SIGTERM, and print the panel's address; see :func:`staged`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), staged(open_store, port) as url:
        click.echo(f"The demo is at {url}/. Ctrl-C ends it.")
        while True:
            time.sleep(3600)
