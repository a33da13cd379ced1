"""The URL adapter of a request whose match is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import MapAdapter

from .known_requests import KnownRequests, mark_later

if TYPE_CHECKING:
    from flask import Request

    from .known import Known, Match

#: The key of an environ by which the lane hands on what it knows of a request. It is taken out
#: before any code of the app can see it.
_KNOWN = "static_optimizer.known"


class KnownAdapter(MapAdapter):
    """A URL adapter whose request matches what an earlier one has matched.

    It is bound to the request when more is asked of it, such as to build a URL.
    """

    def __init__(self, known: Match, bind: Callable[[], MapAdapter | None]) -> None:
        self._known = known
        self._bind = bind

    def match(self, *args: Any, return_rule: Any = False, **kwargs: Any) -> Any:
        """Return the known match, or match what is given."""
        if args or kwargs:
            kwargs["return_rule"] = return_rule
            return super().match(*args, **kwargs)
        rule, view_args = self._known[:2]
        # Whoever gets the arguments may change them.
        return (rule if return_rule else rule.endpoint), dict(view_args)

    def __getattr__(self, name: str) -> Any:
        bind = vars(self).get("_bind")
        bound = None if bind is None else bind()
        if bound is None or name not in vars(bound):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        vars(self).update(vars(bound))
        return vars(self)[name]


def hand_on(match: Match, known: Known | None, environ: dict[str, Any]) -> None:
    """Hand on what is known of a request to the app's ``create_url_adapter``.

    The request is marked as one whose steps the lane takes in Flask's place.
    """
    environ[_KNOWN] = match, known


def adapt_known_requests(app: Flask, requests: KnownRequests) -> None:
    """Let requests of an app be matched by the memory of its requests.

    The function takes the place of ``app.create_url_adapter``, which Flask calls for each request.
    """
    if not requests.begin(app):
        return
    kind, paths = type(app), requests.matches
    knows_trust = "TRUSTED_HOSTS" in Flask.default_config  # from Flask 3.1 on

    def create_url_adapter(request: Request | None) -> MapAdapter | None:
        match: Match | None
        known: Known | None
        if request is None:
            return kind.create_url_adapter(app, request)
        environ = request.environ
        handed = environ.pop(_KNOWN, None)
        if handed is not None:
            match, known = handed
            mark_later(request, match, known, is_stepped=True)
        else:
            is_known = environ.get("PATH_INFO") in paths  # a page must not wait
            match = requests.match(environ) if is_known else None
            if match is None or request.trusted_hosts is not type(request).trusted_hosts:
                return kind.create_url_adapter(app, request)
            is_folder = match.endpoint.static_folder is not None
            known = requests.file(environ) if is_folder else None
            if known is not None or not is_folder:
                mark_later(request, match, known)
        if knows_trust and (trusted := app.config["TRUSTED_HOSTS"]) is not None:
            request.trusted_hosts = trusted
        return KnownAdapter(match, partial(kind.create_url_adapter, app, request))

    update_wrapper(create_url_adapter, kind.create_url_adapter)
    del create_url_adapter.__wrapped__  # type: ignore[attr-defined]
    app.create_url_adapter = create_url_adapter  # type: ignore[method-assign]
