"""Routes whose responses nginx may store, as locations of its configuration."""

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
    """A route that sends everybody the same response."""

    endpoint: str
    rule: str
    #: A regular expression that matches its paths.
    pattern: str


def routes(state: AppState, app: Flask) -> Iterator[Route]:
    """Yield the routes of the app's static endpoints, without folders and protected ones.

    Left out are those whose policy has a function for their key or against it, as nginx goes by
    the URL, and can't ask.
    Routes of one host or subdomain are left out, too, and routes that nginx has no way to write.
    """
    root = re.escape(application_root(app))
    for rule in app.url_map.iter_rules():
        endpoint = state.endpoints.get(rule.endpoint)
        if endpoint is None or endpoint.folder or rule.websocket or rule.host or rule.subdomain:
            continue
        if rule.methods is not None and "GET" not in rule.methods:
            continue
        # File names are not known here. It is enough if one policy is isolated, since nginx stores
        # only what the response allows.
        policies = [endpoint.default, *(policy for _, policy in endpoint.choices)]
        if any(policy.needs_request for policy in policies if policy):
            continue
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
