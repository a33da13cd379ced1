"""The background thread, in which is done what would keep clients waiting."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock, Thread

#: The most things that wait to be done.
_MOST = 10_000


class Background:
    """A thread that does one thing after another, and that is there only while there is any.

    :param allowed: whether there may be a thread.
    """

    def __init__(self, *, allowed: bool) -> None:
        self._allowed = allowed
        self._waiting: dict[Hashable, Callable[[], None]] = {}
        self._thread: Thread | None = None
        self._lock = Lock()

    def later(self, what: Hashable, do: Callable[[], None]) -> bool:
        """Have something done, once if it waits already.

        :param what: a name for it.
        :param do: does it, and raises no error that anybody has to know.
        :returns: whether it will be done: not if there may be no thread, or if too much waits.
        """
        if not self._allowed:
            return False
        with self._lock:
            if len(self._waiting) >= _MOST:
                return False
            self._waiting[what] = do
            # A thread does not live on in a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="static_optimizer", daemon=True)
                self._thread.start()
        return True

    def _work(self) -> None:
        while True:
            with self._lock:
                what = next(iter(self._waiting), None)
                if what is None:
                    self._thread = None
                    return
                do = self._waiting.pop(what)
            do()
