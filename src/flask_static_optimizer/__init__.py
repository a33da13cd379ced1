"""A Flask extension that keeps sessions out of static requests and sets their caching headers."""

from __future__ import annotations

from .config.decorator import cacheable_static
from .config.errors import ConfigurationError
from .extension import StaticOptimizer
from .monitoring.signals import cookies_dropped, session_writes_dropped, static_request_marked
from .requests.mark import is_static_request

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "StaticOptimizer",
    "cacheable_static",
    "cookies_dropped",
    "is_static_request",
    "session_writes_dropped",
    "static_request_marked",
]
