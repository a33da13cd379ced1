"""``Server-Timing`` on static responses in debug mode: browsers' tools show what was done."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import ref

from flask import request_finished

from ..marking import current_mark
from ..signals import static_request_marked

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..marking import Mark


def add_timing(app: Flask) -> list[Callable[..., None]]:
    """Say in ``Server-Timing`` (W3C) how each static request was answered, and how long it took.

    Signals are asked, so that requests pay for it in debug mode only.

    :return: the receivers, which blinker holds weakly.
    """
    get_app = ref(app)

    def marked(_: Flask, **__: Any) -> None:
        mark = current_mark()
        if mark is not None:
            mark.started = perf_counter()

    def finished(_: Flask, *, response: Response, **__: Any) -> None:
        mark = current_mark()
        if mark is not None and get_app() is not None:
            response.headers.add("Server-Timing", timing(mark))

    static_request_marked.connect(marked, app)
    request_finished.connect(finished, app)
    return [marked, finished]


def timing(mark: Mark) -> str:
    """The field's value for one request."""
    mode = "protected" if mark.protected else "isolated"
    metrics = [
        _metric("static", mark.endpoint.name, None),
        _metric("session", f"{mode}, {'opened' if mark.opened else 'not opened'}", None),
    ]
    selected = mark.selected
    if selected is not None:
        coding = selected.variant.coding if selected.variant else "identity"
        metrics.append(_metric("asset", coding, None))
    if mark.started is not None:
        metrics.append(_metric("total", "", (perf_counter() - mark.started) * 1000))
    return ", ".join(metrics)


def _metric(name: str, description: str, milliseconds: float | None) -> str:
    parts = [name]
    if description:
        escaped = description.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'desc="{escaped.encode("ascii", "replace").decode()}"')
    if milliseconds is not None:
        parts.append(f"dur={milliseconds:.2f}")
    return ";".join(parts)
