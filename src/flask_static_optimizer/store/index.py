"""The index of one app's stored responses: look-up, storing and purging."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import keys
from .backends import Backend, MemoryBackend
from .breaker import CircuitBreaker
from .entry import Entry, Variants

#: The most variants of one URL that are kept.
MOST_VARIANTS = 32

#: Seconds for which the state of what can be purged is kept. If the backend loses a state earlier,
#: its entries become useless, while purged entries never become usable again.
_REMEMBERED = 30 * 24 * 3600

#: The most seconds for which a backend is asked to keep an entry.
_LONGEST = 365 * 24 * 3600


class Place(NamedTuple):
    """A place in the store for the response to a request, and what is there."""

    #: The key of the URL, and the key of the response to this request among its variants.
    key: str
    selected: str
    #: The header fields that responses vary by, in lower case, and the keys of all variants.
    varying: tuple[str, ...]
    variants: tuple[str, ...]
    #: The states of all that the response can be purged by, ``None`` where there is no state yet.
    generations: tuple[str | None, ...]
    entry: Entry | None


class Index:
    """The responses of one app in a backend.

    An endpoint, a tag and a path each have a state in the backend. An entry carries the states of
    all that it can be purged by, as they were before its response was made. Purging changes a
    state, for all processes at once, and so no entry has to be searched for.
    """

    def __init__(self, backend: Backend, breaker: CircuitBreaker) -> None:
        self._backend = backend
        self._breaker = breaker
        self._as_they_are = isinstance(backend, MemoryBackend)

    def find(self, key: str, purgeable: Sequence[str], environ: Mapping[str, Any]) -> Place | None:
        """Look up the response to a request; return ``None`` if the backend can't be called.

        :param key: the key of the URL.
        :param purgeable: the keys of all that the response can be purged by.
        :param environ: the WSGI environ of the request.
        """
        backend = self._backend
        found = self._breaker.read(lambda: backend.get_many(key, *purgeable))
        if found is None:
            if self._breaker.is_open:
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
        # The list need not have its key: of two variants that are stored at the same time, one may
        # be missing there.
        (data,) = self._breaker.read(lambda: backend.get_many(selected)) or (None,)
        entry = _alive(Entry.decode(data), generations)
        return Place(key, selected, variants.names, variants.keys, generations, entry)

    def begin(self, place: Place, purgeable: Sequence[str]) -> tuple[str, ...] | None:
        """Return the states of all that a response can be purged by, before it is made.

        :param place: the place of the response, as :meth:`find` returned it.
        :param purgeable: the keys of all that the response can be purged by.
        :returns: ``None`` if the backend keeps no state, so that it can't keep the response either.
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
        """Store a response, and return whether that was possible.

        :param varying: the names of the header fields that it varies by, in lower case.
        :param spare: the seconds to keep it after it may be used, so that it can be revalidated.
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
        # The list is written last. Where it is lost, its variants are made again.
        index = Variants(names, known).encode()
        return self._put(selected, data, seconds) and self._put(place.key, index, seconds)

    def forget(self, place: Place) -> None:
        """Delete the stored response to a request."""
        self._breaker.ask(lambda: self._backend.delete(place.selected), None)

    def purge(self, *purgeable: str) -> None:
        """Make all entries that can be purged by some keys useless.

        :raises Exception: whatever the backend raises, since the caller has to know of it.
        """
        for key in purgeable:
            if self._backend.set(key, secrets.token_bytes(8), timeout=_REMEMBERED) is False:
                raise ConnectionError("the backend of Flask-Caching did not take the purge")

    def try_to_purge(self, *purgeable: str) -> None:
        """Purge as :meth:`purge` does, and ignore a backend that fails."""
        self._breaker.ask(lambda: self.purge(*purgeable), None)

    def _first_state(self, key: str) -> Any:
        def begin() -> str | None:
            state = secrets.token_bytes(8)
            if self._backend.add(key, state, timeout=_REMEMBERED):
                return state.hex()
            found = self._breaker.read(lambda: self._backend.get_many(key))
            known = _state(found[0]) if found else None
            if known is None:  # the value there is not a state
                self._backend.set(key, state, timeout=_REMEMBERED)
            return known or state.hex()

        return begin

    def _one_by_one(self, *wanted: str) -> list[Any]:
        """Read keys one by one, where the value of one of them can't be read."""
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
    """Return an entry, or ``None`` if it was purged since it was made."""
    return entry if entry is not None and entry.head.generations == generations else None
