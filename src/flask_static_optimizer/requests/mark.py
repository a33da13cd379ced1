"""The mark that a static request carries from the opening of its session to its end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from flask import has_request_context, request

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from werkzeug.datastructures import Headers
    from werkzeug.sansio.response import Response as WerkzeugResponse

    from ..assets.representation import Representation
    from ..config.policy import CachePolicy
    from ..store.hit import Hit
    from .known import Known, Match
    from .parameters import Reads
    from .static_endpoint import StaticEndpoint

#: The attribute of the request object that holds the mark. The WSGI environ would not do, since an
#: app may pass it on to another app.
MARK = "_static_optimizer_mark"
_MISSING = "_static_optimizer_missing"


class SessionUse:
    """A record of what the app did with the session and the cookies of a static request."""

    #: Whether the app read the session, or wrote anything but ``_permanent`` into it, before
    #: the view had returned.
    looked = False
    written = False
    #: What of the visitor the view itself read, as the log names it.
    read_by_view: tuple[str, ...] = ()
    #: The keys that were written at any time.
    dropped: frozenset[str] = frozenset()
    #: Whether the real session was opened.
    opened = False

    def note_read_by_view(self, thing: str) -> None:
        """Note that the static view itself, and no hook, read something of the visitor."""
        if thing not in self.read_by_view:
            self.read_by_view += (thing,)


class ViewResponse:
    """A record of the response that the static view made, before other hooks saw it."""

    #: The object that the static view returned, and whether it became the response and has a
    #: status of success.
    response: Response | None = None
    succeeded = False
    #: Whether the view is running now.
    runs = False
    #: The conditions that it is to see in place of the request's own, as an environ has them.
    conditions: Mapping[str, str] = MappingProxyType({})
    #: Whether the policy's ``unless`` exempts the response from caching.
    exempt = False
    #: The response of the exception with which the view ended, if it has one.
    raised: WerkzeugResponse | None = None
    #: The response, if it is no success and the view itself said how long it holds.
    stated: Response | None = None
    #: The pattern that the response was made by, if it was.
    pattern: Any = None
    #: The status, header fields and body of the response as the hooks got it.
    status: int | None = None
    etag: str | None = None
    cache_control: str | None = None
    body: object = None
    #: The ``ETag`` that the policy's ``etag`` function returned, ``""`` if there is to be none.
    validator: str | None = None
    #: The header fields, if they are to be sent as they are. They are not to be changed.
    sent: list[tuple[str, str]] | None = None
    #: The representation of a file that was chosen for the request. While hooks run, its
    #: response has the plain bytes.
    representation: Representation | None = None
    #: The stored response that answers the request. Hooks get the whole of it, too.
    hit: Hit | None = None
    #: The request's own header fields, while hooks see others.
    request_headers: Headers | None = None


def saved_bytes(view: ViewResponse, unmodified: bool) -> int:
    """Return the bytes of a static view's response that did not have to be sent.

    :param view: the record of the response.
    :param unmodified: whether the answer is a 304.
    """
    chosen = view.representation or view.hit
    if chosen is not None:
        return chosen.saved_by_304 if unmodified else chosen.saved_by_coding
    body = view.body if unmodified and isinstance(view.body, tuple) else ()
    return sum(len(part) for part in body if isinstance(part, (bytes, str)))


class ViewRun(Protocol):
    """A run of a view whose response may be stored, and which is called when hooks have run."""

    def described(self, mark: Mark, response: Response) -> None:
        """Take the response as the view made it, before any hook can change it."""

    def end(self, app: Flask, mark: Mark, request: Request, response: Response) -> None:
        """Take the response after all hooks have run."""


class Mark:
    """A mark of a static request, with its endpoint, its policy and what happened to it."""

    #: The number of cookies that were removed from the response.
    cookies_dropped = 0
    #: The run of the view, if its response may be stored.
    run: ViewRun | None = None
    #: What earlier requests have shown of this one: its URL match, and the file that it asks for.
    match: Match | None = None
    known: Known | None = None
    #: Whether the lane takes the steps of the request in Flask's place.
    is_stepped = False
    #: Whether it refreshes a stored response, so that its own response goes to nobody.
    is_refresh = False
    #: What hooks have read of the URL's parameters, where only some of them count.
    reads: Reads | None = None
    #: Whether the view has returned, or something in its place. The session opens no more then.
    has_returned = False

    def __init__(
        self,
        endpoint: StaticEndpoint,
        policy: CachePolicy,
        view_args: Mapping[str, Any],
        protected: bool,
    ) -> None:
        self.endpoint = endpoint
        self.policy = policy
        #: The arguments of the URL match. Hooks may change those of the request.
        self.view_args = view_args
        #: Whether the real session may be read while the request is served.
        self.protected = protected
        self.session = SessionUse()
        self.view = ViewResponse()

    @property
    def coding(self) -> str | None:
        """The content coding of the file that was chosen, if one was."""
        chosen = self.view.representation
        return None if chosen is None else chosen.coding

    def __repr__(self) -> str:
        mode = "protected" if self.protected else "isolated"
        return f"<Mark {self.endpoint.name} {mode}>"


def set_mark(request: Request, mark: Mark) -> None:
    """Attach a mark to a request."""
    setattr(request, MARK, mark)


def watch_parameters(request: Request, mark: Mark) -> None:
    """Note what hooks read of the URL's parameters, where the response depends on some only."""
    if mark.policy.has_key:
        from .parameters import Reads, watch  # few apps need it

        mark.reads = Reads()
        watch(request, mark.reads)


def set_missing(request: Request) -> None:
    """Note that a request asks a static folder for a file that is not there."""
    setattr(request, _MISSING, True)


def is_missing(request: Request) -> bool:
    """Return whether a request asks a static folder for a file that is not there.

    It is an ordinary request of the app, but its error is not to be kept.
    """
    return getattr(request, _MISSING, False)


def mark_of(request: Request) -> Mark | None:
    """Return the mark of a request, if it is static."""
    return getattr(request, MARK, None)


def current_mark() -> Mark | None:
    """Return the mark of the current request, if there is one and it is static."""
    return mark_of(request) if has_request_context() else None


def is_static_request() -> bool:
    """Return whether the current request is for something static.

    A hook that is meant for pages can return early then. Static are GET, HEAD and OPTIONS (safe
    methods that ask for a representation or about it, RFC 9110 §9.2.1) on the static folders of the
    app and its blueprints, on views with :func:`~flask_static_optimizer.cacheable_static` and on
    endpoints named in ``STATIC_OPTIMIZER_RULES``. The answer is the same in every hook of the
    request, from ``request_started`` to teardown.

    :returns: ``False`` outside a request and where the extension is not installed.
    """
    return current_mark() is not None
