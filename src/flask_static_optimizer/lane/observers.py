"""The functions of an app that Flask would run for a request, besides its view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flask import (
    Flask,
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)

from ..monitoring.signals import static_request_marked
from ..requests.overrides import is_overridden, is_written_in

if TYPE_CHECKING:
    from blinker import NamedSignal

Hook = Callable[..., Any]

#: The key of an environ by which Flask's test client keeps the request context.
KEPT = "werkzeug.debug.preserve_context"

#: The top-level package of the extension.
_PACKAGE = __name__.partition(".")[0]

#: The signals that Flask and the extension send for a successful request.
_SIGNALS: tuple[NamedSignal, ...] = (
    appcontext_pushed,
    request_started,
    static_request_marked,
    request_finished,
    request_tearing_down,
    appcontext_tearing_down,
    appcontext_popped,
)

#: The methods that Flask calls for each request, and that the lane leaves out or does the work of
#: where it takes Flask's steps with the app's hooks; and the class of requests, which may change
#: what the lane has matched before.
TAKEN = (
    "wsgi_app",
    "request_context",
    "request_class",
    "app_context",
    "create_url_adapter",
    "full_dispatch_request",
    "dispatch_request",
    "ensure_sync",
    "finalize_request",
    "make_response",
)

#: Those that are used then, too.
_CALLED = (
    "preprocess_request",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
    "response_class",
    "app_ctx_globals_class",
)


def hooks(app: Flask, endpoint: str, own: Collection[Hook]) -> list[str]:
    """Return the names of the functions that Flask would call for a request to an endpoint.

    Flask accepts no more hooks once it has served a request.

    :param own: the hooks of the extension, which are left out.
    """
    return [
        _name(hook)
        for hook in _hooks(app, endpoint)
        if not any(hook is own_hook for own_hook in own)
    ]


def replaced_steps(app: Flask, steps: Sequence[str] = TAKEN + _CALLED) -> list[str]:
    """Return the names of Flask's own methods and classes that the app or a tracer replaced.

    A ``wsgi_app`` that was assigned to the app is a middleware, and left out.

    :param steps: the names that are looked at.
    """
    return [
        f"{type(app).__name__}.{name}"
        for name in steps
        if (name in vars(app) and name != "wsgi_app" and not _is_own(vars(app)[name]))
        or is_overridden(type(app), name, Flask, "flask")
    ]


def anybody_listens(app: Flask) -> bool:
    """Return whether a signal of requests has a receiver now; that may change at any time."""
    for signal in _SIGNALS:  # noqa: SIM110 - each request asks, and a generator costs more
        if signal.receivers and any(signal.receivers_for(app)):
            return True
    return False


def listeners(app: Flask) -> list[str]:
    """Return the names of the functions that receive a signal of requests now.

    Those of the extension are left out.
    """
    return [
        f"{_name(receiver)} ({signal.name})"
        for signal in _SIGNALS
        for receiver in signal.receivers_for(app)
        if not _is_own(receiver)
    ]


def _hooks(app: Flask, endpoint: str) -> Iterator[Hook]:
    names: list[str | None] = [None]
    blueprint = endpoint.rpartition(".")[0]
    # The name of a nested blueprint begins with those of its parents, whose hooks Flask calls, too.
    while blueprint:
        names.append(blueprint)
        blueprint = blueprint.rpartition(".")[0]
    for by_name in (
        app.url_value_preprocessors,
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
    ):
        for name in names:
            yield from by_name.get(name, ())
    yield from app.teardown_appcontext_funcs


def _is_own(thing: object) -> bool:
    return is_written_in(thing, _PACKAGE)


def _name(hook: Hook) -> str:
    module = getattr(hook, "__module__", None) or type(hook).__module__
    return f"{module}.{getattr(hook, '__qualname__', type(hook).__qualname__)}"
