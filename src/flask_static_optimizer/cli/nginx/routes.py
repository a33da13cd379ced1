"""Routes whose responses nginx may keep, as locations of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.routing import BaseConverter

from ..current import application_root

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ...state import AppState

_VARIABLE = re.compile(r"<(?:([a-zA-Z_][a-zA-Z0-9_]*)(?:\([^<>]*\))?:)?[a-zA-Z_][a-zA-Z0-9_]*>")


class Route(NamedTuple):
    """A route that answers the same to everybody."""

    endpoint: str
    rule: str
    #: A regular expression of its paths.
    pattern: str


def routes(state: AppState, app: Flask) -> Iterator[Route]:
    """The routes of the app's static endpoints, but for folders and protected ones.

    Those of a host or a subdomain are left out, and so are those whose text nginx can't be told.
    """
    root = re.escape(application_root(app))
    for rule in app.url_map.iter_rules():
        endpoint = state.endpoints.get(rule.endpoint)
        if endpoint is None or endpoint.folder or rule.websocket or rule.host or rule.subdomain:
            continue
        if rule.methods is not None and "GET" not in rule.methods:
            continue
        # A view's file names aside, as nginx stores only what the app's response allows anyhow.
        policies = [endpoint.default, *(policy for _, policy in endpoint.choices)]
        modes = {state.settings.mode(policy) for policy in policies if policy}
        pattern = _pattern(app, rule)
        if "isolated" in modes and pattern is not None:
            yield Route(rule.endpoint, rule.rule, f"^{root}{pattern}$")


def _pattern(app: Flask, rule: Rule) -> str | None:
    parts = []
    done = 0
    for variable in _VARIABLE.finditer(rule.rule):
        parts.append(re.escape(rule.rule[done : variable.start()]))
        converter = app.url_map.converters.get(variable[1] or "default", BaseConverter)
        parts.append("[^/]+" if converter.part_isolating else ".+")
        done = variable.end()
    parts.append(re.escape(rule.rule[done:]))
    pattern = "".join(parts)
    return pattern if pattern.isprintable() and len(pattern) < 1024 else None
