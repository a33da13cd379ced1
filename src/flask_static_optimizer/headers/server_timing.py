"""``Server-Timing`` on static responses in debug mode, for the developer tools of browsers."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import ref

from flask import g, request_finished

from ..monitoring.signals import static_request_marked
from ..requests.mark import current_mark

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..requests.mark import Mark


_STARTED = "_static_optimizer_started"


def add_timing(app: Flask) -> list[Callable[..., None]]:
    """Add ``Server-Timing`` (W3C) to each static response: how it was made and how long that took.

    It is added by receivers of signals, so that requests outside debug mode cost no more.

    :returns: the receivers, which blinker holds weakly.
    """
    get_app = ref(app)

    def marked(_: Flask, **__: Any) -> None:
        mark = current_mark()
        if mark is not None:
            g.setdefault(_STARTED, perf_counter())

    def finished(_: Flask, *, response: Response, **__: Any) -> None:
        mark = current_mark()
        if mark is not None and get_app() is not None:
            response.headers.add("Server-Timing", timing(mark))

    static_request_marked.connect(marked, app)
    request_finished.connect(finished, app)
    return [marked, finished]


def timing(mark: Mark) -> str:
    """Return the field's value for one request."""
    mode = "protected" if mark.protected else "isolated"
    metrics = [
        _metric("static", mark.endpoint.name, None),
        _metric("session", f"{mode}, {'opened' if mark.session.opened else 'not opened'}", None),
    ]
    representation = mark.view.representation
    if representation is not None:
        coding = representation.variant.coding if representation.variant else "identity"
        metrics.append(_metric("asset", coding, None))
    started = g.get(_STARTED)
    if started is not None:
        metrics.append(_metric("total", "", (perf_counter() - started) * 1000))
    return ", ".join(metrics)


def _metric(name: str, description: str, milliseconds: float | None) -> str:
    parts = [name]
    if description:
        escaped = description.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'desc="{escaped.encode("ascii", "replace").decode()}"')
    if milliseconds is not None:
        parts.append(f"dur={milliseconds:.2f}")
    return ";".join(parts)
