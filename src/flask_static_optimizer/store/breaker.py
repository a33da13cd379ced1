"""Protection against a backend that is down or slow."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

#: Seconds for which a backend that failed or was too slow is not called again. The pause is longer
#: if the call took longer: it is then this many times the time of the call.
PAUSE = 5.0
_TIMES = 10

#: A call that takes more seconds than this is too slow, since running the view is faster.
SLOW = 1.0

#: The least seconds between two warnings.
INTERVAL = 60.0

#: Exceptions of a read from a backend that works, where the value was written by something else and
#: can't be unpickled or decompressed.
UNREADABLE = (
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
    :param failed: called after each call of the backend that failed or was too slow.
    """

    def __init__(
        self, warn: Callable[[str], None], failed: Callable[[], object] = lambda: None
    ) -> None:
        self._warn = warn
        self._failed = failed
        self._lock = Lock()
        self._open_until = float("-inf")
        self._said_at = float("-inf")
        #: Whether the last call failed. Then one caller at a time tries again.
        self._failing = False

    @property
    def is_open(self) -> bool:
        """Return whether the circuit is open, so that the backend is not called for now."""
        return self._failing

    def read(self, question: Callable[[], T]) -> T | None:
        """Read from the backend; return ``None`` if it fails or has values that can't be read."""
        if self._failing and not self._may_try():
            return None
        started = time.monotonic()
        try:
            answer = question()
        except UNREADABLE:
            answer = None
        except Exception as error:  # noqa: BLE001  # each backend has errors of its own
            self._open(f"{type(error).__name__}: {error}", time.monotonic() - started)
            return None
        self._answered(started)
        return answer

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """Call the backend, and return its answer, or ``otherwise`` if there is none."""
        if self._failing and not self._may_try():
            return otherwise
        return self.ask_anyway(question, otherwise)

    def ask_anyway(self, question: Callable[[], T], otherwise: T) -> T:
        """Call the backend as :meth:`ask` does, even while the circuit is open."""
        try:
            return self.insist(question)
        except Exception:  # noqa: BLE001  # each backend has errors of its own; the log has it
            return otherwise

    def insist(self, question: Callable[[], T]) -> T:
        """Call the backend even while the circuit is open, and return its answer.

        :raises Exception: whatever the backend raises.
        """
        started = time.monotonic()
        try:
            answer = question()
        except Exception as error:
            self._open(f"{type(error).__name__}: {error}", time.monotonic() - started)
            raise
        self._answered(started)
        return answer

    def _answered(self, started: float) -> None:
        took = time.monotonic() - started
        if took > SLOW:
            self._open(f"it took {took:.1f} s to answer", took)
        elif self._failing:
            self._failing = False

    def _may_try(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            self._open_until = now + PAUSE
            return True

    def _open(self, reason: str, took: float) -> None:
        self._failed()
        # The next attempt may take as long as this one did, so it should be rare.
        pause = min(max(PAUSE, _TIMES * took), INTERVAL)
        with self._lock:
            now = time.monotonic()
            self._failing = True
            self._open_until = now + pause
            if now - self._said_at < INTERVAL:
                return
            self._said_at = now
        self._warn(
            f"static_optimizer: the store of responses can't be used ({reason}), so views run for"
            f" each request. It is tried again in {pause:.0f} s; see to the backend of"
            " Flask-Caching, and give it a timeout of less than a second and no retries."
        )
