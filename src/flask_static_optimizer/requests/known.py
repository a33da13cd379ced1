"""The facts that are known of a static request before it is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

    from ..assets.representation import Representation
    from ..config.policy import CachePolicy
    from .static_endpoint import StaticEndpoint


class Known:
    """The URL match of a static request, and the representation of the file that it asked for.

    All threads share it, so nothing of it is changed once it is made, but for the pattern.

    :param rule: the URL rule that matched, if the match is known.
    :param view_args: its arguments. Nobody may change them.
    :param protected: whether the session may be read.
    :param representation: what was chosen for the request; ``None``: nothing that can be kept.
    :param plain: the same file without a coding, as the app's hooks see it.
    """

    __slots__ = (
        "accepts",
        "config",
        "endpoint",
        "pattern",
        "plain",
        "policy",
        "protected",
        "query",
        "representation",
        "rule",
        "view_args",
    )

    def __init__(
        self,
        app: Flask,
        rule: Any,
        endpoint: StaticEndpoint,
        policy: CachePolicy,
        view_args: Mapping[str, Any],
        environ: Mapping[str, Any],
        representation: Any,
        plain: Any,
        *,
        protected: bool,
    ) -> None:
        self.rule: Rule = rule
        self.endpoint = endpoint
        self.view_args = view_args
        self.policy = policy
        self.protected = protected
        self.representation: Representation = representation
        self.plain: Representation = plain
        #: The pattern of the response that hooks get, once there was one.
        self.pattern: Any = None
        #: What the app's configuration says of ages. Flask asks it for each request.
        self.config = _ages(app)
        self.query = environ.get("QUERY_STRING")
        self.accepts = environ.get("HTTP_ACCEPT_ENCODING")

    def is_for(self, app: Flask, environ: Mapping[str, Any], view_args: Mapping[str, Any]) -> bool:
        """Return whether a request still asks for the same file, as hooks may have changed it."""
        get = environ.get
        return (
            self.representation is not None
            and self.config == _ages(app)
            and self.view_args == view_args
            and get("HTTP_ACCEPT_ENCODING") == self.accepts
            and get("QUERY_STRING") == self.query
            and "HTTP_IF_RANGE" not in environ
        )


def _ages(app: Flask) -> tuple[bool, Any]:
    return app.debug, app.config.get("SEND_FILE_MAX_AGE_DEFAULT")
