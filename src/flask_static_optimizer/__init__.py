"""A Flask extension that keeps sessions out of static requests and sets their caching headers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config.decorator import cacheable_static
    from .config.errors import ConfigurationError
    from .extension import StaticOptimizer
    from .monitoring.signals import (
        cookies_dropped,
        responses_purged,
        session_writes_dropped,
        static_request_marked,
    )
    from .requests.mark import is_static_request

__version__ = "1.0.0"

__all__ = [
    "ConfigurationError",
    "StaticOptimizer",
    "cacheable_static",
    "cookies_dropped",
    "is_static_request",
    "responses_purged",
    "session_writes_dropped",
    "static_request_marked",
]

#: The module of each public name. It is imported when the name is first used, as each ``flask``
#: command imports this package for the entry point, also in apps that do not use it.
_MODULES = {
    "ConfigurationError": ".config.errors",
    "StaticOptimizer": ".extension",
    "cacheable_static": ".config.decorator",
    "cookies_dropped": ".monitoring.signals",
    "is_static_request": ".requests.mark",
    "responses_purged": ".monitoring.signals",
    "session_writes_dropped": ".monitoring.signals",
    "static_request_marked": ".monitoring.signals",
}


def __getattr__(name: str) -> Any:
    """Import a public name (PEP 562)."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(module, __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
