"""Requests, and the browser that makes them to an app."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse
from werkzeug.urls import iri_to_uri

from laws.plain_flask.files import DOTFILES, FILES, LARGE, OTHER
from laws.plain_flask.pages import PAGES

#: Whose values a browser would send back, besides the session's.
_COOKIES = ("tracker", "remember_token")

CONDITIONS = ("If-None-Match", "If-Modified-Since", "Range", "If-Range")


@dataclass(frozen=True)
class Ask:
    """A request to be made.

    :param endpoint: of a file; ``None``: ``target`` is a path.
    :param built: whether the URL is what the app's ``url_for`` returns.
    :param known: which validator that the app sent before comes with it.
    """

    target: str
    endpoint: str | None = None
    built: bool = False
    method: str = "GET"
    query: str = ""
    accept: str | None = None
    range: str | None = None
    known: str | None = None


FOLDERS = ["static", "static", "shop.static"]
_names = st.sampled_from([*list(FILES) * 3, *LARGE, *OTHER, *DOTFILES, "none.css", "no/such.html",
                          "./app.css", "sub/../app.css", "sub", "/app.css"])  # fmt: skip

files = st.builds(
    Ask,
    target=_names,
    endpoint=st.sampled_from(FOLDERS),
    built=st.booleans(),
    method=st.sampled_from(["GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST"]),
    query=st.sampled_from(["", "", "v=0123456789abcdef", "x=1"]),
    accept=st.sampled_from([None, "gzip", "br", "zstd, gzip;q=0.5", "gzip, deflate, br, zstd"]),
    range=st.sampled_from([None] * 6 + ["bytes=0-9", "bytes=5-", "bytes=-7", "bytes=9999999-",
                                        "bytes=0-1,4-5"]),
    known=st.sampled_from([None, "If-None-Match", "If-Modified-Since", "both"]),
)  # fmt: skip

pages = st.builds(
    Ask,
    target=st.sampled_from([*PAGES, "/whoami", "/missing", "/a/b", "/shop/basket", "/basket"]),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
    accept=st.sampled_from([None, "gzip", "br"]),
    range=st.sampled_from([None, None, "bytes=0-9"]),
    known=st.sampled_from([None, "If-None-Match", "both"]),
)

orders = st.lists(st.one_of(files, files, pages), min_size=3, max_size=8)


@dataclass
class Browser:
    """A browser that keeps cookies and knows which validators an app sent."""

    app: Flask
    client: Client = field(init=False)
    validators: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    #: The decoded bodies that came, by URL and ``ETag``.
    bodies: dict[tuple[str, str | None], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Not the app's own test client, which keeps the context: files would not be answered
        # before Flask.
        self.client = Client(self.app)

    def url(self, ask: Ask) -> str | None:
        """Return the URL of a request; ``None`` if the app has no such folder."""
        if ask.endpoint is None:
            return ask.target
        if ask.endpoint not in self.app.view_functions:
            return None
        with self.app.test_request_context():
            if ask.built:
                return self.app.url_for(ask.endpoint, filename=ask.target)
            name = "NAME"
            url = self.app.url_for(ask.endpoint, filename=name)
        url = iri_to_uri(url.replace(name, ask.target))
        return f"{url}?{ask.query}" if ask.query and not ask.built else url

    def headers(self, ask: Ask, url: str) -> dict[str, str]:
        """Return the header fields of a request, with validators that came with the URL before."""
        etag, modified = self.validators.get(url, (None, None))
        fields = {
            "Accept-Encoding": ask.accept,
            "Range": ask.range,
            "If-None-Match": etag if ask.known in ("If-None-Match", "both") else None,
            "If-Modified-Since": modified if ask.known in ("If-Modified-Since", "both") else None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def send(
        self, method: str, url: str, headers: dict[str, str], *, anonymous: bool = False
    ) -> TestResponse:
        """Send a request.

        :param anonymous: send no cookie of a session, and keep none of the response.
        """
        client = self.client
        if anonymous:
            client = Client(self.app, use_cookies=False)
            found = filter(None, (self.client.get_cookie(name) for name in _COOKIES))
            jar = "; ".join(f"{cookie.key}={cookie.value}" for cookie in found)
            headers = {**headers, **({"Cookie": jar} if jar else {})}
        return client.open(url, method=method, headers=headers, buffered=True)

    def remember(self, url: str, response: TestResponse) -> None:
        if response.status_code == 200:
            headers = response.headers
            self.validators[url] = headers.get("ETag"), headers.get("Last-Modified")
