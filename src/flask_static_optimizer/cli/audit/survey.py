"""The requests of an audit: everything static, as a visitor without and with a cookie."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import url_for
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BuildError

from ...assets.mount import Mount
from ...assets.urls import PLAIN
from ...requests.folders import blueprint_of
from ..current import application_root
from ..exchange import ask
from ..text import progress
from .edits import edit_findings, one_of_each_kind
from .findings import Finding, Row, who_may_store
from .guards import Guards
from .passed_by import answer_past_guard, passed_findings
from .verdict import judged, judged_error_page

if TYPE_CHECKING:
    from flask import Flask

    from ...requests.static_endpoint import StaticEndpoint
    from ...state import AppState


#: The name of a file that no folder has.
_NO_FILE = "no-such-file-of-the-audit.txt"


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
        self._is_visitor = cookie is not None
        self.cookie = cookie or f"{app.config['SESSION_COOKIE_NAME']}=of-nobody"
        self._urls = urls
        self._limit = limit
        self._root = application_root(app)
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self._guards = Guards()
        #: Whether a static request has read or written its session.
        self.session_used = False

    def run(self) -> None:
        """Request everything."""
        for name in sorted(self._state.endpoints.names()):
            endpoint = self._state.endpoints.get(name)
            if endpoint is None:
                continue
            if endpoint.root_file:
                name = endpoint.root_file.filename
                if self._state.endpoints.has_root_file(name):
                    self._asked(endpoint, endpoint.root_file.path, {"filename": name})
            elif endpoint.folder:
                self._folder(endpoint)
            else:
                self._routes(endpoint)
        for url in self._urls:
            self._given(url)
        self._guards.name_rules()

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
        rows: dict[str, Row] = {}
        asked = names[: self._limit]
        for name in progress(asked, f"Requesting files of {endpoint.name!r}", len(asked)):
            try:
                plain, best = self._urls_of(endpoint, name)
            except HTTPException:
                continue
            except BuildError:  # the URL has more variables, which only the app knows
                self._routes(endpoint)
                return
            if not urlsplit(plain).netloc:
                row = self._asked(endpoint, plain.removeprefix(self._root), {"filename": name})
                rows[name] = row
                if best != plain and row.status == 200:
                    fingerprinted = ask(self._app, best.removeprefix(self._root), method="HEAD")
                    fingerprinted.read()
                    row.versioned = fingerprinted.headers.get("Cache-Control", "")
        for name in one_of_each_kind(rows):
            row = rows[name]
            self.findings += edit_findings(self._state, self._app, endpoint, mount, name, row.url)
        if self._is_visitor:
            self._missing(endpoint)

    def _urls_of(self, endpoint: StaticEndpoint, name: str) -> tuple[str, str]:
        """Return the URL of a file without a fingerprint, and the one that pages have."""
        with self._app.test_request_context():
            values: dict[str, Any] = {"filename": name, PLAIN: True}
            best = url_for(endpoint.name, filename=name)
            host = self._state.settings.host_url or ""
            return url_for(endpoint.name, **values), best.removeprefix(host)

    def _missing(self, endpoint: StaticEndpoint) -> None:
        """Request a file that is not there, which is answered like a page, as the visitor."""
        try:
            with self._app.test_request_context():
                # The app's own url_for reports files that are not there.
                url = type(self._app).url_for(self._app, endpoint.name, filename=_NO_FILE)
        except HTTPException:
            return
        if urlsplit(url).netloc:
            return
        path = url.removeprefix(self._root)
        page = ask(self._app, path, {"Cookie": self.cookie})
        body = page.read()
        row = Row(endpoint.name, path, mode="a page", status=page.status, size=len(body))
        row.cache_control = page.headers.get("Cache-Control", "")
        row.stored_by = who_may_store(page)
        self.rows.append(row)
        self.findings += judged_error_page(row, page, body, ask(self._app, path).read())

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
            is_unknown = isinstance(context.request.routing_exception, NotFound)
        endpoint = self._state.endpoints.get(rule.endpoint) if rule else None
        if endpoint is not None:
            self._asked(endpoint, url, view_args)
            return
        problem = "a URL that was given is not static"
        fix = "decorate its view with @cacheable_static or leave it out"
        if is_unknown:
            problem = "no URL rule matches a URL that was given"
            fix = "correct it ('flask routes' lists the URL rules) or leave it out"
        self.findings.append(Finding("not-static", "note", problem, fix, [url]))

    def _row(self, endpoint: StaticEndpoint, url: str, view_args: dict[str, Any]) -> Row:
        rule, policy = endpoint.choose(view_args)
        mode = self._state.settings.mode(policy) if policy else "left alone"
        return Row(endpoint.name, url, rule.key if rule else "", mode)

    def _asked(self, endpoint: StaticEndpoint, path: str, view_args: dict[str, Any]) -> Row:
        row = self._row(endpoint, path, view_args)
        self.rows.append(row)
        name = str(view_args.get("filename", path))
        self._guards.asked(row, name)
        answer = ask(self._app, path)
        body = answer.digest()
        row.status = answer.status
        row.cache_control = answer.headers.get("Cache-Control", "")
        row.stored_by = who_may_store(answer)
        row.size = body.size
        if answer.mark and answer.mark.view.representation:
            variants = self._state.variants.of(answer.mark.view.representation.asset)
            row.codings = {coding: made.size for coding, made in variants.items()}
        if endpoint.mount is not None and row.mode == "isolated":
            self.findings += passed_findings(self._state, self._app, endpoint, path, answer)
        again = ask(self._app, path, {"Cookie": self.cookie})
        other = again.digest()
        for mark in (answer.mark, again.mark):
            if mark is not None and (mark.session.looked or mark.session.written):
                self.session_used = True
        self.findings += judged(row, answer, again)
        past = None
        if endpoint.mount is not None:
            past = answer_past_guard(self._state, self._app, answer, path)
        self.findings += self._guards.refusals(row, name, answer, past=past is not None)
        if (
            row.mode == "isolated"
            and (answer.status, body) != (again.status, other)
            and ask(self._app, path).digest() == body  # else it is another one each time
        ):
            self.findings.append(self._guards.depends_on_cookie(row, name))
        return row
