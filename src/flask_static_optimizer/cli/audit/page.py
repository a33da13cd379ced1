"""The static files of one page as a developer looks at it, for the panel of Flask-DebugToolbar."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from ...assets.preload import links
from ...assets.variants import is_codable
from ...config.bounded import Bounded
from ...config.names import PREFIX
from ...headers.freshness import asset_cache_control, default_max_age
from ...http.codings import available, compress, worth_it
from ...http.negotiation import accepted
from ...requests.folders import blueprint_of
from ..exchange import matched
from ..text import counted
from .findings import Finding, merged, printable
from .modules import plain_module
from .page_links import PageLinks
from .references import stylesheet_findings, url_findings

if TYPE_CHECKING:
    from flask import Flask, Request

    from ...assets.asset import Asset
    from ...assets.mount import Mount
    from ...config.policy import CachePolicy
    from ...requests.static_endpoint import StaticEndpoint
    from ...state import AppState

#: What a URL is, besides that of a view.
VERIFIED, PLAIN, OTHER, MISSING = "fingerprinted", "plain", "of another version", "missing"

#: The sizes of files that were compressed to see what that saves, by hash and coding.
_sizes: Bounded[tuple[str, str], int] = Bounded(1000)


@dataclass
class PageFile:
    """A static URL that stands in a page."""

    url: str
    #: The endpoint, and the name of the file if it is one.
    place: str
    #: What the URL is, in words.
    kind: str
    #: Its ``Cache-Control`` outside debug mode, as far as the policy decides.
    cache_control: str = ""
    #: The bytes of the file, and in the coding that this browser gets outside debug mode.
    size: int | None = None
    coding: str = ""
    coded: int | None = None
    asset: Asset | None = field(default=None, repr=False)


class PageReport(NamedTuple):
    """The static URLs of one page, and what is to say of them."""

    files: list[PageFile]
    #: What the import map and preload links save, or would save.
    savings: list[str]
    findings: list[Finding]


def page_report(state: AppState, app: Flask, request: Request, html: str) -> PageReport:
    """Report on the static URLs of a page.

    :param state: the parts of the extension.
    :param app: the app.
    :param request: the request for the page.
    :param html: the page.
    """
    found = PageLinks()
    found.feed(html)
    files: list[PageFile] = []
    findings: list[Finding] = []
    for url in found.urls:
        path = _path(state, request, url)
        file = None if path is None else _Looked(state, app, request, path).file(url)
        if file is not None and path is not None:
            files.append(file)
            if file.kind in (PLAIN, MISSING):
                findings += url_findings(state, path, request.path)
    named = {(each.asset.endpoint, each.asset.name) for each in files if each.asset is not None}
    findings += stylesheet_findings(state, named)
    modules = []
    for mount in state.endpoints.mounts():
        for endpoint, name in sorted(named):
            if endpoint == mount.endpoint and (finding := plain_module(state, mount, name)):
                findings.append(finding)
                modules.append(name)
    savings = [*_by_import_map(state, found, files, modules), _by_preload(state, files)]
    return PageReport(files, [printable(each) for each in savings if each], merged(findings))


def _path(state: AppState, request: Request, url: str) -> str | None:
    """Return the path and query of a URL of the app, without the app's root; else ``None``."""
    host = state.settings.host_url
    if host and url.startswith(f"{host}/"):
        url = url.removeprefix(host)
    try:
        parts = urlsplit(urljoin(request.url, url))
    except ValueError:  # no URL, such as the text of a title
        return None
    if parts.scheme not in ("http", "https") or parts.netloc != request.host:
        return None
    path = parts.path.removeprefix(request.root_path)
    return f"{path}?{parts.query}" if parts.query else path


