"""The counters in the format that Prometheus reads (text exposition format 0.0.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from ..config.errors import ConfigurationError
from ..config.names import PREFIX

if TYPE_CHECKING:
    from flask import Flask

    from .counters import Figures, Stats

ENDPOINT = "static_optimizer_metrics"

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_HELP = {
    "requests": "Static requests that were answered.",
    "session_reads_avoided": "Static requests with a session cookie whose session was not opened.",
    "session_writes_avoided": "Static requests whose session would have been saved, at most.",
    "cookies_dropped": "Cookies taken off static responses.",
    "not_modified": "Static requests answered with 304.",
    "bytes_saved": "Bytes that 304s and compression kept from being sent.",
    "store_hits": "Responses of routes that came from a store.",
}


def exposition(figures: Figures) -> str:
    """Return the counters in Prometheus's text format."""
    lines = []
    for name, value in figures._asdict().items():
        metric = f"static_optimizer_{name}_total"
        lines += [f"# HELP {metric} {_HELP[name]}", f"# TYPE {metric} counter", f"{metric} {value}"]
    return "\n".join([*lines, ""])


def add_metrics(stats: Stats, app: Flask, path: str) -> None:
    """Register a route that serves the counters of this process and does not use the session.

    :param stats: the counters.
    :param app: the app that gets the route.
    :param path: the URL path of the route.
    :raises ConfigurationError: if the app has a route there already.
    """
    if any(rule.rule == path for rule in app.url_map.iter_rules()):
        raise ConfigurationError(
            f"{PREFIX}METRICS is {path!r}, where the app has a route already: choose another path."
        )

    def metrics() -> Response:
        response = Response(exposition(stats.figures()), content_type=_CONTENT_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    app.add_url_rule(path, ENDPOINT, metrics)
