"""What the people who run an app are told, once for each endpoint, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .signals import session_writes_dropped

if TYPE_CHECKING:
    from flask import Flask, Response

    from .endpoints import StaticEndpoint
    from .marking import Mark
    from .state import AppState

#: How a log-in wall answers. 308 is Werkzeug's own, to another spelling of the URL.
_WALL = frozenset({302, 303, 307, 401, 403})


def session_kept_out(
    state: AppState, app: Flask, mark: Mark, response: Response, path: str
) -> None:
    """Tell of what a static request would have done with the session, had it been a page."""
    name = mark.endpoint.name
    refusals = _WALL & {mark.status, response.status_code}
    if mark.looked and not mark.protected and refusals:
        state.warn_once(
            app,
            ("wall", name),
            "static_optimizer: %r read the session, which is empty for static requests, and"
            " answered %d to %s. If that is behind a log-in, let it read the real one: %s%s",
            name,
            min(refusals),
            path,
            f'STATIC_OPTIMIZER_RULES = {{"{name}": {{"session": "protected"}}}}',
            f' (or "{name}:part/*" for a part of the folder)' if mark.endpoint.folder else "",
        )
    elif mark.dropped and not mark.protected and (app.debug or mark.written):
        state.warn_once(
            app,
            ("dropped", name),
            "static_optimizer: %r is static, so what it wrote into the session (%s) was dropped,"
            " and responses that may hold it are sent as 'private', which no CDN keeps. If the"
            " hook that did meant pages only, let it return early where"
            " flask_static_optimizer.is_static_request() is true; if the endpoint is no static"
            " one, take it out with STATIC_OPTIMIZER_RULES = {%r: False}.",
            name,
            ", ".join(sorted(mark.dropped)),
            name,
        )
    if mark.dropped:
        session_writes_dropped.send(app, endpoint=name, keys=mark.dropped)


def stricter_word(state: AppState, app: Flask, mark: Mark, response: Response) -> None:
    """Tell that the app itself forbade what the policy of a static folder allows.

    Of a view that says so of its own response there is nothing to tell.
    """
    if not mark.endpoint.folder:
        return
    state.warn_once(
        app,
        ("stricter", mark.endpoint.name),
        "static_optimizer: the app set 'Cache-Control: %s' on %r, so its policy was not applied."
        " If the hook that did meant pages only, let it return early where"
        " flask_static_optimizer.is_static_request() is true.",
        response.headers["Cache-Control"],
        mark.endpoint.name,
    )


def not_storable(state: AppState, app: Flask, mark: Mark, reason: str) -> None:
    """Tell that a response can't be stored although its policy says so."""
    name = mark.endpoint.name
    state.warn_once(
        app,
        ("not storable", name),
        "static_optimizer: a response of %r can't be stored, although its policy says store=True:"
        " %s. Change the view, or take store=True out.",
        name,
        reason,
    )


def unmatched_rules(state: AppState, app: Flask) -> None:
    """Tell of rules whose glob matches no endpoint."""
    for rule in state.endpoints.unmatched_rules(app):
        state.warn_once(
            app,
            ("unmatched", rule.key),
            "static_optimizer: %s matches no endpoint of this app ('flask routes' lists them);"
            " correct it or take it out.",
            rule.where,
        )


def passed_by_express(
    state: AppState, app: Flask, endpoint: StaticEndpoint, names: list[str]
) -> None:
    """Tell what the express lane does not run."""
    left = [
        rule.key
        for rule, policy in endpoint.choices
        if policy is None or state.settings.mode(policy) == "protected"
    ]
    if left:
        advice = f"Flask is asked for those that STATIC_OPTIMIZER_RULES speak of: {left}."
    else:
        advice = (
            "If one of these guards files, protect them, which leaves them to Flask:"
            f' STATIC_OPTIMIZER_RULES = {{"{endpoint.name}:part/*": {{"session": "protected"}}}}.'
        )
    state.warn_once(
        app,
        ("express", endpoint.name),
        "static_optimizer: with STATIC_OPTIMIZER_EXPRESS files of %r are answered without %s. %s",
        endpoint.name,
        ", ".join(names),
        advice,
    )