class _Looked:
    """A look at one URL of a page."""

    def __init__(self, state: AppState, app: Flask, request: Request, path: str) -> None:
        self._state = state
        self._app = app
        self._request = request
        self._path = path

    def file(self, url: str) -> PageFile | None:
        """Return what is known of the URL, if it is static."""
        found = matched(self._app, self._path)
        endpoint = self._state.endpoints.get(found[0].endpoint) if found else None
        if found is None or endpoint is None:
            return None
        policy = endpoint.policy(found[1])
        name = endpoint.root_file.filename if endpoint.root_file else found[1].get("filename")
        if policy is None:
            return PageFile(printable(url), endpoint.name, "left alone by a rule")
        if endpoint.mount is None or not isinstance(name, str):
            age = default_max_age(self._state.settings, self._app, policy, debug=False)
            return PageFile(
                printable(url),
                endpoint.name,
                "a view",
                self._said(policy, policy.cache_control(age)),
            )
        return self._of_folder(url, endpoint, endpoint.mount, policy, name)

    def _of_folder(
        self, url: str, endpoint: StaticEndpoint, mount: Mount, policy: CachePolicy, name: str
    ) -> PageFile:
        state, query = self._state, urlsplit(self._path).query
        place = printable(f"{mount.endpoint}:{name}")
        try:
            located = state.urls.locate(mount, name, query)
        except OSError as error:
            return PageFile(printable(url), place, _unreadable(error))
        if located is None:
            return PageFile(printable(url), place, MISSING)
        asset, verified = located
        cache_control = asset_cache_control(
            state.settings,
            self._app,
            blueprint_of(self._app.view_functions[endpoint.name]) or self._app,
            policy,
            name,
            verified,
            breaks_when_old=asset.breaks_when_old,
            debug=False,
        )
        kind = {True: VERIFIED, None: PLAIN, False: OTHER}[verified]
        place = printable(f"{mount.endpoint}:{asset.name}")
        file = PageFile(printable(url), place, kind, self._said(policy, cache_control))
        file.asset, file.size = asset, asset.size
        try:
            file.coding, file.coded = self._coded(asset)
        except OSError as error:
            file.kind = _unreadable(error)
        return file

    def _said(self, policy: CachePolicy, cache_control: str) -> str:
        protected = self._state.settings.mode(policy) == "protected"
        return "private, no-cache" if protected else cache_control

    def _coded(self, asset: Asset) -> tuple[str, int | None]:
        """Return the coding that this browser gets outside debug mode, and the size in it."""
        variants = self._state.variants
        made = variants.of(asset)
        for coding in accepted(self._request.headers.get("Accept-Encoding"), variants.offered):
            if coding in made:
                return coding, made[coding].size
            if coding not in available() or not is_codable(asset) or asset.sha256 is None:
                break
            size = _sizes.get((asset.sha256, coding))
            if size is None:
                data = asset.read()
                body = compress(coding, data, best=False)
                size = len(body) if worth_it(len(data), len(body)) else len(data)
                _sizes[asset.sha256, coding] = size
            return (coding, size) if size < asset.size else ("", None)
        return "", None


def _unreadable(error: OSError) -> str:
    return printable(f"unreadable: {error}")


def _by_import_map(
    state: AppState, found: PageLinks, files: Collection[PageFile], plain: Collection[str]
) -> Iterator[str]:
    """Say what the page's import map saves, or would save."""
    modules = [file for file in files if file.asset is not None and file.asset.is_module]
    if found.mapped:
        count = len(found.mapped)
        yield f"The import map gives {count} scripts URLs that are kept until they change."
    elif state.settings.importmap and modules:
        yield (
            "This page has modules and no import map: what they import is asked for on each visit,"
            " and runs twice where another page's module has the fingerprinted URL. Put"
            " {{ static_importmap() }} before the first one."
        )
    elif plain:
        yield (
            f"An import map would spare {counted(len(plain), 'request')} on each further"
            f" visit ({', '.join(plain)}), and one for each module that they import:"
            f" {{{{ static_importmap() }}}} on all pages, and {PREFIX}IMPORTMAP = True."
        )


def _by_preload(state: AppState, files: Collection[PageFile]) -> str:
    """Say what ``Link`` header fields save, or would save."""
    kinds = state.settings.preload or ("style", "script", "font")
    used = [
        (file.url, file.asset.name, "")
        for file in files
        if file.asset is not None and file.kind == VERIFIED
    ]
    named = [name for url, name, _ in dict.fromkeys(used) if any(links([(url, name, "")], kinds))]
    if not named:
        return ""
    count = f"{counted(len(named), 'file')} ({', '.join(named)})"
    if state.settings.preload:
        return f"The Link header asks for {count} before the page is read."
    return f"{PREFIX}PRELOAD = {list(kinds)} would have {count} asked for before the page is read."
