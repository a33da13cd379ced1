"""What else of an app Flask would run for a request, besides its view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
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
from ..requests.overrides import is_overridden

if TYPE_CHECKING:
    from blinker import NamedSignal

Hook = Callable[..., Any]

#: The signals of a request that goes well.
_SIGNALS: tuple[NamedSignal, ...] = (
    appcontext_pushed,
    request_started,
    static_request_marked,
    request_finished,
    request_tearing_down,
    appcontext_tearing_down,
    appcontext_popped,
)

#: What Flask's own methods do for each request, and what it makes for it.
_STEPS = (
    "wsgi_app",
    "request_context",
    "app_context",
    "create_url_adapter",
    "full_dispatch_request",
    "preprocess_request",
    "dispatch_request",
    "ensure_sync",
    "finalize_request",
    "make_response",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
    "request_class",
    "response_class",
    "app_ctx_globals_class",
)


def hooks(app: Flask, endpoint: str, own: Collection[Hook]) -> list[str]:
    """The names of the functions that Flask would call for a request to an endpoint.

    Flask takes no more of them once requests are served.

    :param own: functions that do not count, as they are the extension's.
    """
    return [_name(hook) for hook in _hooks(app, endpoint) if not any(hook is mine for mine in own)]


def replaced_steps(app: Flask) -> list[str]:
    """The names of Flask's own methods and classes that the app, or a tracer, has replaced.

    Of a ``wsgi_app`` that was assigned to the app it knows nothing.
    """
    return [
        f"{type(app).__name__}.{name}"
        for name in _STEPS
        if (name in vars(app) and name != "wsgi_app")
        or is_overridden(type(app), name, Flask, "flask")
    ]


def anybody_listens(app: Flask) -> bool:
    """Whether anybody is told of requests by a signal; that may change at any time."""
    for signal in _SIGNALS:  # noqa: SIM110 - each request asks, and a generator costs more
        if signal.receivers and any(signal.receivers_for(app)):
            return True
    return False


def listeners(app: Flask, is_own_receiver: Callable[[object], bool]) -> list[str]:
    """The names of the functions that are told of requests by a signal now.

    :param is_own_receiver: returns whether a receiver is the extension's, and does not count.
    """
    return [
        f"{_name(receiver)} ({signal.name})"
        for signal in _SIGNALS
        for receiver in signal.receivers_for(app)
        if not is_own_receiver(receiver)
    ]


def _hooks(app: Flask, endpoint: str) -> Iterator[Hook]:
    names: list[str | None] = [None]
    blueprint = endpoint.rpartition(".")[0]
    while blueprint:  # a nested one is named after its parents, whose hooks are called too
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


def _name(hook: Hook) -> str:
    module = getattr(hook, "__module__", None) or type(hook).__module__
    return f"{module}.{getattr(hook, '__qualname__', type(hook).__qualname__)}"
