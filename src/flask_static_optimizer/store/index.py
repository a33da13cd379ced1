"""The stored responses of one app."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import keys
from .backends import Backend, MemoryBackend
from .breaker import CircuitBreaker
from .entry import Entry, Variants

#: Variants kept of one URL.
MOST_VARIANTS = 32

#: Seconds for which the state of what can be purged is kept. Should it be lost before, entries
#: become useless; never do old ones become useful again.
_REMEMBERED = 30 * 24 * 3600

#: Seconds for which a backend is asked to keep an entry at most.
_LONGEST = 365 * 24 * 3600


class Place(NamedTuple):
    """Where a request's response is, or would be, in the store."""

    #: The key of its URL, and that of what answers this very request.
    key: str
    selected: str
    #: What varies there, in lower case; and the variants that there are.
    varying: tuple[str, ...]
    variants: tuple[str, ...]
    #: The state of what it can be purged by, ``None`` where there is none.
    generations: tuple[str | None, ...]
    entry: Entry | None


class Index:
    """The responses of one app in a backend.

    Entries carry the state that all they can be purged by had before they were made. Purging
    changes that state, in one place for all processes, and nothing has to be looked for.
    """

    def __init__(self, backend: Backend, breaker: CircuitBreaker) -> None:
        self._backend = backend
        self._breaker = breaker
        self._as_they_are = isinstance(backend, MemoryBackend)

    def find(self, key: str, purgeable: Sequence[str], environ: Mapping[str, Any]) -> Place | None:
        """Where the response to a request is in the store; ``None`` if that can't be asked.

        :param key: of its URL.
        :param purgeable: the keys of what it can be purged by.
        """
        backend = self._backend
        found = self._breaker.read(lambda: backend.get_many(key, *purgeable))
        if found is None:
            if self._breaker.closed:
                return None
            found = self._one_by_one(key, *purgeable)
        first, *states = found
        generations = tuple(map(_state, states))
        entry = Entry.decode(first)
        if entry is not None:
            return Place(key, key, (), (), generations, _alive(entry, generations))
        variants = Variants.decode(first)
        if variants is None:
            return Place(key, key, (), (), generations, None)
        selected = keys.of_variant(key, variants.names, environ)
        # Whether or not it is among those known: of two that are stored at once, one may be not.
        (data,) = self._breaker.read(lambda: backend.get_many(selected)) or (None,)
        entry = _alive(Entry.decode(data), generations)
        return Place(key, selected, variants.names, variants.keys, generations, entry)

    def begin(self, place: Place, purgeable: Sequence[str]) -> tuple[str, ...] | None:
        """The state of what a response can be purged by, before it is made.

        ``None`` if that can't be kept, and so neither can the response.
        """
        states = []
        for key, known in zip(purgeable, place.generations, strict=True):
            state = known if known is not None else self._breaker.ask(self._first_state(key), None)
            if state is None:
                return None
            states.append(state)
        return tuple(states)

    def keep(
        self,
        place: Place,
        entry: Entry,
        varying: Iterable[str],
        environ: Mapping[str, Any],
        *,
        spare: int = 0,
    ) -> bool:
        """Store a response, and say whether that was possible.

        :param varying: names of the header fields that it varies by, in lower case.
        :param spare: seconds to keep it longer than it may be used, as it may be renewed then.
        """
        head = entry.head
        seconds = head.lifetime + max(head.while_revalidate, head.if_error, spare) + 1
        names = tuple(sorted({*place.varying, *varying}))
        data = entry if self._as_they_are else entry.encode()
        if not names:
            return self._put(place.key, data, seconds)
        selected = keys.of_variant(place.key, names, environ)
        known = place.variants if names == place.varying else ()
        known = (*(other for other in known if other != selected), selected)
        for surplus in known[:-MOST_VARIANTS]:
            self._breaker.ask(lambda key=surplus: self._backend.delete(key), None)  # type: ignore[misc]
        known = known[-MOST_VARIANTS:]
        # What leads to it comes last, and goes with it; other variants are then made again.
        index = Variants(names, known).encode()
        return self._put(selected, data, seconds) and self._put(place.key, index, seconds)

    def forget(self, place: Place) -> None:
        """Drop what is stored for a request."""
        self._breaker.ask(lambda: self._backend.delete(place.selected), None)

    def purge(self, *purgeable: str) -> None:
        """Make useless all that can be purged by some keys.

        :raises Exception: whatever the backend raises: who purges has to know.
        """
        for key in purgeable:
            if self._backend.set(key, secrets.token_bytes(8), timeout=_REMEMBERED) is False:
                raise ConnectionError("the backend of Flask-Caching did not take the purge")

    def try_to_purge(self, *purgeable: str) -> None:
        """Purge if that can be."""
        self._breaker.ask(lambda: self.purge(*purgeable), None)

    def _first_state(self, key: str) -> Any:
        def begin() -> str | None:
            state = secrets.token_bytes(8)
            if self._backend.add(key, state, timeout=_REMEMBERED):
                return state.hex()
            found = self._breaker.read(lambda: self._backend.get_many(key))
            known = _state(found[0]) if found else None
            if known is None:  # something else is there
                self._backend.set(key, state, timeout=_REMEMBERED)
            return known or state.hex()

        return begin

    def _one_by_one(self, *wanted: str) -> list[Any]:
        """The values of some keys, of which one holds nothing of ours."""
        found = []
        for key in wanted:
            values = self._breaker.read(lambda key=key: self._backend.get_many(key))  # type: ignore[misc]
            found.append(values[0] if values else None)
        return found

    def _put(self, key: str, data: Any, seconds: int) -> bool:
        timeout = min(seconds, _LONGEST)
        return self._breaker.ask(
            lambda: self._backend.set(key, data, timeout=timeout) is not False, False
        )


def _state(value: object) -> str | None:
    return value.hex() if isinstance(value, bytes) else None


def _alive(entry: Entry | None, generations: tuple[str | None, ...]) -> Entry | None:
    """An entry that nothing it can be purged by was purged since."""
    return entry if entry is not None and entry.head.generations == generations else None
