"""Requests, the browsers that make them, and answers as plain values."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Flask
from itsdangerous import BadSignature
from werkzeug.http import dump_cookie, parse_cookie
from werkzeug.wsgi import FileWrapper

from laws.hooked.watching import events, without_chance

ALL_CODINGS = "gzip, deflate, br, zstd"

#: Paths of files, pages and views. ``None`` is the URL that the app builds for its stylesheet.
PATHS: list[str | None] = [
    None,
    "/static/app.css",
    "/static/app.css?x=1",
    "/static/small.txt",
    "/static/large.bin",
    "/static/sub/page.html",
    "/static/private/plan.pdf",
    "/shop/static/app.js",
    "/static/none.css",
    "/static//app.css",
    "/static/sub",
    "/static/../app.css",
    "/logo",
    "/feed",
    "/page",
    "/shop/basket",
    "/nowhere",
]

#: Header fields, of which one or two come with a request. ``{etag}`` is the stylesheet's,
#: ``{coded}`` that of one of its codings, and ``{modified}`` its ``Last-Modified``.
FIELDS: list[dict[str, str]] = [
    {},
    {"HTTP_ACCEPT_ENCODING": ALL_CODINGS},
    {"HTTP_ACCEPT_ENCODING": "gzip"},
    {"HTTP_ACCEPT_ENCODING": "gzip;q=0.5, br;q=0.9"},
    {"HTTP_ACCEPT_ENCODING": "identity;q=0"},
    {"HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_IF_NONE_MATCH": "{coded}", "HTTP_ACCEPT_ENCODING": ALL_CODINGS},
    {"HTTP_IF_NONE_MATCH": '"z", W/{etag}'},
    {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_NONE_MATCH": '"z"', "HTTP_IF_MODIFIED_SINCE": "{modified}"},
    {"HTTP_IF_MODIFIED_SINCE": "{modified}"},
    {"HTTP_IF_MODIFIED_SINCE": "Tue, 01 Jan 2080 00:00:00 GMT"},
    {"HTTP_IF_MODIFIED_SINCE": "yesterday"},
    {"HTTP_IF_MATCH": "{etag}"},
    {"HTTP_IF_MATCH": '"z"'},
    {"HTTP_IF_UNMODIFIED_SINCE": "Tue, 01 Jan 1980 00:00:00 GMT"},
    {"HTTP_RANGE": "bytes=0-9"},
    {"HTTP_RANGE": "bytes=5-"},
    {"HTTP_RANGE": "bytes=-5"},
    {"HTTP_RANGE": "bytes=0-1,4-5"},
    {"HTTP_RANGE": "bytes=99999999-"},
    {"HTTP_RANGE": "lines=1"},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": "{etag}"},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": '"z"'},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": "{modified}"},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_ACCEPT_ENCODING": ALL_CODINGS},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": "{coded}", "HTTP_ACCEPT_ENCODING": ALL_CODINGS},
    {"HTTP_RANGE": "bytes=0-9", "HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_AUTHORIZATION": "Basic YTpi"},
    {"REMOTE_USER": "ada"},
    {"HTTP_COOKIE": "session=forged"},
    {"HTTP_ORIGIN": "https://elsewhere.test"},
    {"HTTP_SERVICE_WORKER": "script"},
    {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"},
    {"HTTP_HOST": "example.org:8000"},
    {"HTTP_HOST": "a b"},
    {"HTTP_HOST": ""},
    {"SCRIPT_NAME": "/mounted"},
    {"HTTP_CACHE_CONTROL": "no-cache"},
    {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest", "wsgi.url_scheme": "https"},
]

METHODS = ["GET"] * 8 + ["HEAD"] * 3 + ["OPTIONS", "POST", "PUT"]


class Ask(NamedTuple):
    """A request to be made."""

    path: str | None
    fields: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    #: Whether the cookies that the browser has come with it.
    cookies: bool = True
    #: Whether the client reads the body to its end.
    reads: bool = True
    #: Whether the server has a ``wsgi.file_wrapper``.
    wrapper: bool = False


#: What each app is asked in any case.
ALWAYS = [
    Ask("/static/app.css", cookies=False),
    Ask(None, (("HTTP_ACCEPT_ENCODING", ALL_CODINGS),)),
    Ask("/page"),
    Ask("/login"),
    Ask("/static/app.css"),
    Ask(None, (("HTTP_ACCEPT_ENCODING", ALL_CODINGS), ("HTTP_IF_NONE_MATCH", "{coded}"))),
    Ask("/static/app.css", (("HTTP_IF_NONE_MATCH", "{etag}"),)),
    Ask("/static/app.css", (("HTTP_RANGE", "bytes=5-14"),)),
    Ask("/shop/static/app.js", (("HTTP_ACCEPT_ENCODING", "gzip"),)),
    Ask("/static/none.css"),
    Ask("/static/small.txt", method="HEAD"),
]


def asks(name: str, number: int) -> list[Ask]:
    """Return requests to an app besides :data:`ALWAYS`: the same ones each time."""
    chance = random.Random(name)
    paths = PATHS[:2] * 6 + PATHS
    return [
        Ask(
            chance.choice(paths),
            tuple({**chance.choice(FIELDS), **chance.choice([{}, chance.choice(FIELDS)])}.items()),
            chance.choice(METHODS),
            cookies=chance.random() < 0.6,
            reads=chance.random() < 0.9,
            wrapper=chance.random() < 0.2,
        )
        for _ in range(number)
    ]


class Answer(NamedTuple):
    """An answer, what the app's hooks saw of its request, and the counters after it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    error: str
    seen: list[str]
    figures: tuple[int, ...]


