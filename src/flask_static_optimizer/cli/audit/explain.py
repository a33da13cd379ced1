"""The explanation of a response in words: the reason of its status and of each header field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from ...config.names import PREFIX
from ...config.protecting import folder_key, protecting
from ...http.statuses import CACHEABLE
from ...lane.opening import LaneOpening
from ..current import application_root
from ..exchange import Exchange, ask, ask_as_visitor, is_file
from .own_views import folder_of, is_left_alone, is_undeclared, static_rule
from .passed_by import answer_past_guard, fields_lost, lane_answer
from .reasons import Reason, Reasons

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ...http.answer import Answer
    from ...requests.mark import Mark
    from ...state import AppState


def explain(state: AppState, app: Flask, url: str, headers: Mapping[str, str]) -> list[Reason]:
    """Send a request, and explain its response.

    :param state: the parts of the extension.
    :param app: the app.
    :param url: a URL or a path of the app; the host of a URL is ignored.
    :param headers: the header fields of the request.
    """
    parts = urlsplit(url.removeprefix(state.settings.host_url or ""))
    root = application_root(app)
    path = (parts.path or "/").removeprefix(root) + (f"?{parts.query}" if parts.query else "")
    answer = ask(app, path, headers)
    with answer.reading():  # and not read, as it may be a large file
        pass
    if answer.error is not None:
        return [Reason("Error", repr(answer.error), "the app raised it in place of an answer")]
    with app.test_request_context(path) as context:
        rule, view_args = context.request.url_rule, context.request.view_args or {}
    endpoint = answer.mark.endpoint.name if answer.mark else rule.endpoint if rule else None
    matched = f"URL rule {rule.rule}" if rule else "it redirects to another spelling of the URL"
    lines = [Reason("Endpoint", endpoint or "none", matched if endpoint else "no URL rule matches")]
    if not answer.is_by_flask:
        why = "a middleware around the app answered, and did not ask it"
        return [*lines, Reason("Status", str(answer.status), why)]
    if answer.mark is None:
        return [*lines, *_unmarked(state, app, answer, path, rule, view_args)]
    reasons = Reasons(state, app, answer, answer.mark, headers, parts.query)
    lines += reasons.all()
    if answer.mark.endpoint.mount:
        past = answer_past_guard(state, app, answer, path, headers)
        if past is not None:
            kept = [line for line in lines if line.what not in ("Status", "Cache-Control", "Vary")]
            return [*_past_guard(answer, past, answer.mark), *kept]
        lines.append(_answered(state, app, answer, answer.mark, path, headers))
    elif answer.mark.view.representation and rule:
        lines += _sent(state, app, answer, answer.mark, rule)
    return lines


def _sent(
    state: AppState, app: Flask, answer: Exchange, mark: Mark, rule: Rule
) -> Iterator[Reason]:
    """Explain how the file that a static view of the app's own sends is answered."""
    yield Reason(
        "File",
        answer.path or "",
        "the view runs and opens it; the rest is known without reading it again",
    )
    folder = folder_of(app, rule, mark.view_args, answer)
    if mark.policy.folder is None and folder is not None and state.settings.fingerprint:
        setting = f'"folder": {json.dumps(folder)}'
        why = f"url_for gives such URLs one, if the policy of {rule.endpoint!r} has {setting}"
        yield Reason("Fingerprint", "none", why)


