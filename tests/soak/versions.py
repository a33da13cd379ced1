"""The versions of files and routes that must be shown, and when an old one is excused."""

from __future__ import annotations

import hashlib
import time
from bisect import bisect
from collections import defaultdict
from threading import Lock
from typing import NamedTuple

import content
from content import Resource

#: Seconds after the store's server is back in which a purge that could not be sent may still be
#: on its way: the longest pause between two attempts of a process (5 s, ``docs/routes.md``), and
#: the timeout of the attempt before.
ALLOWANCE = 5.0 + 1.0


class Change(NamedTuple):
    """A change of a route that was answered: the monotonic times of request and response."""

    sent: float
    answered: float


class Hiccup(NamedTuple):
    """A time in which the Valkey did not answer, on the monotonic clock."""

    begin: float
    end: float


class Versions:
    """A register of what files and routes have become.

    :param believed: seconds for which an old file may be sent.
    """

    def __init__(self, believed: float) -> None:
        self._lock = Lock()
        self._believed = believed
        #: The monotonic times at which the versions of each file were in their place.
        self._files: dict[str, list[float]] = defaultdict(list)
        self._etags: dict[str, dict[str, int]] = defaultdict(dict)
        self._fingerprints: dict[str, set[str]] = defaultdict(set)
        self._changes: dict[Resource, dict[int, Change]] = defaultdict(dict)
        self.hiccups: list[Hiccup] = []

    def announce(self, path: str, version: int) -> None:
        """Register a version of a file that is about to be put into its place."""
        known = hashlib.sha256(content.file_body(path, version)).hexdigest()
        with self._lock:
            self._etags[path][f'"{known[:32]}"'] = version
            self._fingerprints[path].add(known[:16])

    def next(self, path: str) -> int:
        """Return the number of the next version of a file."""
        return len(self._files[path])

    def replaced(self, path: str) -> None:
        """Register that the next version of a file is in its place."""
        self._files[path].append(time.monotonic())

    def of_file(self, path: str) -> int:
        """Return the version of a file that whoever asks now has to get, or a later one."""
        return bisect(self._files[path], time.monotonic() - self._believed) - 1

    def by_etag(self, path: str, etag: str) -> list[int]:
        """Return the version with an ETag, or all if it is not known."""
        known = self._etags[path]
        return [known[etag]] if etag in known else list(known.values())

    def is_fingerprint(self, path: str, fingerprint: str) -> bool:
        return fingerprint in self._fingerprints[path]

    def changed(self, resource: Resource, version: int, change: Change) -> None:
        """Register a change of a route, when it has been answered."""
        with self._lock:
            self._changes[resource][version] = change

    def of_route(self, resource: Resource) -> int:
        """Return the version that whoever asks now has to see, or a later one."""
        with self._lock:
            return max(self._changes[resource], default=0)

    def is_excused(self, resource: Resource, shown: int, wanted: int, asked: float) -> bool:
        """Return whether an old answer is one that a hiccup excuses.

        Purges that fell into a hiccup may wait for its end, and :data:`ALLOWANCE` longer. There is
        no other excuse, and none in plain times: not even within the same millisecond.
        """
        with self._lock:
            missed = [
                change
                for version, change in self._changes[resource].items()
                if shown < version <= wanted
            ]
        return all(
            any(
                change.answered >= hiccup.begin
                and change.sent <= hiccup.end + ALLOWANCE
                and asked <= hiccup.end + ALLOWANCE
                for hiccup in self.hiccups
            )
            for change in missed
        )
