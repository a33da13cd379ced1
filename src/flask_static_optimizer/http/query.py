"""The parameters of a query string, as they were sent (WHATWG URL §5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote_plus

#: The most characters of a query that is remembered. Clients can write any number of long ones.
_SHORT = 512


def only(query: str, names: Iterable[str], firsts: Iterable[str] = ()) -> str:
    """Return a query string with only the parameters of some names, sorted by name.

    Values of the same name keep their order. What stays is spelled as it was sent.

    :param query: the query string as WSGI has it (PEP 3333).
    :param names: the names, without percent-encoding.
    :param firsts: those of the names of which only the first value stays.
    """
    if not query:
        return query
    return (_known if len(query) <= _SHORT else _only)(query, frozenset(names), frozenset(firsts))


def names_in(query: str) -> set[str]:
    """Return the names of the parameters in a query string.

    :param query: the query string as WSGI has it (PEP 3333).
    """
    return {_name(part) for part in query.split("&") if part}


def _only(query: str, names: frozenset[str], firsts: frozenset[str]) -> str:
    named = [(_name(part), part) for part in query.split("&") if part]
    kept = sorted((pair for pair in named if pair[0] in names), key=lambda pair: pair[0])
    known: set[str] = set()
    parts = []
    for name, part in kept:
        if name not in known or name not in firsts:
            parts.append(part)
        known.add(name)
    return "&".join(parts)


def _name(part: str) -> str:
    text = part.partition("=")[0].encode("latin-1", "replace").decode("utf-8", "replace")
    return unquote_plus(text)


# The lane asks for each request.
_known = lru_cache(maxsize=2048)(_only)
