"""Asking an app for everything static, as a visitor without and with a cookie."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import url_for
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_dict_header

from ..assets.mount import Mount
from ..assets.urls import PLAIN
from ..folders import blueprint_of
from ..inprocess import Exchange, ask
from ..representation import CACHEABLE
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ..endpoints import StaticEndpoint
    from ..state import AppState

#: How a log-in wall answers; 308 is Werkzeug's own, to another spelling of the URL.
_WALL = frozenset({301, 302, 303, 307, 401, 403})

_STEP_ASIDE = "return early where flask_static_optimizer.is_static_request() is true"


@dataclass
class Row:
    """What was asked and answered for one URL."""

    endpoint: str
    url: str
    #: The key of the rule that decides; empty: none.
    rule: str = ""
    #: ``"isolated"``, ``"protected"`` or ``"left alone"``.
    mode: str = ""
    #: ``None``: it was not asked, as its URL has variables.
    status: int | None = None
    cache_control: str = ""
    #: What is said of the URL that ``url_for`` gives, where that is another.
    versioned: str = ""
    size: int = 0
    codings: dict[str, int] = field(default_factory=dict)
    stored_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def who_may_store(response: Exchange) -> str:
    """Who may keep a response to a visitor without credentials, in words (RFC 9111 §3)."""
    said = parse_dict_header(response.headers.get("Cache-Control", ""))
    if "no-store" in said:
        return "nobody"
    if "private" in said or "Set-Cookie" in response.headers:
        return "the browser"
    if "no-cache" in said:
        return "everybody, asking each time"
    return "everybody" if said else "as each cache guesses"


class Survey:
    """Requests of one audit, and what they found.

    :param cookie: a ``Cookie`` value with which everything is asked again.
    :param urls: more paths to ask for, of routes with variables.
    :param limit: files of one folder that are asked for.
    """

    def __init__(
        self, state: AppState, app: Flask, cookie: str | None, urls: Sequence[str], limit: int
    ) -> None:
        self._state = state
        self._app = app
        # A cookie of nobody shows what hooks do for visitors who have one.
        self._cookie = cookie or f"{app.config['SESSION_COOKIE_NAME']}=of-nobody"
        self._urls = urls
        self._limit = limit
        self._root = str(app.config["APPLICATION_ROOT"]).rstrip("/")
        self.rows: list[Row] = []
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Ask for everything."""
        for name in sorted(self._state.endpoints.names()):
            endpoint = self._state.endpoints.get(name)
            if endpoint is None:
                continue
            if endpoint.folder:
                self._folder(endpoint)
            else:
                self._routes(endpoint)
        for url in self._urls:
            self._given(url)

    def _folder(self, endpoint: StaticEndpoint) -> None:
        mount = endpoint.mount or self._guarded(endpoint)
        if mount is None:
            return
        names = mount.names()
        if len(names) > self._limit:
            self.findings.append(
                Finding(
                    "not-asked",
                    "note",
                    f"{len(names) - self._limit} files of {endpoint.name!r} were not asked for",
                    "raise --limit",
                )
            )
        for name in names[: self._limit]:
            with self._app.test_request_context():
                try:
                    values: dict[str, Any] = {"filename": name, PLAIN: True}
                    plain = url_for(endpoint.name, **values)
                    best = url_for(endpoint.name, filename=name)
                except HTTPException:
                    continue
            if not urlsplit(plain).netloc:
                row = self._asked(endpoint, plain.removeprefix(self._root), {"filename": name})
                if best != plain and row.status == 200:
                    versioned = ask(self._app, best.removeprefix(self._root), method="HEAD")
                    versioned.read()
                    row.versioned = versioned.headers.get("Cache-Control", "")

    def _guarded(self, endpoint: StaticEndpoint) -> Mount | None:
        """The folder of a view that something was put around: it is asked for all the same."""
        view = inspect.unwrap(self._app.view_functions[endpoint.name])
        scaffold = blueprint_of(view) or self._app
        if scaffold.static_folder is None:
            return None
        settings = self._state.settings
        return Mount(
            endpoint.name,
            scaffold.static_folder,
            None,
            lambda _: True,
            settings.dotfiles,
            settings.symlinks,
        )

    def _routes(self, endpoint: StaticEndpoint) -> None:
        for rule in self._app.url_map.iter_rules(endpoint.name):
            if rule.methods is not None and "GET" not in rule.methods:
                continue
            if rule.arguments or rule.host or rule.subdomain:
                self.rows.append(self._row(endpoint, rule.rule, {}))
            else:
                self._asked(endpoint, rule.rule, {})

    def _given(self, url: str) -> None:
        path = urlsplit(url).path or "/"
        with self._app.test_request_context(path) as context:
            rule, view_args = context.request.url_rule, context.request.view_args or {}
        endpoint = self._state.endpoints.get(rule.endpoint) if rule else None
        if endpoint is None:
            self.findings.append(
                Finding(
                    "not-static",
                    "note",
                    "a URL that was given is not static",
                    "decorate its view with @cacheable_static or leave it out",
                    [url],
                )
            )
            return
        self._asked(endpoint, url, view_args)

    def _row(self, endpoint: StaticEndpoint, url: str, view_args: dict[str, Any]) -> Row:
        rule, policy = endpoint.choose(view_args)
        mode = (policy.session or self._state.settings.session) if policy else "left alone"
        return Row(endpoint.name, url, rule.key if rule else "", mode)

    def _asked(self, endpoint: StaticEndpoint, path: str, view_args: dict[str, Any]) -> Row:
        row = self._row(endpoint, path, view_args)
        self.rows.append(row)
        answer = ask(self._app, path)
        body = answer.read()
        row.status = answer.status
        row.cache_control = answer.headers.get("Cache-Control", "")
        row.stored_by = who_may_store(answer)
        row.size = len(body)
        if answer.mark and answer.mark.selected:
            variants = self._state.variants.of(answer.mark.selected.asset)
            row.codings = {coding: len(made.body) for coding, made in variants.items()}
        again = ask(self._app, path, {"Cookie": self._cookie})
        other = again.read()
        self.findings += _judged(row, answer, again)
        if row.mode == "isolated" and (answer.status, body) != (again.status, other):
            self.findings.append(
                Finding(
                    "depends-on-cookie",
                    "error",
                    f"{row.endpoint!r} answers in another way to who has a cookie, and is not"
                    " protected: a cache may give one visitor's answer to another",
                    _protect(row),
                    [path],
                )
            )
        return row


