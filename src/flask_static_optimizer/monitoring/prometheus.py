"""The route where Prometheus reads the counters."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flask import Response

from ..config.errors import ConfigurationError
from ..config.names import PREFIX
from .counters import HELP, MULTIPROCESS_DIR, NAMESPACE, Stats

if TYPE_CHECKING:
    from flask import Flask

    from .counters import Figures

ENDPOINT = "static_optimizer_metrics"

#: The type of the text exposition format that :func:`exposition` writes.
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_stats(path: str | None) -> Stats:
    """Make the counters of one app.

    :param path: the URL path where they can be read. With one, and with ``prometheus_client``, they
        have labels and count for all processes.
    :raises ConfigurationError: if the folder in which the processes are to count is not there.
    """
    if path is None or not _has_library():
        return Stats()
    folder = os.environ.get(MULTIPROCESS_DIR)
    if folder is not None and not os.path.isdir(folder):
        raise ConfigurationError(
            f"{MULTIPROCESS_DIR} is {folder!r}, which is no folder: make it, and empty it, before"
            " the server starts (mkdir -p), or unset the variable."
        )
    from .metrics import LabelledStats

    return LabelledStats()


def add_metrics(stats: Stats, warn: Callable[..., None], app: Flask, path: str) -> None:
    """Register a route that serves the counters and does not use the session.

    :param stats: the counters of this process.
    :param warn: called with an occasion and a message that an operator should read once.
    :param app: the app that gets the route.
    :param path: the URL path of the route.
    :raises ConfigurationError: if the app has a route there already.
    """
    if any(rule.rule == path for rule in app.url_map.iter_rules()):
        raise ConfigurationError(
            f"{PREFIX}METRICS is {path!r}, where the app has a route already: choose another path."
        )
    if MULTIPROCESS_DIR in os.environ and not _has_library():
        warn(
            "prometheus",
            "static_optimizer: %s is set, but prometheus_client is not installed, so that each"
            " process tells its own counts: pip install 'flask-static-optimizer[metrics]'.",
            MULTIPROCESS_DIR,
        )

    def metrics() -> Response:
        if _has_library():
            from .metrics import scrape

            body, content_type = scrape()
            response = Response(body, content_type=content_type)
        else:
            response = Response(exposition(stats.figures()), content_type=_CONTENT_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    app.add_url_rule(path, ENDPOINT, metrics)


def exposition(figures: Figures) -> str:
    """Return the counters of this process in Prometheus's text format."""
    lines = []
    for name, value in figures._asdict().items():
        metric = f"{NAMESPACE}_{name}_total"
        lines += [f"# HELP {metric} {HELP[name]}", f"# TYPE {metric} counter", f"{metric} {value}"]
    return "\n".join([*lines, ""])


def _has_library() -> bool:
    return find_spec("prometheus_client") is not None
