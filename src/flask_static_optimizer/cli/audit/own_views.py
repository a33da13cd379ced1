"""The audit of files that views of the app's own send, each of which is treated like a page."""

from __future__ import annotations

import inspect
import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from ...assets.missing import MissingFileError
from ...http.statuses import REFUSALS
from ...requests.url_variables import name_variable
from ..current import application_root
from ..exchange import ask, is_file, matched
from .findings import Finding

if TYPE_CHECKING:
    from types import CodeType

    from flask import Flask
    from werkzeug.routing import Rule

    from ...state import AppState
    from ..exchange import Exchange
    from .templates import Templates

_SENDERS = frozenset({"send_file", "send_from_directory", "send_static_file"})

#: The most names of static files that are tried at a view of which no URL is known.
_TRIED = 20


#: The beginnings of media types of which an old file at worst looks old.
_LASTING = ("image/", "font/", "audio/", "video/", "text/plain")


def static_rule(
    app: Flask, rule: Rule, view_args: Mapping[str, Any], path: str, answer: Exchange
) -> str:
    """Return the setting that makes the view of a file static, and no page break by an old file.

    A view for all paths of the site may send pages, too, so only files of this kind are named.

    :param rule: the URL rule of the view.
    :param view_args: the values of its variables.
    :param path: the URL path of the file.
    :param answer: the response with the file.
    """
    folder = folder_of(app, rule, view_args, answer)
    lasts = answer.headers.get("Content-Type", "").startswith(_LASTING) and not rule.arguments
    policy = "{}" if lasts else '{"max_age": 0}'
    if folder is not None:
        policy = json.dumps({"folder": folder})
    kind = posixpath.splitext(path.partition("?")[0])[1]
    files = f":*{kind}" if rule.rule.startswith("/<") and len(rule.arguments) == 1 else ""
    return f'STATIC_OPTIMIZER_RULES = {{"{rule.endpoint}{files}": {policy}}}'


def folder_of(app: Flask, rule: Rule, view_args: Mapping[str, Any], answer: Exchange) -> str | None:
    """Return the folder from which a view sends the file that its URL ends with the name of.

    It is relative to ``app.root_path``, if it is below that. ``None``: it can't be told.
    """
    variable = name_variable(rule.rule)
    name = posixpath.normpath(str(view_args.get(variable or "", "")))
    path = (answer.path or "").replace(os.sep, "/")
    if variable is None or not path.endswith(f"/{name}"):
        return None
    folder = path[: -len(name) - 1]
    below = os.path.relpath(folder, app.root_path).replace(os.sep, "/")
    return folder if below.startswith("..") else below


def is_undeclared(state: AppState, endpoint: str, view_args: Mapping[str, Any]) -> bool:
    """Return whether no rule and no decorator says that a request is static."""
    found = state.endpoints.get(endpoint)
    return found is None or found.choose(view_args) == (None, None)


def is_left_alone(state: AppState, endpoint: str, view_args: Mapping[str, Any]) -> bool:
    """Return whether a rule says ``False`` of an endpoint that is not static."""
    values = [view_args["filename"]] if "filename" in view_args else [*view_args.values()]
    name = str(values[0]) if len(values) == 1 else None
    for rule in state.settings.rules:
        if rule.endpoint.matches(endpoint) and rule.covers(name) and rule.holds(view_args):
            return rule.fields is None
    return False