def _protect(row: Row) -> str:
    return f'STATIC_OPTIMIZER_RULES = {{"{row.endpoint}": {{"session": "protected"}}}}'


def _judged(row: Row, answer: Exchange, again: Exchange) -> Iterator[Finding]:
    place = [row.url]
    for error in {repr(exchange.error) for exchange in (answer, again) if exchange.error}:
        yield Finding(
            "raises", "error", f"{row.endpoint!r} raises {error}", "correct its view or hook", place
        )
    if row.mode == "left alone":
        return
    if row.mode == "isolated" and answer.status in _WALL:
        yield Finding(
            "guard-not-protected",
            "error",
            f"a guard in front of {row.endpoint!r} answers {answer.status}, and the endpoint is not"
            " protected: whom it lets pass may leave a copy in a shared cache",
            _protect(row),
            place,
        )
    elif answer.status >= 400 and not answer.error and row.mode == "isolated":
        yield Finding(
            "fails",
            "error",
            f"{row.endpoint!r} answers {answer.status} for what is there",
            "see the app's log; a file has to be readable",
            place,
        )
    names = sorted({*answer.cookies, *again.cookies})
    if names:
        yield Finding(
            "cookie",
            "warning",
            f"a hook or view sets a cookie ({', '.join(names)}) on {row.endpoint!r}, and it is"
            " dropped",
            f"let what sets it {_STEP_ASIDE}",
            place,
        )
    if "Set-Cookie" in answer.headers or "Set-Cookie" in again.headers:
        yield Finding(
            "cookie-sent",
            "error",
            f"a response of {row.endpoint!r} sets a cookie after the extension had the last word",
            "don't set cookies in request_finished or in process_response",
            place,
        )
    marks = [mark for mark in (answer.mark, again.mark) if mark and not mark.protected]
    written = sorted({key for mark in marks if mark.written for key in mark.dropped})
    if written:
        yield Finding(
            "session-written",
            "warning",
            f"{row.endpoint!r} writes into its session ({', '.join(written)}), so that answers to"
            " visitors with cookies are private, and no CDN keeps them",
            f"let the hook {_STEP_ASIDE}",
            place,
        )
    elif (
        row.mode == "isolated"
        and answer.status in CACHEABLE
        and "Set-Cookie" not in answer.headers
        and row.stored_by in ("nobody", "the browser")
    ):
        yield Finding(
            "not-shared",
            "warning",
            f"{row.endpoint!r} is the same for everybody, but says {row.cache_control!r}",
            "let the hook or view that says so step aside, or protect the endpoint",
            place,
        )
