"""The files on which the bytes of a rewritten stylesheet depend."""

from __future__ import annotations

from typing import NamedTuple

from .files import Identity, Snapshot

#: The largest number of files on which a stylesheet that is rewritten depends.
MOST_FILES = 10_000


class TooMuchError(Exception):
    """An error for a stylesheet that would take too long to be rewritten."""


class Rewritten(NamedTuple):
    """A stylesheet with fingerprints in its references."""

    #: The bytes to serve; ``None``: the file is served unchanged.
    body: bytes | None
    #: The files on which the bytes depend: path and state (``None``: no such file).
    dependencies: tuple[tuple[str, Identity | None], ...]
    #: True if all of these files had settled.
    settled: bool


class Sources:
    """The files on which some bytes depend, each in the first state that was seen of it.

    If a file changes meanwhile, the bytes mix two states, and its entry makes them count as
    outdated.
    """

    def __init__(self) -> None:
        self._states: dict[str, Identity | None] = {}
        self._settled = True

    def add(self, path: str, state: Identity | None, *, settled: bool) -> None:
        """Add a file.

        :raises TooMuchError: if there are too many.
        """
        self._states.setdefault(path, state)
        self._settled = self._settled and settled
        if len(self._states) > MOST_FILES:
            raise TooMuchError

    def result(self, body: bytes | None, snapshot: Snapshot) -> Rewritten:
        """Return the result for a stylesheet whose bytes, or ``None``, depend on these files."""
        return Rewritten(body, tuple(self._states.items()), snapshot.settled and self._settled)