class Browser:
    """A client of an app, with the cookies that it got.

    :param logged: what is logged while the app serves.
    """

    def __init__(self, app: Flask, logged: list[Any]) -> None:
        self.app = app
        self.logged = logged
        self.jar: dict[str, str] = {}

    def send(self, ask: Ask, known: Mapping[str, str]) -> Answer:
        """Send a request, and return the answer without what is another each time.

        :param known: the URL of the stylesheet and its validators.
        """
        environ = self._environ(ask, known)
        seen = events(self.app)
        seen.clear()
        self.logged.clear()
        said: list[Any] = []
        status, fields, body, error = "", [], b"", ""
        try:
            parts = self.app(environ, lambda *args: said.append(args))
            try:
                body = b"".join(parts) if ask.reads else b""
            finally:
                getattr(parts, "close", lambda: None)()
        except Exception as raised:  # noqa: BLE001  # it is what is compared
            error = repr(raised)
        if said:
            status, fields = said[-1][:2]
        boundaries = re.findall(r"boundary=(\w+)", str(fields))
        for boundary in boundaries:
            body = body.replace(boundary.encode(), b"BOUNDARY")
        answer = Answer(
            status,
            sorted(self._plain(name, value) for name, value in fields if name != "Date"),
            body,
            error,
            [repr(each) for each in (*seen, *self.logged)],
            tuple(self.app.extensions["static_optimizer"].stats.figures()),
        )
        self._keep(fields)
        return answer

    def _environ(self, ask: Ask, known: Mapping[str, str]) -> dict[str, Any]:
        path, _, query = (ask.path or known["url"]).partition("?")
        environ = {
            "REQUEST_METHOD": ask.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if ask.cookies and self.jar:
            pairs = (dump_cookie(name, value, path=None) for name, value in self.jar.items())
            environ["HTTP_COOKIE"] = "; ".join(pairs)
        if ask.wrapper:
            environ["wsgi.file_wrapper"] = FileWrapper
        environ.update((name, value.format_map(known)) for name, value in ask.fields)
        return environ

    def _keep(self, fields: list[tuple[str, str]]) -> None:
        for name, value in fields:
            if name == "Set-Cookie":
                ((cookie, text),) = parse_cookie(value.partition(";")[0]).items()
                self.jar[cookie] = text

    def _plain(self, name: str, value: str) -> tuple[str, str]:
        """Return a header field without what is another each time, and a session as it is read."""
        said = without_chance(name, value)
        if name == "Set-Cookie":
            ((_, text),) = parse_cookie(value.partition(";")[0]).items()
            said += self._unsigned(text)
        return name, said

    def _unsigned(self, text: str) -> str:
        """Return the content of a session's cookie, which is signed with the time."""
        signer: Any = self.app.session_interface
        try:
            content = signer.get_signing_serializer(self.app).loads(text)
        except (AttributeError, BadSignature):
            return f"{len(text)} characters"
        return repr({**content, "csrf_token": "drawn"} if "csrf_token" in content else content)
