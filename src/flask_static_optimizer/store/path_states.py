"""The states of paths, each of which is there only while something is stored of its path."""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Sequence

from . import keys
from .backends import Backend
from .breaker import UNREADABLE, CircuitBreaker

#: Seconds for which a state is kept that no entry needs yet. A view that runs longer than that can
#: have its response stored only if something else is stored of its path.
RUN = 300

#: The random bytes of a state, and the time in seconds since the epoch until which it is kept.
_LAYOUT = struct.Struct(">8sd")

#: The most seconds for which a state is kept.
_LONGEST = 2 * 365 * 24 * 3600


class PathStates:
    """The states by which entries of one path are purged together, and no other path with it.

    An entry carries a state of its path. Purging a path deletes its states, so that a path of which
    nothing is stored needs no state, however many of them clients ask for or post to.

    A backend can't prolong a value without writing it, and writing would undo a purge of that
    moment. So a path has room for two states, which take turns: when one does not last as long as
    a new entry, the other is written, and older entries keep the one they have.
    """

    def __init__(self, backend: Backend, breaker: CircuitBreaker) -> None:
        self._backend = backend
        self._breaker = breaker

    def begin(self, path: str, known: Sequence[str | None]) -> tuple[str, bool] | None:
        """Return a state of a path before a response is made, and whether it was written for that.

        :param path: the key that the path is purged by.
        :param known: the states that the path has.
        :returns: ``None`` if the backend keeps no state.
        """
        lasting = max(filter(None, known), key=_until, default=None)
        if lasting is not None:
            return lasting, False
        return self._breaker.ask(lambda: self._first(keys.of_states(path)[0], RUN), None)

    def lasting(self, path: str, begun: str, seconds: int) -> str | None:
        """Return a state of a path that is kept for as long as an entry.

        :param path: the key that the path is purged by.
        :param begun: the state that the path had before the response was made.
        :param seconds: the seconds for which the entry is kept.
        :returns: ``None`` if the path was purged since, or the backend keeps no state.
        """
        if _until(begun) >= time.time() + seconds:
            return begun
        return self._breaker.ask(lambda: self._successor(path, begun, seconds), None)

    def forget(self, path: str) -> None:
        """Delete the state that was written for a response which is not stored after all."""
        self._breaker.ask(lambda: self._backend.delete(keys.of_states(path)[0]), None)

    def purge(self, path: str) -> None:
        """Purge a path.

        :raises Exception: whatever the backend raises.
        """
        first, second = slots = keys.of_states(path)
        try:
            before = self._backend.get_many(*slots)
        except UNREADABLE:
            before = [b"unreadable"]
        if not any(value is not None for value in before):
            return
        # A state that is deleted before its successor tells _successor() of the purge, and the two
        # may stand in either order. So one of them is deleted twice.
        for slot in (first, second, first):
            self._backend.delete(slot)
        try:
            after = self._backend.get_many(*slots)
        except UNREADABLE:
            return
        if any(value is not None and value in before for value in after):
            raise ConnectionError("the backend of Flask-Caching did not take the purge")

    def _first(self, slot: str, seconds: int) -> tuple[str, bool]:
        """Write a state where none is, or return the one that is there."""
        value = _new(seconds)
        if self._backend.add(slot, value, timeout=seconds):
            return value.hex(), True
        (kept,) = self._breaker.read(lambda: self._backend.get_many(slot)) or (None,)
        state = state_of(kept)
        if state is not None:
            return state, False
        self._backend.set(slot, value, timeout=seconds)  # the value there is not a state
        return value.hex(), True

    def _successor(self, path: str, begun: str, seconds: int) -> str | None:
        slots = keys.of_states(path)
        states = [state_of(value) for value in self._backend.get_many(*slots)]
        if begun not in states:
            return None
        own = states.index(begun)
        slot, state = slots[1 - own], states[1 - own]
        twice = min(2 * seconds, _LONGEST)
        if state is None:
            state, _ = self._first(slot, twice)
        elif _until(state) < time.time() + seconds:
            value = _new(twice)
            self._backend.set(slot, value, timeout=twice)
            state = value.hex()
        # If the path was purged since, that may have been before the successor was written.
        (kept,) = self._backend.get_many(slots[own])
        return state if state_of(kept) == begun else None


def state_of(value: object) -> str | None:
    """Return the state that a value of the backend is, or ``None`` for any other value."""
    return value.hex() if isinstance(value, bytes) and len(value) == _LAYOUT.size else None


def _new(seconds: int) -> bytes:
    return _LAYOUT.pack(secrets.token_bytes(8), time.time() + seconds)


def _until(state: str) -> float:
    until: float = _LAYOUT.unpack(bytes.fromhex(state))[1]
    return until
