"""Request collapsing: one request makes the response that others wait for (RFC 9211 §2.6)."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from threading import Event, Lock
from typing import NamedTuple

from ..config.bounded import Bounded
from . import keys
from .backends import Backend
from .breaker import CircuitBreaker

#: Seconds for which nobody waits for a key whose response could not be shared.
_UNCOLLAPSIBLE = 10.0

#: The most of these keys that are remembered.
_REMEMBERED = 1024

#: Seconds between two looks at whether another process has finished: at first, and at most.
_SOON, _LATE = 0.01, 0.1


class Role(Enum):
    """A role that a caller of :meth:`SingleFlight.join` gets."""

    #: The caller makes the response for all, and then calls :meth:`SingleFlight.finish`.
    LEADING = 1
    #: The caller makes the response for itself.
    ALONE = 2
    #: The caller has waited for another and looks into the store again.
    WAITED = 3


class _Run(NamedTuple):
    finished: Event
    #: The monotonic time after which the run counts as lost, if it has not finished.
    until: float


class SingleFlight:
    """A collapser of requests: one thread of one process makes the response of each key.

    :param backend: the backend where processes keep locks for each other. ``None``: there is only
        one process, or the backend has no locks.
    :param breaker: the circuit breaker of that backend.
    :param wait: the seconds to wait for another before making the response oneself; 0: never wait.
    """

    def __init__(self, backend: Backend | None, breaker: CircuitBreaker, wait: float) -> None:
        self._backend = backend
        self._breaker = breaker
        self._wait = wait
        self._lock = Lock()
        self._running: dict[str, _Run] = {}
        self._uncollapsible: Bounded[str, float] = Bounded(_REMEMBERED)

    def deadline(self) -> float:
        """Return the monotonic time until which a request that starts now waits at most."""
        return time.monotonic() + self._wait

    def join(self, key: str, until: float, is_over: Callable[[], bool]) -> Role:
        """Wait for the response that another makes, or take the lead and make it.

        :param key: the key of the URL.
        :param until: the time when waiting ends, as :meth:`deadline` returned it.
        :param is_over: called to ask whether the response is in the store by now.
        :returns: what the caller is to do.
        """
        if time.monotonic() >= until or self._is_uncollapsible(key):
            return Role.ALONE
        other = self._start(key)
        if other is not None:
            finished = other.finished.wait(min(until, other.until) - time.monotonic())
            return Role.WAITED if finished else Role.ALONE
        pause = _SOON
        while not self._lock_out_others(key):
            if time.monotonic() + pause > until:
                return Role.LEADING
            time.sleep(pause)
            pause = min(pause * 2, _LATE)
            if is_over():
                self._set_free(key)
                return Role.WAITED
        if is_over():  # another process finished just before
            self.finish(key, shared=True)
            return Role.WAITED
        return Role.LEADING

    def lead(self, key: str) -> bool:
        """Try to take the lead without waiting, and return whether that succeeded."""
        if self._is_uncollapsible(key) or self._start(key) is not None:
            return False
        if self._lock_out_others(key):
            return True
        self._set_free(key)
        return False

    def finish(self, key: str, *, shared: bool) -> None:
        """End the run of a key, so that those who wait go on. Repeating it changes nothing.

        :param key: the key of the URL.
        :param shared: whether the response can be shared. If not, nobody waits for this key for a
            while.
        """
        if not shared:
            self._uncollapsible[key] = time.monotonic() + _UNCOLLAPSIBLE
        if self._backend is not None:
            backend = self._backend
            self._breaker.ask(lambda: backend.delete(keys.of_lock(key)), None)
        self._set_free(key)

    def _start(self, key: str) -> _Run | None:
        """Take the lead among threads, or return the run of the thread that has it."""
        now = time.monotonic()
        with self._lock:
            run = self._running.get(key)
            if run is not None and now < run.until:
                return run
            self._running[key] = _Run(Event(), now + max(self._wait, 1))
            return None

    def _set_free(self, key: str) -> None:
        with self._lock:
            run = self._running.pop(key, None)
        if run is not None:
            run.finished.set()

    def _lock_out_others(self, key: str) -> bool:
        """Take the lead among processes. The lock expires in case this process dies."""
        if self._backend is None:
            return True
        backend, seconds = self._backend, int(self._wait) + 1
        return bool(
            self._breaker.ask(lambda: backend.add(keys.of_lock(key), b"1", timeout=seconds), True)
        )

    def _is_uncollapsible(self, key: str) -> bool:
        until = self._uncollapsible.get(key)
        if until is None:
            return False
        if until > time.monotonic():
            return True
        self._uncollapsible.pop(key)
        return False
