"""Letting one of many make what all are waiting for."""

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

#: Seconds for which a key that led to nothing to share is not waited for.
_UNCOLLAPSIBLE = 10.0

#: Such keys remembered.
_REMEMBERED = 1024

#: Seconds between two looks at what another process is making: at first, and at most.
_SOON, _LATE = 0.01, 0.1


class Role(Enum):
    """What is left to do for whoever asked."""

    #: To make it for all, and say so with :meth:`SingleFlight.finish`.
    LEADING = 1
    #: To make it for oneself.
    ALONE = 2
    #: To look again, as another was waited for.
    WAITED = 3


class _Run(NamedTuple):
    finished: Event
    #: When it counts as lost, should nobody say that it has finished.
    until: float


class SingleFlight:
    """Who makes what, at most one for each key, among threads and among processes.

    :param backend: where processes leave locks for each other; ``None``: there is one process.
    :param wait: seconds to wait for another before doing it oneself; 0: never wait.
    """

    def __init__(self, backend: Backend | None, breaker: CircuitBreaker, wait: float) -> None:
        self._backend = backend
        self._breaker = breaker
        self._wait = wait
        self._lock = Lock()
        self._running: dict[str, _Run] = {}
        self._uncollapsible: Bounded[str, float] = Bounded(_REMEMBERED)

    def deadline(self) -> float:
        """Until when, on the monotonic clock, one who starts now waits at most."""
        return time.monotonic() + self._wait

    def join(self, key: str, until: float, is_over: Callable[[], bool]) -> Role:
        """Wait for what another makes, or be told to make it.

        :param until: when waiting ends, as :meth:`deadline` said.
        :param is_over: whether there is no need for it any more.
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
        if is_over():  # somebody finished just before
            self.finish(key, shared=True)
            return Role.WAITED
        return Role.LEADING

    def lead(self, key: str) -> bool:
        """Take the lead without waiting; whether that is wanted and was free."""
        if self._is_uncollapsible(key) or self._start(key) is not None:
            return False
        if self._lock_out_others(key):
            return True
        self._set_free(key)
        return False

    def finish(self, key: str, *, shared: bool) -> None:
        """Let the others go on. Doing it again changes nothing.

        :param shared: whether there is something for all; if not, they don't wait the next time.
        """
        if not shared:
            self._uncollapsible[key] = time.monotonic() + _UNCOLLAPSIBLE
        if self._backend is not None:
            backend = self._backend
            self._breaker.ask(lambda: backend.delete(keys.of_lock(key)), None)
        self._set_free(key)

    def _start(self, key: str) -> _Run | None:
        """Take the lead among threads, or get the flight of the one who has it."""
        now = time.monotonic()
        with self._lock:
            flight = self._running.get(key)
            if flight is not None and now < flight.until:
                return flight
            self._running[key] = _Run(Event(), now + max(self._wait, 1))
            return None

    def _set_free(self, key: str) -> None:
        with self._lock:
            flight = self._running.pop(key, None)
        if flight is not None:
            flight.finished.set()

    def _lock_out_others(self, key: str) -> bool:
        """Take the lead among processes. A lock of one that died is gone after a while."""
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
