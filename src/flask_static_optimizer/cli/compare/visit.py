"""A visit: pages loaded with all that a browser fetches for them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from ...assets.css import BrokenStylesheetError, references, rewrite
from ...assets.fingerprints import FINGERPRINT_LENGTH, sha256, split
from .browser import ANYTHING, PAGE, Browser, ForeignURLError
from .links import Link, Markup, css_links, html_links
from .response import Fetched
from .tally import Counts, Tally

#: The most assets of one page that are fetched.
MOST_ASSETS = 1000

#: A fingerprint in a query. Templates put a version of their own behind it: ``?v=…?1.2``.
_VERSION = re.compile(rf"v=[0-9a-f]{{{FINGERPRINT_LENGTH}}}(?:[&?]|$)")

#: A fingerprint in the text of a response that the app makes, such as a manifest.
_MARK = re.compile(
    rb"(?:(?:[?&]|\\u0026|&amp;|%%3F|%%26)v(?:=|%%3D)|\.)[0-9a-f]{%d}(?![0-9a-f])"
    % FINGERPRINT_LENGTH
)

_TEXT = ("text/", "json", "javascript", "xml", "manifest")


class Visit(NamedTuple):
    """The figures of loading pages: of the pages themselves, and of the assets on them."""

    page: Tally
    assets: Tally

    @property
    def total(self) -> Tally:
        """The figures of the pages and their assets together."""
        return self.page + self.assets


@dataclass(frozen=True)
class Seen:
    """A page or an asset as a visit has seen it."""

    status: int
    #: The SHA-256 of the body, without the fingerprints in a text.
    sha256: str
    #: The header fields of the response, if the app was asked.
    headers: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    #: The session operations that it took.
    operations: int = 0
    #: Where redirects lead to.
    leads_to: str | None = None


class Asked(NamedTuple):
    """An asset that the app was asked for, as the browser's cache did not have it fresh."""

    url: str
    status: int
    cache_control: str | None
    #: Whether it is an ES module under its plain URL.
    plain_module: bool = False


@dataclass
class Sight:
    """The pages of one visit by path, and the assets by their URL without fingerprint."""

    pages: dict[str, Seen] = field(default_factory=dict)
    assets: dict[str, Seen] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


def visit(
    browser: Browser, paths: Iterable[str], counts: Callable[[], Counts]
) -> tuple[Visit, Sight]:
    """Load pages, each with all that a browser fetches for it.

    :param paths: the URL paths of the pages, below the app's root.
    :param counts: returns the session operations up to now.
    """
    sight = Sight()
    pages = _Loading(browser, counts, sight.pages)
    assets = _Loading(browser, counts, sight.assets)
    for path in paths:
        page = pages.fetch(browser.site + path.lstrip("/"), path, PAGE)
        if page is not None and page.status < 400 and "html" in page.media_type:
            sight.asked += _load_assets(assets, page)
    return Visit(pages.tally, assets.tally), sight


class _Loading:
    """The loading of pages, or of assets, with what is seen and counted."""

    def __init__(
        self, browser: Browser, counts: Callable[[], Counts], seen: dict[str, Seen]
    ) -> None:
        self.browser = browser
        self.tally = Tally()
        self._counts = counts
        self._seen = seen

    def fetch(self, url: str, name: str, accept: str = ANYTHING) -> Fetched | None:
        """Fetch a URL, and note what was seen under a name; return ``None`` if it is elsewhere."""
        before = self._counts()
        try:
            fetched = self.browser.fetch(url, accept=accept)
        except ForeignURLError as error:
            self._seen.setdefault(name, Seen(302, "", error=str(error)))
            return None
        tally = Tally.of(fetched.responses, before, self._counts())
        self.tally += tally
        errors = [response.error for response in fetched.responses if response.error]
        seen = Seen(
            fetched.status,
            _hash(fetched),
            tuple(fetched.responses[-1].headers) if fetched.responses else (),
            errors[-1] if errors else None,
            tally.session_reads + tally.session_writes,
            plain(fetched.url) if len(fetched.responses) > 1 else None,
        )
        self._seen.setdefault(name, seen)
        return fetched


def _load_assets(assets: _Loading, page: Fetched) -> list[Asked]:
    """Load what is on a page, and return what the app was asked for."""
    asked: list[Asked] = []
    markup = html_links(page.body.decode("utf-8", "replace"), page.url)
    done: set[str] = set()
    waiting = deque(markup.links)
    while waiting and len(done) < MOST_ASSETS:
        link = waiting.popleft()
        url = assets.browser.own(link.url)
        if url is None or url in done:
            continue
        done.add(url)
        fetched = assets.fetch(url, plain(url))
        if fetched is not None:
            waiting.extend(_links_of(link, fetched, markup))
            if fetched.responses:
                name = urlsplit(url)._replace(scheme="", netloc="").geturl()
                is_plain = link.kind == "module" and name == plain(url)
                said = fetched.headers.get("Cache-Control")
                asked.append(Asked(name, fetched.status, said, is_plain))
    return asked


def _links_of(link: Link, fetched: Fetched, markup: Markup) -> list[Link]:
    if fetched.status >= 400:
        return []
    if link.kind == "css":
        return css_links(fetched.body, fetched.url)
    if link.kind == "module":
        return markup.module_links(fetched.body.decode("utf-8", "replace"), fetched.url)
    return []


def plain(url: str) -> str:
    """Return the path and the query of a URL without the fingerprints of the extension."""
    parts = urlsplit(url)
    path = (split(parts.path) or (parts.path,))[0]
    query = _VERSION.sub("", parts.query).rstrip("&")
    return f"{path}?{query}" if query else path


def _hash(fetched: Fetched) -> str:
    body, kind = fetched.body, fetched.media_type
    if "text/css" in kind:
        with suppress(BrokenStylesheetError, ValueError):  # it is sent as it is
            # A mark before each, so that all of them are written anew and thus alike.
            body = rewrite(body, references(body), lambda found: f"={plain(found.url)}")
    if any(part in kind for part in _TEXT):
        body = _MARK.sub(b"", body)
    return sha256(body)
