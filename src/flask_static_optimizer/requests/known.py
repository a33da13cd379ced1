"""The facts that are known of a static request before it is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ..assets.representation import Representation
    from ..config.policy import CachePolicy
    from .static_endpoint import StaticEndpoint


class Match(NamedTuple):
    """A URL match of a static request, with what follows from it. All threads share it."""

    #: The URL rule that matched, and its arguments, which nobody may change.
    rule: Rule
    view_args: Mapping[str, Any]
    endpoint: StaticEndpoint
    policy: CachePolicy
    #: Whether the real session may be read.
    protected: bool
    #: The view that answers. The app may put another in its place while it serves.
    view: Callable[..., Any]
    #: ``None`` for the app and the names of the rule's blueprints, as Flask orders their hooks.
    names: tuple[str | None, ...]


class Chosen:
    """A choice of the representation of a file that answers a request.

    :param representation: the representation that was chosen.
    :param plain: the same file without a coding, as the app's hooks see it.
    """

    __slots__ = ("plain", "representation")

    def __init__(self, representation: Representation, plain: Representation) -> None:
        self.representation = representation
        self.plain = plain


class Known(Chosen):
    """A choice that later requests like it share, and the URL match of these.

    All threads share it, so nothing of it is changed once it is made.

    :param match: the URL match.
    :param environ: the WSGI environ of the request.
    """

    __slots__ = ("accepts", "asset", "match", "max_age", "query")

    def __init__(
        self, app: Flask, match: Match, chosen: Chosen, environ: Mapping[str, Any]
    ) -> None:
        super().__init__(chosen.representation, chosen.plain)
        self.match = match
        self.asset = chosen.representation.asset
        #: What the app's configuration says of ages. Flask asks it for each request.
        self.max_age = app.config.get("SEND_FILE_MAX_AGE_DEFAULT")
        self.query = environ.get("QUERY_STRING")
        self.accepts = environ.get("HTTP_ACCEPT_ENCODING")

    def is_for(self, app: Flask, environ: Mapping[str, Any], view_args: Mapping[str, Any]) -> bool:
        """Return whether a request still asks for the same file of the same view.

        Hooks may have changed the request, and the app its view.
        """
        get, config = environ.get, app.config
        return (
            self.match.view_args == view_args
            and app.view_functions.get(self.match.endpoint.name) is self.match.view
            and get("HTTP_ACCEPT_ENCODING") == self.accepts
            and get("QUERY_STRING") == self.query
            and "HTTP_IF_RANGE" not in environ
            and config.get("SEND_FILE_MAX_AGE_DEFAULT") == self.max_age
            and not config["DEBUG"]
        )