class OwnViews:
    """The views that send files although no rule and no decorator makes them static.

    Only URLs are requested that look like those of files, since a view may do anything: those of
    rules without variables, those in templates, those that were given, and the names of static
    files where the code of a view sends files by name.

    :param cookie: a ``Cookie`` value. A file that it changes is not for everybody.
    """

    def __init__(self, state: AppState, app: Flask, cookie: str) -> None:
        self._state = state
        self._app = app
        self._cookie = cookie
        self._root = application_root(app)
        self._asked: set[str] = set()
        #: The endpoints that are known to send a file, or to refuse to.
        self._settled: set[str] = set()

    def findings(self, templates: Templates, urls: Iterable[str]) -> Iterator[Finding]:
        """Yield a finding for each view that sends a file to everybody."""
        rules = [rule for rule in self._app.url_map.iter_rules() if self._is_own(rule, {})]
        paths = [rule.rule for rule in rules if not rule.arguments]
        paths += [plain.url.removeprefix(self._root) for plain in templates.plain]
        paths += [f"/{url}" for url in templates.relative]
        for built in templates.built:
            paths += self._built(built.endpoint, built.values)
        for path in [*filter(_looks_like_file, paths), *urls]:
            yield from self._judged(path)
        for rule in rules:
            if rule.endpoint not in self._settled and self._sends_by_name(rule):
                yield from self._tried(rule)

    def _is_own(self, rule: Rule, view_args: Mapping[str, Any]) -> bool:
        return (
            not (rule.websocket or rule.host or rule.subdomain)
            and "GET" in (rule.methods or {"GET"})
            and is_undeclared(self._state, rule.endpoint, view_args)
        )

    def _built(self, endpoint: str, values: Any) -> list[str]:
        with self._app.test_request_context():
            try:
                url = url_for(endpoint, **values)
            except (BuildError, HTTPException, MissingFileError, TypeError, ValueError):
                return []  # the page that has it fails, or a request of the page completes it
        return [url.removeprefix(self._root)] if url.startswith("/") else []

    def _sends_by_name(self, rule: Rule) -> bool:
        view = self._app.view_functions.get(rule.endpoint)
        return (
            self._state.endpoints.get(rule.endpoint) is None
            and rule.rule.endswith(">")
            and any(_SENDERS & {*code.co_names} for code in _codes(view))
        )

    def _tried(self, rule: Rule) -> Iterator[Finding]:
        variable, *others = rule.arguments
        known = dict.fromkeys(
            name for mount in self._state.endpoints.mounts() for name in _samples(mount.names())
        )
        for name in [] if others else [*known][:_TRIED]:
            for path in self._built(rule.endpoint, {variable: name}):
                yield from self._judged(path)
            if rule.endpoint in self._settled:
                return
        yield Finding(
            "view-not-asked",
            "note",
            f"the view of {rule.endpoint!r} sends files, and no URL of one is known",
            "give one with --url",
            [rule.rule],
        )

    def _judged(self, url: str) -> Iterator[Finding]:
        path = url.partition("#")[0]
        found = None if path in self._asked else matched(self._app, path)
        self._asked.add(path)
        if found is None or not self._is_own(*found):
            return
        rule, values = found
        endpoint = rule.endpoint
        answer = ask(self._app, path)
        body = answer.read()
        if answer.status in REFUSALS:
            self._settled.add(endpoint)
        if not is_file(answer):
            return
        self._settled.add(endpoint)
        again = ask(self._app, path, {"Cookie": self._cookie})
        if (
            again.read() != body
            or not is_file(again)
            or is_left_alone(self._state, endpoint, values)
        ):
            return
        setting = static_rule(self._app, rule, values, path, answer)
        yield Finding(
            "file-from-view",
            "warning",
            f"the view of {endpoint!r} sends a file, and nothing says that it is static: each"
            " request for it uses the session, as one for a page does",
            f"{setting}, if it is the same for everybody; False as the value, if it is to stay as"
            " it is",
            [url],
        )


def _looks_like_file(url: str) -> bool:
    """Return whether the last part of a URL's path has an extension."""
    path = url.partition("#")[0].partition("?")[0]
    return not path.startswith("//") and posixpath.splitext(path)[1] not in ("", ".")


def _samples(names: Iterable[str]) -> list[str]:
    """Return one file name of each extension, and the same without its first folder."""
    kinds = {posixpath.splitext(name)[1]: name for name in names}
    samples = [*kinds.values()]
    return samples + [name.partition("/")[2] for name in samples if "/" in name]


def _codes(view: Any) -> Iterator[CodeType]:
    kind = getattr(view, "view_class", None)
    functions = [getattr(kind, name, None) for name in ("get", "dispatch_request")]
    for function in [view, *functions]:
        code = getattr(inspect.unwrap(function), "__code__", None) if function else None
        if code is not None:
            yield code
