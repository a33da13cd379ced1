"""A browser of one visitor, with cookies and a cache, which asks the app inside this process."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from flask.testing import EnvironBuilder as FlaskEnvironBuilder
from werkzeug.test import EnvironBuilder

from ...http.codings import available
from .browser_cache import BrowserCache
from .cookies import Cookies
from .response import Fetched, Response, answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

_REDIRECTS = {301, 302, 303, 307, 308}

#: Redirects that a browser follows before it gives up.
_MOST_REDIRECTS = 10

#: What browsers ask for: a page, and anything else.
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ANYTHING = "*/*"


def site_of(app: Flask) -> str:
    """Return the URL of an app's root.

    It is made of ``PREFERRED_URL_SCHEME``, ``SERVER_NAME`` and ``APPLICATION_ROOT``.
    """
    return FlaskEnvironBuilder(app, "/").base_url


class ForeignURLError(ValueError):
    """An error for a URL of another site."""


class Browser:
    """A browser of one visitor to one app.

    The requests are WSGI calls, one after another.

    :param app: the app.
    :param site: the URL of the app's root.
    :param cookies: cookies as ``NAME=VALUE`` that the visitor has.
    :param static_host: the URL of the host that pages load static files from, if it is not the
        app's. The app is asked for what is there.
    """

    def __init__(
        self,
        app: WSGIApplication,
        site: str,
        cookies: Iterable[str] = (),
        static_host: str | None = None,
    ) -> None:
        self._app = app
        self._cookies = Cookies(cookies)
        self._cache = BrowserCache()
        self._static_host = static_host
        #: The URL of the app's root, with a slash at its end.
        self.site = f"{site.rstrip('/')}/"
        self._host = urlsplit(self.site).netloc
        self._root = urlsplit(self.site).path.rstrip("/")

    def own(self, url: str) -> str | None:
        """Return a URL of the app without fragment, or ``None`` for one of another site."""
        url = urldefrag(url).url
        host = self._static_host
        if host is not None and url.startswith(f"{host}/"):
            return urljoin(self.site, url[len(host) :])
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        inside = parts.scheme in ("http", "https") and parts.netloc == self._host
        return url if inside and f"{parts.path}/".startswith(f"{self._root}/") else None

    def fetch(self, url: str, *, accept: str = ANYTHING) -> Fetched:
        """Get a URL from the cache if it is fresh there, else from the app; follow redirects.

        :raises ForeignURLError: if a redirect leads to another site.
        """
        responses: list[Response] = []
        while True:
            fetched = self._fetch_one(url, accept)
            responses += fetched.responses
            target = fetched.headers.get("Location")
            if (
                fetched.status not in _REDIRECTS
                or target is None
                or len(responses) > _MOST_REDIRECTS
            ):
                return fetched._replace(responses=tuple(responses))
            try:
                found = self.own(urljoin(url, target))
            except ValueError:  # it is no URL
                found = None
            if found is None:
                raise ForeignURLError(f"{urlsplit(url).path} redirects to {target}")
            url = found

    def post(self, path: str) -> Response:
        """Send a form without fields, and do not follow a redirect."""
        return self._send(self.site + path.lstrip("/"), {}, method="POST")

    def _fetch_one(self, url: str, accept: str) -> Fetched:
        fields = {
            "Accept": accept,
            "Accept-Encoding": ", ".join(available()),
            "User-Agent": "Mozilla/5.0 (compatible; flask static compare)",
        }
        cookie = self._cookies.header(urlsplit(url).path)
        if cookie:
            fields["Cookie"] = cookie
        stored = self._cache.find(url)
        if stored is not None and self._cache.is_usable(stored, fields):
            return Fetched(url, 200, stored.headers, stored.body, ())
        validators = {} if stored is None else stored.validators(fields)
        response = self._send(url, {**fields, **validators})
        if stored is not None and response.status == 304:
            self._cache.freshen(fields, stored, response)
            return Fetched(url, 200, response.headers, stored.body, (response,))
        if response.error is None:
            self._cache.store(fields, response)
        return Fetched(url, response.status, response.headers, response.body, (response,))

    def _send(self, url: str, fields: dict[str, str], *, method: str = "GET") -> Response:
        parts = urlsplit(url)
        path = parts.path[len(self._root) :] or "/"
        builder = EnvironBuilder(
            f"{path}?{parts.query}" if parts.query else path,
            f"{parts.scheme}://{self._host}{self._root}/",
            method=method,
            headers=list(fields.items()),
            errors_stream=io.StringIO(),
        )
        response = answer(self._app, builder.get_environ(), url)
        for value in response.headers.getlist("Set-Cookie"):
            self._cookies.take(value)
        return response
