"""The mark that a static request carries from the opening of its session to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flask import has_request_context, request

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from werkzeug.datastructures import Headers
    from werkzeug.sansio.response import Response as WerkzeugResponse

    from ..assets.representation import Representation
    from ..config.policy import CachePolicy
    from .static_endpoint import StaticEndpoint

#: The attribute of the request object that holds the mark. The WSGI environ would not do, since an
#: app may pass it on to another app.
_MARK = "_static_optimizer_mark"
_MISSING = "_static_optimizer_missing"


class SessionUse:
    """A record of what the app did with the session and the cookies of a static request."""

    __slots__ = ("dropped", "looked", "opened", "read_by_view", "written")

    def __init__(self) -> None:
        #: Whether the app read the session, or wrote anything but ``_permanent`` into it, before
        #: the view had returned.
        self.looked = False
        self.written = False
        #: What of the visitor the view itself read, as the log names it.
        self.read_by_view: tuple[str, ...] = ()
        #: The keys that were written at any time.
        self.dropped: frozenset[str] = frozenset()
        #: Whether the real session was opened.
        self.opened = False

    def note_read_by_view(self, thing: str) -> None:
        """Note that the static view itself, and no hook, read something of the visitor."""
        if thing not in self.read_by_view:
            self.read_by_view += (thing,)


class ViewResponse:
    """A record of the response that the static view made, before other hooks saw it."""

    __slots__ = (
        "body",
        "cache_control",
        "conditions",
        "etag",
        "raised",
        "representation",
        "request_headers",
        "response",
        "runs",
        "sent",
        "stated",
        "status",
        "succeeded",
        "validator",
    )

    def __init__(self) -> None:
        #: The object that the static view returned, and whether it became the response and has a
        #: status of success.
        self.response: Response | None = None
        self.succeeded = False
        #: Whether the view is running now.
        self.runs = False
        #: The conditions that it is to see in place of the request's own, as an environ has them.
        self.conditions: dict[str, str] = {}
        #: The response of the exception with which the view ended, if it has one.
        self.raised: WerkzeugResponse | None = None
        #: The response, if it is no success and the view itself said how long it holds.
        self.stated: Response | None = None
        #: The status, header fields and body of the response as the hooks got it.
        self.status: int | None = None
        self.etag: str | None = None
        self.cache_control: str | None = None
        self.body: object = None
        #: The ``ETag`` that the policy's ``etag`` function returned, ``""`` if there is to be none.
        self.validator: str | None = None
        #: The header fields, if they are to be sent as they are.
        self.sent: list[tuple[str, str]] | None = None
        #: The representation of a file that was chosen for the request. While hooks run, its
        #: response has the plain bytes.
        self.representation: Representation | None = None
        #: The request's own header fields, while hooks see others.
        self.request_headers: Headers | None = None


def saved_bytes(view: ViewResponse, *, unmodified: bool) -> int:
    """Return the bytes of a static view's response that did not have to be sent.

    :param view: the record of the response.
    :param unmodified: whether the answer is a 304.
    """
    if view.representation is not None:
        return view.representation.saved(unmodified=unmodified)
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

    __slots__ = ("cookies_dropped", "endpoint", "policy", "protected", "run", "session", "view")

    def __init__(self, endpoint: StaticEndpoint, policy: CachePolicy, *, protected: bool) -> None:
        self.endpoint = endpoint
        self.policy = policy
        #: Whether the real session may be read while the request is served.
        self.protected = protected
        self.session = SessionUse()
        self.view = ViewResponse()
        #: The number of cookies that were removed from the response.
        self.cookies_dropped = 0
        #: The run of the view, if its response may be stored.
        self.run: ViewRun | None = None

    def __repr__(self) -> str:
        mode = "protected" if self.protected else "isolated"
        return f"<Mark {self.endpoint.name} {mode}>"


def set_mark(request: Request, mark: Mark) -> None:
    """Attach a mark to a request."""
    setattr(request, _MARK, mark)


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
    return getattr(request, _MARK, None)


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
