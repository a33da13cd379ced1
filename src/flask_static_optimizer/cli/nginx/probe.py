"""Requests for the static files of an app, whose responses nginx is to repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for
from werkzeug.http import parse_dict_header

from ...assets.delta import DELTA
from ...assets.fingerprints import FINGERPRINT_LENGTH
from ...assets.urls import PARAMETER, PLAIN, fingerprints_of
from ...http.fields import vary_names
from ..current import application_root
from ..exchange import Exchange, ask
from .copy import ChangedBytesError, Copy, object_name
from .quoting import is_literal, is_safe_path

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...state import AppState

Fields = tuple[tuple[str, str], ...]

_ETAG = re.compile(r'"([0-9a-f]{32})"')

#: A fingerprint that no file has: its URL is one of another version.
_OF_OTHERS = "0" * FINGERPRINT_LENGTH

#: Header fields that nginx sends by itself, or that each representation has of its own.
_EXCLUDED = frozenset(
    {
        "accept-ranges",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "etag",
        "last-modified",
        "server",
        "server-timing",
    }
)

#: Header fields that a response may vary by, because the configuration checks them.
_KNOWN_VARY = frozenset({"accept-encoding", "available-dictionary"})


class NotForNginxError(Exception):
    """An error for a file that the app has to answer for, whose message says why."""


@dataclass(frozen=True, slots=True)
class CopiedBody:
    """A representation: the bytes of a file in one content coding."""

    #: The ``Content-Encoding`` value; empty if there is none.
    coding: str
    object: str


@dataclass(frozen=True, slots=True)
class Location:
    """A URL path with all that nginx needs to answer for it."""

    #: The path, percent-encoded and with the application root.
    path: str
    content_type: str
    last_modified: str
    #: The representation for clients that accept no coding, and those by coding.
    identity: CopiedBody
    coded: dict[str, CopiedBody]
    #: The other header fields of the URL without a query, with the right fingerprint (``verified``)
    #: and with a wrong one (``other``).
    plain: Fields
    fingerprint: str | None = None
    verified: Fields | None = None
    other: Fields | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A URL path that the app has to answer for, and the reason."""

    path: str
    reason: str


def locations(
    state: AppState, app: Flask, mount: Mount, copy: Copy
) -> Iterator[Location | Refused]:
    """Request the files of one folder, copy them, and yield how nginx is to answer for each.

    :param state: the parts of the extension.
    :param app: the app.
    :param mount: the folder.
    :param copy: the copy that nginx serves from.
    :raises OSError: if the copy can't be written.
    """
    for name in mount.names():
        with app.test_request_context():
            plain_values: dict[str, Any] = {"filename": name, PLAIN: True}
            plain = url_for(mount.endpoint, **plain_values)
            best = url_for(mount.endpoint, filename=name)
        yield _located(state, app, copy, plain, best)
        if best != plain and "?" not in best:
            yield _located(state, app, copy, best, best)


def _located(state: AppState, app: Flask, copy: Copy, plain: str, best: str) -> Location | Refused:
    try:
        return _Probe(state, app, copy, plain).location(best)
    except NotForNginxError as error:
        return Refused(plain, str(error))


class _Probe:
    def __init__(self, state: AppState, app: Flask, copy: Copy, url: str) -> None:
        self._codings = [coding for coding in state.variants.offered if coding != DELTA]
        self._cookie = str(app.config["SESSION_COOKIE_NAME"])
        self._app = app
        self._copy = copy
        self._url = url
        root = application_root(app)
        self._path = url.removeprefix(root)
        self._content_type = ""

    def location(self, best: str) -> Location:
        if not is_safe_path(self._url):
            raise NotForNginxError("its URL has characters that nginx gives a meaning")
        response = self._ask()
        self._content_type = response.headers.get("Content-Type", "")
        plain = _shared(response)
        identity = self._keep(response)
        if response.headers.get("Content-Length") == "0":
            raise NotForNginxError("it is empty, and nginx takes any range of it for the whole")
        self._same("with a session cookie", plain, {"Cookie": f"{self._cookie}=of-nobody"})
        coded = {}
        for coding in self._codings:
            answer = self._ask({"Accept-Encoding": coding})
            if _shared(answer) != plain:
                raise NotForNginxError(f"it says other things of itself in {coding}")
            kept = self._keep(answer)
            if kept != identity:
                coded[coding] = kept
        fingerprint = _fingerprint(best)
        return Location(
            path=self._url,
            content_type=self._content_type,
            last_modified=response.headers.get("Last-Modified", ""),
            identity=identity,
            coded=coded,
            plain=plain,
            fingerprint=fingerprint,
            verified=self._fields_at(fingerprint) if fingerprint else None,
            other=self._fields_at(_OF_OTHERS) if fingerprint else None,
        )

    def _fields_at(self, fingerprint: str) -> Fields:
        return _shared(self._ask(method="HEAD", query=f"?{PARAMETER}={fingerprint}"))

    def _same(self, what: str, fields: Fields, headers: dict[str, str]) -> None:
        answer = self._ask(headers, method="HEAD")
        if answer.status != 200 or _fields(answer) != fields:
            raise NotForNginxError(f"it is answered in another way {what}")

    def _ask(
        self, headers: dict[str, str] | None = None, *, method: str = "GET", query: str = ""
    ) -> Exchange:
        answer = ask(self._app, self._path + query, headers, method=method)
        if method == "HEAD":
            answer.read()
        return answer

    def _keep(self, response: Exchange) -> CopiedBody:
        found = _ETAG.fullmatch(response.headers.get("ETag", ""))
        with response.reading() as chunks:
            if not found:
                raise NotForNginxError("it has no strong ETag of its bytes")
            if response.headers.get("Content-Type", "") != self._content_type:
                raise NotForNginxError("its media type differs by coding")
            name = object_name(found[1], self._content_type)
            try:
                self._copy.put(name, found[1], chunks)
            except ChangedBytesError:
                raise NotForNginxError("its bytes are not those of its ETag") from None
        return CopiedBody(response.headers.get("Content-Encoding", ""), name)


def _shared(response: Exchange) -> Fields:
    """Return the header fields of a response that is the same for everybody.

    :raises NotForNginxError: if it is not.
    """
    if response.status != 200:
        response.read()
        raise NotForNginxError(f"without a log-in it is answered with {response.status}")
    said = parse_dict_header(response.headers.get("Cache-Control", ""))
    if not said or {"private", "no-store"} & said.keys() or "Set-Cookie" in response.headers:
        response.read()
        raise NotForNginxError("no shared cache may keep it (private, no-store or a cookie)")
    vary = vary_names(response.headers)
    if vary - _KNOWN_VARY:
        response.read()
        raise NotForNginxError(f"it depends on {', '.join(sorted(vary - _KNOWN_VARY))}")
    fields = _fields(response)
    if not all(is_literal(value) for _, value in fields):
        response.read()
        raise NotForNginxError("nginx can't say one of its header fields")
    return fields


def _fields(response: Exchange) -> Fields:
    return tuple(
        sorted((name, value) for name, value in response.headers if name.lower() not in _EXCLUDED)
    )


def _fingerprint(url: str) -> str | None:
    given = fingerprints_of(url.partition("?")[2])
    return given[-1] if given else None
