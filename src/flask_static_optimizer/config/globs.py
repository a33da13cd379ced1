"""Globs as ``fnmatch`` has them, and an index that finds those that match a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

_LITERAL = re.compile(r"[^*?[]*")
_BRACKETS = re.compile(r"\[!?\]?[^]]*\]")

#: Signs that mean something in other globs, with what to write instead.
_FOREIGN = {
    "\\": "separate folders by '/'",
    "{": "write a rule for each of the alternatives",
    "}": "write a rule for each of the alternatives",
}


def foreign_sign(text: str) -> tuple[str, str] | None:
    """Return the first sign in a glob that means something in other globs only, and the remedy."""
    for sign in _BRACKETS.sub("", text):
        if sign in _FOREIGN:
            return sign, _FOREIGN[sign]
    return None


class Glob:
    """A glob, in which ``*``, ``?`` and ``[…]`` have a meaning. It minds upper and lower case."""

    __slots__ = ("_pattern", "head", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        found = _LITERAL.match(text)
        assert found is not None, "it matches nothing, too"
        #: The literal text with which all that it matches begins.
        self.head = found[0]
        # It is compiled when it is first needed, as compiling takes a hundred times as long as
        # matching, and most of a thousand globs match nothing that a process is asked for.
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"Glob({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Glob) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_literal(self) -> bool:
        """True if it matches one text only."""
        return self.head == self.text

    def matches(self, text: str) -> bool:
        """Return whether the glob matches the whole of a text."""
        if not text.startswith(self.head):
            return False
        if self.is_literal:
            return text == self.text
        if self._pattern is None:
            self._pattern = re.compile(translate(self.text))
        return self._pattern.match(text) is not None


class GlobIndex:
    """An index of globs, whose order counts.

    A glob is found by its literal beginning, so a text is compared only with those that begin as it
    does: with one of a thousand folders, and not with all.
    """

    def __init__(self, globs: Iterable[Glob]) -> None:
        self._size = 0
        self._heads: dict[str, list[tuple[int, Glob]]] = {}
        for glob in globs:
            self._heads.setdefault(glob.head, []).append((self._size, glob))
            self._size += 1
        self._lengths = sorted({len(head) for head in self._heads})

    def __len__(self) -> int:
        return self._size

    def matching(self, text: str) -> Iterator[int]:
        """Yield the positions of the globs that match a text, in their order."""
        return (place for place, glob in self._beginning(text) if glob.matches(text))

    def first(self, text: str) -> int:
        """Return the position of the first glob that matches a text; their number if none does."""
        for place, glob in self._beginning(text):
            if glob.matches(text):
                return place
        return self._size

    def _beginning(self, text: str) -> list[tuple[int, Glob]]:
        """Return the globs that begin as a text does, in their order."""
        found: list[tuple[int, Glob]] = []
        for length in self._lengths:
            alike = self._heads.get(text[:length])
            if alike is not None and length <= len(text):
                found = found + alike if found else alike
        return sorted(found) if len(found) > 1 else found
