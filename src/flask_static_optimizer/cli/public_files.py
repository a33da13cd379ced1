"""Requests for the static files of an app, of whose responses copies are made."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import url_for
from werkzeug.http import parse_dict_header

from ..assets.delta import DELTA
from ..assets.files import SETTLED
from ..assets.urls import PLAIN
from ..config.names import EXTENSION
from ..http.fields import vary_names
from .current import application_root
from .exchange import Exchange, ask
from .text import progress

if TYPE_CHECKING:
    from flask import Flask

    from ..assets.mount import Mount
    from ..state import AppState

Fields = tuple[tuple[str, str], ...]

_ETAG = re.compile(r'"([0-9a-f]{32})"')

#: Header fields that a server sends by itself, or that each representation has of its own.
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

#: Header fields that a response may vary by: a copy has each coding, and needs no delta.
_KNOWN_VARY = frozenset({"accept-encoding", "available-dictionary"})


class NotPublicError(Exception):
    """An error for a file that the app has to answer for, whose message says why."""


class FailedResponseError(NotPublicError):
    """An error for a file for which the app failed, so that nothing is known of it."""


class UrlPair(NamedTuple):
    """The URLs of a file, percent-encoded and with the application root."""

    plain: str
    #: The one that ``url_for`` returns.
    best: str


class Representation(NamedTuple):
    """A response to everybody, unread: the bytes of a file in one content coding."""

    #: The coding that the request accepted; empty if it named none.
    accepted: str
    #: The ``Content-Encoding`` value; empty if there is none.
    coding: str
    content_type: str
    #: The 32 hexadecimal characters of the ETag.
    etag: str
    #: The other header fields.
    fields: Fields
    response: Exchange


def settle(state: AppState) -> None:
    """Wait if a file was written a moment ago, as the app sends ``Last-Modified`` only later.

    Large files are hashed, too: a copy is verified by the hash.
    """
    is_waiting = False
    for mount in state.endpoints.mounts():
        names = mount.names()
        for name in progress(names, f"Reading files of {mount.endpoint!r}", len(names)):
            asset = state.catalogue.find_hashed(mount, name)
            is_waiting = is_waiting or (asset is not None and not asset.settled)
    if is_waiting:
        time.sleep(max(SETTLED, 0) + 0.1)


def urls_of(app: Flask, mount: Mount, name: str) -> UrlPair:
    """Return the URLs of a file, on the app's own host."""
    host = app.extensions[EXTENSION].settings.host_url or ""
    with app.test_request_context():
        values: dict[str, Any] = {"filename": name, PLAIN: True}
        best = url_for(mount.endpoint, filename=name).removeprefix(host)
        return UrlPair(url_for(mount.endpoint, **values), best)


class PublicFile:
    """A URL of a static file, and the requests for it.

    :param state: the parts of the extension.
    :param app: the app.
    :param url: the URL, percent-encoded and with the application root.
    """

    def __init__(self, state: AppState, app: Flask, url: str) -> None:
        self._codings: Sequence[str] = [one for one in state.variants.offered if one != DELTA]
        self._cookie = str(app.config["SESSION_COOKIE_NAME"])
        self._app = app
        self._path = url.removeprefix(application_root(app))

    def ask(
        self, headers: dict[str, str] | None = None, *, method: str = "GET", query: str = ""
    ) -> Exchange:
        """Send a request. The caller has to read or close the body, except of a HEAD request."""
        answer = ask(self._app, self._path + query, headers, method=method)
        if method == "HEAD":
            answer.read()
        return answer

    def representations(self) -> Iterator[Representation]:
        """Request the file without a coding and in each, and yield what differs.

        The caller has to read or close the body of each.

        :raises NotPublicError: if a response is not the same for everybody, or has no bytes that
            can be verified.
        """
        first: Representation | None = None
        for accepted in ("", *self._codings):
            response = self.ask({"Accept-Encoding": accepted} if accepted else None)
            try:
                found = _representation(accepted, response)
                if first is None:
                    self._check_with_cookie(found)
                elif found.fields != first.fields:
                    raise NotPublicError(f"it says other things of itself in {accepted}")
                elif found.content_type != first.content_type:
                    raise NotPublicError("its media type is another where it is compressed")
            except NotPublicError:
                _close(response)
                raise
            if first is not None and (found.coding, found.etag) == (first.coding, first.etag):
                _close(response)
                continue
            first = first or found
            yield found

    def _check_with_cookie(self, found: Representation) -> None:
        answer = self.ask({"Cookie": f"{self._cookie}=of-nobody"}, method="HEAD")
        if answer.status != 200 or _fields(answer) != found.fields:
            raise NotPublicError("it is answered in another way with a session cookie")


def _representation(accepted: str, response: Exchange) -> Representation:
    fields = shared_fields(response)
    etag = _ETAG.fullmatch(response.headers.get("ETag", ""))
    if not etag:
        raise NotPublicError("it has no strong ETag of its bytes")
    coding = response.headers.get("Content-Encoding", "")
    content_type = response.headers.get("Content-Type", "")
    return Representation(accepted, coding, content_type, etag[1], fields, response)


def shared_fields(response: Exchange) -> Fields:
    """Return the header fields of a response that is the same for everybody.

    :raises FailedResponseError: if the app failed.
    :raises NotPublicError: if it is not.
    """
    if response.status >= 500:
        raise FailedResponseError(f"the app answered with {response.status}: {response.error!r}")
    if response.status != 200:
        raise NotPublicError(f"without a log-in it is answered with {response.status}")
    said = parse_dict_header(response.headers.get("Cache-Control", ""))
    if not said or {"private", "no-store"} & said.keys() or "Set-Cookie" in response.headers:
        raise NotPublicError("no shared cache may keep it (private, no-store or a cookie)")
    vary = vary_names(response.headers) - _KNOWN_VARY
    if vary:
        raise NotPublicError(f"it depends on {', '.join(sorted(vary))}")
    return _fields(response)


def _fields(response: Exchange) -> Fields:
    return tuple(
        sorted((name, value) for name, value in response.headers if name.lower() not in _EXCLUDED)
    )


def _close(response: Exchange) -> None:
    with response.reading():
        pass
