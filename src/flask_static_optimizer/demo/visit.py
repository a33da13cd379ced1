"""A visitor: an HTTP client that loads a page as a browser does."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from types import TracebackType
from typing import NamedTuple

import httpx

from .browser_cache import BrowserCache
from .tally import Counts, Tally

#: Connections that browsers open to one HTTP/1.1 server.
CONNECTIONS = 6

#: The ``rel`` values of ``<link>`` under which a browser fetches what is linked.
_FETCHED = {"stylesheet", "icon", "manifest", "modulepreload", "preload"}


class Visit(NamedTuple):
    """The figures of loading a page: of the page itself, and of the assets on it."""

    page: Tally
    assets: Tally

    @property
    def total(self) -> Tally:
        """Return the figures of the page and its assets together."""
        return self.page + self.assets


class Fetched(NamedTuple):
    """A body, and the response if it did not come from the cache alone."""

    body: bytes
    response: httpx.Response | None


class Browser:
    """A browser of one visitor, with cookies, a cache and connections to one site.

    :param site: the URL of the site.
    """

    def __init__(self, site: str) -> None:
        self._cache = BrowserCache()
        self._client = httpx.Client(
            base_url=site,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            timeout=30,
            trust_env=False,  # requests to this machine go past any proxy
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def log_in(self) -> None:
        """Send the log-in form, and do not follow the redirect to the page."""
        response = self._client.post("/login")
        if response.status_code != 302:
            response.raise_for_status()

    def visit(self, path: str, counts: Callable[[], Counts]) -> Visit:
        """Load a page and then its assets, several at a time.

        :param path: the URL path of the page.
        :param counts: returns the reads and writes of the session store up to now.
        """
        page, page_tally = self._measured(lambda: [self.fetch(path)], counts)
        urls = assets(page[0].body.decode(), self._client.base_url.join(path))
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            _, assets_tally = self._measured(lambda: list(pool.map(self.fetch, urls)), counts)
        return Visit(page_tally, assets_tally)

    def fetch(self, url: str) -> Fetched:
        """Get a URL from the cache if it is fresh there, else from the server.

        :raises httpx.HTTPError: if the server can't be reached or answers with an error.
        """
        request = self._client.build_request("GET", url)
        stored = self._cache.find(request)
        if stored is not None:
            if self._cache.is_fresh(stored):
                return Fetched(stored.body, None)
            request.headers.update(stored.validators)
        response = self._client.send(request)
        if stored is not None and response.status_code == 304:
            self._cache.freshen(request, stored, response)
            return Fetched(stored.body, response)
        response.raise_for_status()
        self._cache.store(request, response)
        return Fetched(response.content, response)

    @staticmethod
    def _measured(
        work: Callable[[], list[Fetched]], counts: Callable[[], Counts]
    ) -> tuple[list[Fetched], Tally]:
        before = counts()
        started = time.perf_counter()
        fetched = work()
        seconds = time.perf_counter() - started
        responses = [one.response for one in fetched if one.response is not None]
        return fetched, Tally.of(responses, seconds, before, counts())


def assets(html: str, base: httpx.URL) -> list[str]:
    """Return the URLs that a browser fetches for a page from the page's own site, each once."""
    finder = _AssetFinder()
    finder.feed(html)
    urls = [base.join(url).copy_with(fragment=None) for url in finder.found]
    return list(dict.fromkeys(str(url) for url in urls if url.netloc == base.netloc))


class _AssetFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        url = values.get("href" if tag == "link" else "src")
        wanted = tag in ("script", "img") or (
            tag == "link" and not _FETCHED.isdisjoint((values.get("rel") or "").lower().split())
        )
        if wanted and url:
            self.found.append(url)
