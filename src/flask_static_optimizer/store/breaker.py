"""Asking a backend that may be down or slow."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

#: Seconds for which a backend that failed, or took too long, is not asked again at least; and how
#: many times the time that it took, if that is more.
PAUSE = 5.0
_TIMES = 10

#: Seconds that are too long for an answer: a view is made faster.
SLOW = 1.0

#: Seconds between two warnings.
INTERVAL = 60.0

#: What reading raises where a backend is well, but a value was put there by somebody else.
_UNREADABLE = (
    pickle.PickleError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


class CircuitBreaker:
    """A circuit breaker, which lets a backend fail without a request failing.

    :param warn: called with a message that an operator should read.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._lock = Lock()
        self._closed_until = float("-inf")
        self._said_at = float("-inf")
        #: Whether the backend failed the last time; then one at a time tries again.
        self._failing = False

    @property
    def closed(self) -> bool:
        """Whether the backend is left alone for now."""
        return self._failing

    def read(self, question: Callable[[], T]) -> T | None:
        """What is in the backend, ``None`` if it can't be had or is nothing of ours."""

        def readable() -> T | None:
            try:
                return question()
            except _UNREADABLE:
                return None

        return self.ask(readable, None)

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The answer of the backend, or another if there is none to be had."""
        if self._failing and not self._may_try():
            return otherwise
        started = time.monotonic()
        try:
            answer = question()
        except Exception as error:  # noqa: BLE001  # each backend has errors of its own
            self._close(f"{type(error).__name__}: {error}", time.monotonic() - started)
            return otherwise
        took = time.monotonic() - started
        if took > SLOW:
            self._close(f"it took {took:.1f} s to answer", took)
        elif self._failing:
            self._failing = False
        return answer

    def _may_try(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now < self._closed_until:
                return False
            self._closed_until = now + PAUSE
            return True

    def _close(self, reason: str, took: float) -> None:
        # Who tries again may wait as long as this one did: that is to be rare.
        pause = min(max(PAUSE, _TIMES * took), INTERVAL)
        with self._lock:
            now = time.monotonic()
            self._failing = True
            self._closed_until = now + pause
            if now - self._said_at < INTERVAL:
                return
            self._said_at = now
        self._warn(
            f"static_optimizer: the store of responses can't be used ({reason}), so views run for"
            f" each request. It is tried again in {pause:.0f} s; see to the backend of"
            " Flask-Caching, and give it a timeout of less than a second and no retries."
        )
