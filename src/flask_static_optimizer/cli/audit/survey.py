"""The requests of an audit: everything static, as a visitor without and with a cookie."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import url_for
from werkzeug.exceptions import HTTPException

from ...assets.mount import Mount
from ...assets.urls import PLAIN
from ...requests.folders import blueprint_of
from ..current import application_root
from ..exchange import ask
from .findings import Finding, Row, who_may_store
from .verdict import judged, protect

if TYPE_CHECKING:
    from flask import Flask

    from ...requests.endpoints import StaticEndpoint
    from ...state import AppState


class Survey:
    """A survey of one app: the requests of an audit and their findings.

    :param state: the parts of the extension.
    :param app: the app.
    :param cookie: a ``Cookie`` value with which everything is requested again.
    :param urls: more paths to request, such as those of routes with variables.
    :param limit: the most files of one folder that are requested.
    """

    def __init__(
        self, state: AppState, app: Flask, cookie: str | None, urls: Sequence[str], limit: int
    ) -> None:
        self._state = state
        self._app = app
        # A session cookie of no user shows what hooks do for visitors that have a cookie.
        self._cookie = cookie or f"{app.config['SESSION_COOKIE_NAME']}=of-nobody"
        self._urls = urls
        self._limit = limit
        self._root = application_root(app)
        self.rows: list[Row] = []
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Request everything."""
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
        mount = endpoint.mount or self._decorated(endpoint)
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
                    fingerprinted = ask(self._app, best.removeprefix(self._root), method="HEAD")
                    fingerprinted.read()
                    row.versioned = fingerprinted.headers.get("Cache-Control", "")

    def _decorated(self, endpoint: StaticEndpoint) -> Mount | None:
        """Return the folder of a decorated view, whose files are requested like those of others."""
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
            lambda _: False,
            settings.dotfiles,
            symlinks=True,  # the view follows links
            warn=self._state.log.warn_once,
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
        mode = self._state.settings.mode(policy) if policy else "left alone"
        return Row(endpoint.name, url, rule.key if rule else "", mode)

    def _asked(self, endpoint: StaticEndpoint, path: str, view_args: dict[str, Any]) -> Row:
        row = self._row(endpoint, path, view_args)
        self.rows.append(row)
        answer = ask(self._app, path)
        body = answer.digest()
        row.status = answer.status
        row.cache_control = answer.headers.get("Cache-Control", "")
        row.stored_by = who_may_store(answer)
        row.size = body.size
        if answer.mark and answer.mark.view.representation:
            variants = self._state.variants.of(answer.mark.view.representation.asset)
            row.codings = {coding: len(made.body) for coding, made in variants.items()}
        again = ask(self._app, path, {"Cookie": self._cookie})
        other = again.digest()
        self.findings += judged(row, answer, again)
        if row.mode == "isolated" and (answer.status, body) != (again.status, other):
            self.findings.append(
                Finding(
                    "depends-on-cookie",
                    "error",
                    f"{row.endpoint!r} answers in another way to who has a cookie, and is not"
                    " protected: a cache may give one visitor's answer to another",
                    protect(row),
                    [path],
                )
            )
        return row
