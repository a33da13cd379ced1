"""Purges that could not be sent to the backend, and are remembered until they can."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from threading import Lock, Timer
from weakref import ref

from .breaker import CircuitBreaker

#: The most keys that are remembered. Beyond that everything is purged.
MOST = 1024

#: Seconds between two attempts of a thread to send what is remembered: at first, and at most.
_SOON, _LATE = 0.2, 5.0


class Purges:
    """A sender of purges, none of which is lost while its process lives.

    :param send: purges by one key, and raises what the backend raises.
    :param breaker: the circuit breaker of that backend.
    :param everything: the key by which everything is purged.
    :param warn: called with a message that an operator should read.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        breaker: CircuitBreaker,
        everything: str,
        warn: Callable[[str], None],
    ) -> None:
        self._send = send
        self._breaker = breaker
        self._everything = everything
        self._warn = warn
        self._lock = Lock()
        self._numbers = count()
        #: The keys that could not be sent, each with a number that tells when it was last tried.
        self._waiting: dict[str, int] = {}
        self._timer: Timer | None = None

    def purge(self, *names: str) -> None:
        """Purge by some keys at once, even while the circuit is open.

        :raises Exception: whatever the backend raises. The purge is remembered then.
        """
        try:
            self._breaker.insist(lambda: self._send_all(names))
        except Exception as error:
            self._remember(names, error)
            raise
        self.catch_up(insist=True)

    def catch_up(self, *, insist: bool = False) -> bool:
        """Send what is remembered, and return whether nothing is left. It costs nothing if so.

        :param insist: whether to try even while the circuit is open.
        """
        if not self._waiting:
            return True
        with self._lock:
            waiting = dict(self._waiting)
        ask = self._breaker.ask_anyway if insist else self._breaker.ask
        sent = ask(lambda: self._send_all(tuple(waiting)), False)
        with self._lock:
            for name, number in waiting.items() if sent else ():
                if self._waiting.get(name) == number:
                    del self._waiting[name]
            return not self._waiting

    def _send_all(self, names: tuple[str, ...]) -> bool:
        for name in names:
            self._send(name)
        return True

    def _remember(self, names: tuple[str, ...], error: Exception) -> None:
        with self._lock:
            is_new = not self._waiting
            for name in names:
                self._waiting[name] = next(self._numbers)
            if len(self._waiting) > MOST:
                self._waiting = {self._everything: next(self._numbers)}
        self._try_later(_SOON)
        if is_new:
            self._warn(
                "static_optimizer: a purge of stored responses could not be sent"
                f" ({type(error).__name__}: {error}). It is remembered, and sent before this"
                " process reads the store again; until then others may send what is out of date."
                " See to the backend of Flask-Caching. If this process ends before, run 'flask"
                " static purge'."
            )

    def _try_later(self, pause: float) -> None:
        """Start a thread that tries again, as this process may get no request for long."""

        get_self = ref(self)  # It ends when the app is dropped.

        def again() -> None:
            purges = get_self()
            if purges is None:
                return
            with purges._lock:
                purges._timer = None
            if not purges.catch_up(insist=True):
                purges._try_later(min(2 * pause, _LATE))

        with self._lock:
            if self._timer is not None and self._timer.is_alive():  # not so after a fork
                return
            self._timer = timer = Timer(pause, again)
            timer.name = "static-optimizer-purge"
            timer.daemon = True
            with suppress(RuntimeError):  # The interpreter is shutting down.
                timer.start()
