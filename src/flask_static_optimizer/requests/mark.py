"""The mark that a static request carries from its first moment to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flask import has_request_context, request

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from ..assets.representation import Representation
    from ..config.policy import CachePolicy
    from .endpoints import StaticEndpoint

#: The request object carries its mark, and not the environ: an app may forward that.
_MARK = "_static_optimizer_mark"


class SessionUse:
    """A record of what a static request asked of its session."""

    __slots__ = ("dropped", "looked", "opened", "written")

    def __init__(self) -> None:
        #: Whether anybody read it, or wrote anything but ``_permanent`` into it, before the view
        #: had returned.
        self.looked = False
        self.written = False
        #: The keys that were written at any time.
        self.dropped: frozenset[str] = frozenset()
        #: Whether the real session was opened.
        self.opened = False


class ViewResponse:
    """A record of the response that the static view made, before other hooks saw it."""

    __slots__ = (
        "body",
        "cache_control",
        "etag",
        "representation",
        "response",
        "sent",
        "status",
        "succeeded",
        "validator",
    )

    def __init__(self) -> None:
        #: The object that the static view returned, and whether that, with success, became the
        #: response.
        self.response: Response | None = None
        self.succeeded = False
        #: Of the response as the hooks got it.
        self.status: int | None = None
        self.etag: str | None = None
        self.cache_control: str | None = None
        self.body: object = None
        #: The ``ETag`` that the policy knows of, ``""`` if there is to be none.
        self.validator: str | None = None
        #: The header fields, if nothing is to be added to them.
        self.sent: list[tuple[str, str]] | None = None
        #: The representation of a file that was chosen.
        self.representation: Representation | None = None


def saved_bytes(view: ViewResponse, *, unmodified: bool) -> int:
    """Return the bytes of what a static view made that were not sent.

    :param unmodified: whether the answer is a 304.
    """
    if view.representation is not None:
        return view.representation.saved(unmodified=unmodified)
    body = view.body if unmodified and isinstance(view.body, tuple) else ()
    return sum(len(part) for part in body if isinstance(part, (bytes, str)))


class ViewRun(Protocol):
    """A run of a view that is told what became of its response."""

    def described(self, mark: Mark, response: Response) -> None:
        """Take the response as the view made it, before any hook can change it."""

    def end(self, app: Flask, mark: Mark, request: Request, response: Response) -> None:
        """Take the response as all hooks have left it."""


class Mark:
    """A static request: its endpoint and policy, and what happened to it."""

    __slots__ = ("cookies_dropped", "endpoint", "policy", "protected", "run", "session", "view")

    def __init__(self, endpoint: StaticEndpoint, policy: CachePolicy, *, protected: bool) -> None:
        self.endpoint = endpoint
        self.policy = policy
        #: Whether the real session may be read while the request is served.
        self.protected = protected
        self.session = SessionUse()
        self.view = ViewResponse()
        #: How many cookies were taken off the response.
        self.cookies_dropped = 0
        #: The run of the view, where its response may be for others, too.
        self.run: ViewRun | None = None

    def __repr__(self) -> str:
        mode = "protected" if self.protected else "isolated"
        return f"<Mark {self.endpoint.name} {mode}>"


def set_mark(request: Request, mark: Mark) -> None:
    """Let a request carry a mark."""
    setattr(request, _MARK, mark)


def mark_of(request: Request) -> Mark | None:
    """Return the mark of a request, if it is static."""
    return getattr(request, _MARK, None)


def current_mark() -> Mark | None:
    """Return the mark of the current request, if there is one and it is static."""
    return mark_of(request) if has_request_context() else None


def is_static_request() -> bool:
    """Return whether the current request is for something static, so that a hook can step aside.

    True for GET, HEAD and OPTIONS (safe methods that ask for a representation or about it,
    RFC 9110 §9.2.1) on the app's and its blueprints' static folders, views with
    :func:`~flask_static_optimizer.cacheable_static` and endpoints named in
    ``STATIC_OPTIMIZER_RULES``; in every hook of the request, from ``request_started`` to
    teardown. False outside a request and where the extension is not installed.
    """
    return current_mark() is not None
