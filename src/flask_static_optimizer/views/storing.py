"""A run of a view whose response others may get, too."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import FileWrapper

from ..assets.fingerprints import etag, sha256
from ..headers.final_headers import is_personal, is_stated, share
from ..http.content import has_content
from ..http.fields import is_offloaded, vary_names
from ..http.statuses import CACHEABLE
from ..store import rules, validation
from ..store.entry import NAME, NOT_STORED, STORED, Entry, Head
from ..store.keys import tells_coding

if TYPE_CHECKING:
    from flask import Flask, Request

    from ..config.settings import Settings
    from ..monitoring.log import Log
    from ..requests.mark import Mark, ViewResponse
    from ..store.index import Begun, Place
    from ..store.store import Scope, Store

#: The reasons for which a response with a ``store=True`` policy is sent with ``no-store``.
_CONTRADICTIONS = ("it is streamed", "it sets a cookie")
_STREAMED, _COOKIE = _CONTRADICTIONS

_INCOMPLETE = "it is no complete response of the view, or does not say how long its error holds"


class StoringRun:
    """A run of a view whose response may be stored.

    The run stores the response as the view has made it, as hooks run on stored responses, too. It
    decides whether to store the response only after all hooks have run.

    :param place: the place in the store for the response; ``None`` if it can't be stored.
    :param forwarded: the reason why the view runs, a value of ``fwd`` in ``Cache-Status``
        (RFC 9211 §2.2).
    :param leading: whether other requests wait for the response.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        store: Store,
        scope: Scope,
        environ: Mapping[str, Any],
        place: Place | None,
        forwarded: str,
        *,
        leading: bool,
    ) -> None:
        self._settings = settings
        self._log = log
        self._store = store
        self._scope = scope
        self._environ = environ
        self._place = place
        self._forwarded = forwarded
        self._leading = leading
        self._finished = False
        self._started = time.time()
        self._begun: Begun | None = None
        self._made: tuple[Headers, bytes] | None = None
        self._etag_of_view = False
        self._before: list[object] = []
        self._refusal: str | None = None
        self._warns = False
        if place is not None:
            self._begun = store.index.begin(place)

    @property
    def has_place(self) -> bool:
        """True if the store was asked, and can be given the response."""
        return self._place is not None

    @property
    def wanted(self) -> bool:
        """True if the response can be stored, as far as is known before the view runs."""
        return self._begun is not None

    @property
    def replaced(self) -> Entry | None:
        """Return the stored response that the run may replace, if there is one."""
        return self._place.entry if self._begun is not None and self._place is not None else None

    def validated(self) -> None:
        """Note that the view has said that the stored response has not changed."""
        self._forwarded += "; fwd-status=304"

    def withhold(self, reason: str) -> None:
        """Refuse to store the response.

        :param reason: what the log says of a view whose policy says ``store=True``.
        """
        self._refuse(reason, tell=True)

    def view_begins(self, response: Response) -> Response:
        """Note a response before the view's own ``after_this_request`` functions."""
        self._before = _state_of(response)
        return response

    def view_ended(self, response: Response) -> Response:
        """Compare it after the view's own ``after_this_request`` functions."""
        if _state_of(response) != self._before:
            self._refuse("the view changes it by after_this_request", tell=True)
        return response

    def described(self, mark: Mark, response: Response) -> None:
        """Copy the response of the view, before any hook can change it.

        The response to a request with content gets ``no-store``, as caches may keep it for requests
        without (RFC 9110 §9.3.1).
        """
        if has_content(self._environ):
            mark.view.succeeded, mark.view.stated = False, None
        if self._begun is None:
            return
        if not _is_storable(mark.view, response):
            self._refuse(_INCOMPLETE)
            return
        if "Set-Cookie" in response.headers:
            self._refuse(_COOKIE, tell=True)
            return
        self._refuse(rules.why_not(response.headers))
        body = self._body(mark, response)
        if body is not None:
            self._made = (Headers(list(response.headers)), body)
            self._etag_of_view = "ETag" in response.headers and mark.view.etag is None

    def end(self, app: Flask, mark: Mark, request: Request, response: Response) -> None:
        """Store the response if possible, and add ``Cache-Status``, after all hooks have run."""
        kept = self._keep(app, mark, request, response)
        self._finish(kept)
        if self._refusal is not None and self._warns and mark.policy.store:
            _not_storable(self._log, mark, self._refusal)
            if self._refusal in _CONTRADICTIONS:
                mark.view.succeeded = False  # It gets no-store, so that no other cache stores it.
        place = self._place
        if place is not None and place.entry and not kept and response.status_code < 500:
            self._store.index.forget(place)
        stored = "; stored" if kept else ""
        response.headers.add("Cache-Status", f"{NAME}; fwd={self._forwarded}{stored}")

    def leave(self) -> None:
        """End the run, as the response is a file, of which all is known without the store."""
        if self._place is not None and self._place.entry:
            self._store.index.forget(self._place)
        self._finish(False)

    def give_up(self) -> None:
        """Release the requests that wait, as there will be no response to share.

        It does nothing if the run has ended.
        """
        self._finish(False)

    def _finish(self, kept: bool) -> None:
        if self._place is None or self._finished:
            return
        self._finished = True
        if self._begun is not None and not kept:
            self._store.index.give_up(self._place, self._begun)
        if self._leading:
            self._store.single_flight.finish(self._place.selected, shared=kept)

    def _refuse(self, reason: str | None, *, tell: bool = False) -> None:
        """Refuse to store the response; only the first reason is kept.

        :param tell: whether to warn, as the app's developer can change that.
        """
        if self._refusal is None and reason is not None:
            self._refusal, self._warns = reason, tell

    def _body(self, mark: Mark, response: Response) -> bytes | None:
        """Return all of a body, which stays as it is."""
        limit = self._store.options.max_body
        body = response.response
        data = None
        if is_offloaded(response.headers):
            self._refuse("a front server sends its body")
        elif isinstance(body, FileWrapper) and body.seekable():
            file: Any = body.file
            if isinstance(file, io.BufferedReader) and not mark.policy.store:
                self._refuse("it is a file, which is as near as the store")
                return None
            start = file.tell()
            data = file.read(limit + 1)
            file.seek(start)
            known = (mark.view.validator, etag(sha256(data)))
            if len(data) <= limit and mark.view.etag not in known:
                self._refuse("its file is being changed")
        elif response.direct_passthrough or not response.is_sequence:
            self._refuse(_STREAMED, tell=True)
        else:
            data = response.get_data()
        if data is not None and len(data) > limit:
            self._refuse(
                f"its body is larger than STATIC_OPTIMIZER_STORE_MAX_BODY ({limit})", tell=True
            )
            return None
        if data is not None and response.headers.get("Content-Length", len(data), int) != len(data):
            self._refuse("its body is not as long as it says")
        return data

    def _keep(self, app: Flask, mark: Mark, request: Request, response: Response) -> bool:
        if self._begun is None or self._place is None:
            return False
        if not _is_storable(mark.view, response):
            self._refuse(_INCOMPLETE)
        elif mark.protected or is_personal(mark, request, response, public=self._scope.public):
            self._refuse("it may be about its visitor")
        self._refuse(rules.why_not(response.headers))
        if self._refusal is not None or self._made is None:
            return False
        headers, body = self._made
        now = self._started
        first, final = rules.ages(headers, now), rules.ages(response.headers, now)
        ages = rules.Ages(*map(min, first, final))
        initial_age = rules.initial_age(headers, now)
        if ages.lifetime <= initial_age:
            return False
        # A hook that encodes bodies also encodes those of stored responses.
        varying = vary_names(headers) | (vary_names(response.headers) - {"accept-encoding"})
        varying |= {name.lower() for name in mark.policy.vary}
        coding = ",".join(headers.getlist("Content-Encoding"))
        if "accept-encoding" in varying and coding and not tells_coding(coding, self._environ):
            return False
        status = response.status_code
        fields = self._fields(app, mark, status, headers, len(body))
        states = self._begun.states
        head = Head.of(status, fields, self._etag_of_view, now, initial_age, ages, states)
        entry = Entry(head, body)
        spare = validation.spare(head) if mark.policy.etag or validation.conditions(head) else 0
        return self._store.index.keep(self._place, entry, varying, self._environ, spare=spare)

    def _fields(
        self, app: Flask, mark: Mark, status: int, headers: Headers, length: int
    ) -> list[tuple[str, str]]:
        """Return the header fields of a stored response, as they leave if no hook changes them."""
        not_stored = NOT_STORED | {
            name.strip().lower()
            for line in headers.getlist("Connection")
            for name in line.split(",")
        }
        complete = Response()
        complete.headers = Headers(
            [(name, value) for name, value in headers if name.lower() not in not_stored]
        )
        if status != 204:
            complete.headers["Content-Length"] = str(length)
        if status == 200:
            complete.headers["Accept-Ranges"] = "bytes"
        if mark.policy.vary:
            complete.vary.update(mark.policy.vary)
        if status in CACHEABLE:
            share(self._settings, self._log, app, mark, complete, public=self._scope.public)
        return list(complete.headers)


def _is_storable(view: ViewResponse, response: Response) -> bool:
    """Return whether a response is a complete one of the view, with a status that is stored.

    A redirect or an error is stored if the view has returned it. One that it has raised may be the
    work of an error handler.
    """
    if response.status_code not in STORED or response.status_code != view.status:
        return False
    return view.succeeded or (response is view.response and is_stated(view, response))


def _state_of(response: Response) -> list[object]:
    body = tuple(response.response) if response.is_sequence else (response.response,)
    return [response.status_code, list(response.headers), *map(id, body)]


def _not_storable(log: Log, mark: Mark, reason: str) -> None:
    """Warn that a response can't be stored although its policy says ``store=True``."""
    name = mark.endpoint.name
    log.warn_once(
        ("not storable", name),
        "static_optimizer: a response of %r can't be stored, although its policy says store=True:"
        " %s. Change the view, or take store=True out.",
        name,
        reason,
    )