def _unmarked(
    state: AppState,
    app: Flask,
    answer: Exchange,
    path: str,
    rule: Rule | None,
    view_args: Mapping[str, Any],
) -> Iterator[Reason]:
    """Explain a request that is not static."""
    endpoint = state.endpoints.get(rule.endpoint) if rule else None
    if rule and is_undeclared(state, rule.endpoint, view_args):
        endpoint = None
    if endpoint is None and rule and is_left_alone(state, rule.endpoint, view_args):
        yield Reason("Static", "no", "a rule says False, so the extension leaves it alone")
    elif endpoint is None and rule and is_file(answer):
        why = "a view of the app sends this file like a page: each request for it uses the session"
        yield Reason("Static", "no", why)
        setting = static_rule(app, rule, view_args, path, answer)
        yield Reason("Rule", "none", f"if it is the same for everybody: {setting}")
    elif endpoint is None:
        yield Reason("Static", "no", "an ordinary request: the extension leaves it alone")
    elif endpoint.policy(view_args) is None:
        yield Reason("Static", "no", "a rule says False, so the extension leaves it alone")
    else:
        why = "there is no such file, so it is an ordinary request with the real session"
        yield Reason("Static", "no", why)
        yield Reason("Status", str(answer.status), "the app's own answer for what is not there")
        said = answer.headers.get("Cache-Control")
        if said == "no-store":
            yield Reason("Cache-Control", said, "nobody keeps a 404 that says nothing of caching")


def _past_guard(by_flask: Exchange, by_lane: Answer, mark: Mark) -> list[Reason]:
    """Say what visitors get of a file that a guard refuses, and that the lane sends past it."""
    said = Headers(by_lane.headers).get("Cache-Control", "")
    why = (
        f"with {by_lane.status} and '{said}' past the app's hooks, as {PREFIX}EXPRESS says. A guard"
        f" refuses this file with {by_flask.status}, and everybody gets it: {_protecting(mark)}"
    )
    return [
        Reason("Answered", "before Flask", why),
        Reason("Status", str(by_lane.status), f"what visitors get, not the {by_flask.status}"),
        Reason("Cache-Control", said, "what visitors get, and caches keep"),
    ]


def _protecting(mark: Mark) -> str:
    return protecting([folder_key(mark.endpoint.name, mark.view_args.get("filename"))])


def _answered(
    state: AppState,
    app: Flask,
    by_flask: Exchange,
    mark: Mark,
    path: str,
    fields: Mapping[str, str],
) -> Reason:
    """Say whether the lane answers, and how its answer differs from that of Flask, or why not."""
    if lane_answer(state, app, path, fields) is None:
        opening = LaneOpening(state.settings, state.log, state.endpoints, app, state.own_hooks)
        hooks = opening.why_not(state.lane, mark.endpoint)
        reasons = opening.why_flask(state.lane, mark.endpoint)
        express = state.settings._replace(express=True)
        opening = LaneOpening(express, state.log, state.endpoints, app, state.own_hooks)
        remedy = ""
        if mark.protected:
            keys = [rule.key for rule, policy in mark.endpoint.choices if policy is mark.policy]
            remedy = f". The rule {keys[0]!r} protects it" if keys and hooks else ""
        elif by_flask.status not in CACHEABLE:
            remedy = f". If one of these refuses the file: {_protecting(mark)}" if hooks else ""
        elif hooks and not opening.why_not(state.lane, mark.endpoint):
            none, them = (
                ("it guards no files", "it")
                if len(hooks) == 1
                else ("none of them guards files", "them")
            )
            remedy = f". If {none}, {PREFIX}EXPRESS = True lets files pass {them} by"
        if reasons:
            return Reason("Answered", "by Flask", f"because of {'; '.join(reasons)}{remedy}")
        why = f"because of {'; '.join(hooks)}" if hooks else "as it is not a file for everybody"
        return Reason("Answered", "with the app's hooks", f"and not before Flask, {why}{remedy}")
    # Now the lane knows the request. What stands around it may set fields, too.
    found = ask_as_visitor(app, path, fields)
    headers = found.headers
    said, lost = headers.get("Cache-Control", ""), fields_lost(by_flask.headers, headers)
    if found.status == by_flask.status and not lost:
        return Reason("Answered", "before Flask", "by the lane, with the same answer")
    past = f"past the app's hooks, as {PREFIX}EXPRESS says"
    if (found.status, said) == (by_flask.status, by_flask.headers.get("Cache-Control")):
        why = f"{past}, and so without the header fields that they set: {', '.join(lost)}"
    else:
        why = f"with {found.status} and '{said}' {past}; protect what they guard"
    return Reason("Answered", "before Flask", why)
