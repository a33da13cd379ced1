"""The index of one app's stored responses: look-up, storing and purging."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from . import keys
from .backends import Backend, MemoryBackend
from .breaker import CircuitBreaker
from .entry import MOST_VARIANTS, Entry, Variants
from .layout import decode, decode_variants, encode, encode_variants
from .path_states import PathStates, state_of
from .purges import Purges
from .rules import usable_fresh

#: The bytes of a state.
_STATE = 8

#: Seconds for which the state of what can be purged is kept. If the backend loses a state earlier,
#: its entries become useless, while purged entries never become usable again.
_REMEMBERED = 30 * 24 * 3600

#: The most seconds for which a backend is asked to keep an entry.
_LONGEST = 365 * 24 * 3600


class Purgeable(NamedTuple):
    """The keys of all that a response can be purged by."""

    #: The keys of the states of its endpoint, its tags and everything.
    names: tuple[str, ...]
    #: The key that its path is purged by.
    path: str


class Place(NamedTuple):
    """A place in the store for the response to a request, and what is there."""

    purgeable: Purgeable

    #: The key of the URL, and the key of the response to this request among its variants.
    key: str
    selected: str
    #: The header fields that responses vary by, in lower case, and the keys of all variants.
    varying: tuple[str, ...]
    variants: tuple[str, ...]
    #: What the backend has for the states of the names, and for both of the path.
    of_names: tuple[Any, ...]
    of_path: tuple[Any, ...]
    entry: Entry | None

    def why_forwarded(self, now: float) -> str:
        """Return the reason why the view has to run, as a value of ``fwd`` (RFC 9211 §2.2).

        :param now: the time in seconds since the epoch.
        """
        if self.entry is not None:
            return "request" if usable_fresh(self.entry.head, now) else "stale"
        return "vary-miss" if self.varying else "uri-miss"


class Begun(NamedTuple):
    """The states of all that a response can be purged by, from before it is made."""

    #: The states of the names, and one of the path, which is the last.
    states: tuple[str, ...]
    #: Whether the state of the path was written for this response.
    is_first: bool


class Index:
    """The responses of one app in a backend.

    An endpoint, a tag and a path each have a state in the backend. An entry carries the states of
    all that it can be purged by, as they were before its response was made. Purging changes a
    state, for all processes at once, and so no entry has to be searched for.

    :param everything: the key by which everything is purged.
    :param warn: called with a message that an operator should read.
    """

    def __init__(
        self,
        backend: Backend,
        breaker: CircuitBreaker,
        everything: str,
        warn: Callable[[str], None],
    ) -> None:
        self._backend = backend
        self._breaker = breaker
        self._paths = PathStates(backend, breaker)
        self._purges = Purges(self._purge, breaker, everything, warn)
        #: Make all entries that can be purged by some keys useless. It raises what the backend
        #: raises, since the caller has to know of it.
        self.purge = self._purges.purge
        self._as_they_are = isinstance(backend, MemoryBackend)

    def find(self, key: str, purgeable: Purgeable, environ: Mapping[str, Any]) -> Place | None:
        """Look up the response to a request; return ``None`` if the backend can't be called.

        What could not be purged before is purged first.

        :param key: the key of the URL.
        :param purgeable: the keys of all that the response can be purged by.
        :param environ: the WSGI environ of the request.
        """
        backend = self._backend
        if not self._purges.catch_up():
            return None
        wanted = (key, *purgeable.names, *keys.of_states(purgeable.path))
        found = self._breaker.read(lambda: backend.get_many(*wanted))
        if found is None:
            if self._breaker.is_open:
                return None
            found = self._one_by_one(*wanted)
        first = found[0]
        states, of_path = tuple(found[1:-2]), tuple(found[-2:])
        entry = decode(first)
        if entry is not None:
            alive = _alive(entry, states, of_path)
            return Place(purgeable, key, key, (), (), states, of_path, alive)
        variants = decode_variants(first, key)
        if variants is None:
            return Place(purgeable, key, key, (), (), states, of_path, None)
        selected = keys.of_variant(key, variants.names, environ)
        # The list need not have its key: of two variants that are stored at the same time, one may
        # be missing there.
        (data,) = self._breaker.read(lambda: backend.get_many(selected)) or (None,)
        entry = _alive(decode(data), states, of_path)
        names, known = variants
        return Place(purgeable, key, selected, names, known, states, of_path, entry)

    def begin(self, place: Place) -> Begun | None:
        """Return the states of all that a response can be purged by, before it is made.

        :param place: the place of the response, as :meth:`find` returned it.
        :returns: ``None`` if the backend keeps no state, so that it can't keep the response either.
        """
        states = []
        for key, value in zip(place.purgeable.names, place.of_names, strict=True):
            known = _state(value)
            state = known if known is not None else self._breaker.ask(self._first_state(key), None)
            if state is None:
                return None
            states.append(state)
        path = self._paths.begin(place.purgeable.path, tuple(map(state_of, place.of_path)))
        return None if path is None else Begun((*states, path[0]), path[1])

    def give_up(self, place: Place, begun: Begun) -> None:
        """Delete what :meth:`begin` wrote for a response that is not stored after all."""
        if begun.is_first:
            self._paths.forget(place.purgeable.path)

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
        *states, path = head.generations
        lasting = self._paths.lasting(place.purgeable.path, path, min(seconds, _LONGEST))
        if lasting is None:
            return False
        if lasting != path:
            entry = Entry(head.purged_by((*states, lasting)), entry.body)
        names = tuple(sorted({*place.varying, *varying}))
        data = entry if self._as_they_are else encode(entry)
        if not names:
            return self._put(place.key, data, seconds)
        selected = keys.of_variant(place.key, names, environ)
        known = place.variants if names == place.varying else ()
        known = (*(other for other in known if other != selected), selected)
        for surplus in known[:-MOST_VARIANTS]:
            self._breaker.ask(lambda key=surplus: self._backend.delete(key), None)  # type: ignore[misc]
        known = known[-MOST_VARIANTS:]
        # The list is written last. Where it is lost, its variants are made again.
        index = encode_variants(Variants(names, known))
        return self._put(selected, data, seconds) and self._put(place.key, index, seconds)

    def forget(self, place: Place) -> None:
        """Delete the stored response to a request."""
        self._breaker.ask(lambda: self._backend.delete(place.selected), None)

    def _purge(self, key: str) -> None:
        if keys.is_path(key):
            self._paths.purge(key)
        elif self._backend.set(key, secrets.token_bytes(_STATE), timeout=_REMEMBERED) is False:
            raise ConnectionError("the backend of Flask-Caching did not take the purge")

    def _first_state(self, key: str) -> Any:
        def begin() -> str | None:
            state = secrets.token_bytes(_STATE)
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
    return value.hex() if isinstance(value, bytes) and len(value) == _STATE else None


def _alive(entry: Entry | None, states: tuple[Any, ...], of_path: tuple[Any, ...]) -> Entry | None:
    """Return an entry, or ``None`` if it was purged since it was made."""
    if entry is None:
        return None
    *names, path = entry.head.raw_generations
    return entry if path in of_path and tuple(names) == states else None
