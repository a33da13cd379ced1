"""A memory of requests for files, by the parts of a request that select a representation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..config.bounded import Bounded

if TYPE_CHECKING:
    from ..assets.asset import Asset
    from ..assets.memory import Memory
    from ..assets.representation import Representation

#: The parts of a request that select a representation: path, query string, ``Accept-Encoding`` and
#: ``Host``.
Key = tuple[str | None, ...]

#: The number of requests that are remembered for each file and in all, the number of characters of
#: the longest key, and the bytes that a key takes beside them. Limits are needed, as a client can
#: write a header in any number of ways. (All spellings that select one representation share it.)
_REQUESTS_OF_ONE = 64
_REQUESTS = 100_000
_LONGEST = 2048
_KEY = 1000

V = TypeVar("V")


class Remembered(Generic[V]):
    """A memory of what earlier requests for files have shown, for later ones that are like them.

    :param memory: the memory of the files' bytes. What it releases is forgotten here.
    :param size: the bytes that a value takes, beside the representation that it shares.
    """

    def __init__(self, memory: Memory, size: int = 0) -> None:
        self._memory = memory
        self._size = size
        #: What was remembered, by key. ``_keys`` has the keys of each asset.
        self.values: Bounded[Key, V] = Bounded(_REQUESTS)
        self._keys: dict[Asset, set[Key]] = {}
        memory.on_release(self.forget)

    def is_current(self, asset: Asset) -> bool:
        """Return whether an asset's file is unchanged, and note that the asset was used."""
        if not asset.is_current():
            return False
        self._memory.touch(asset)
        return True

    def remember(
        self, environ: Mapping[str, Any], name: str, representation: Representation, value: V
    ) -> None:
        """Remember a request, if each later one with the same key has the same answer.

        :param name: the name of the file as it stands in the URL.
        """
        asset = representation.asset
        if not asset.settled or representation.is_temporary or "HTTP_IF_RANGE" in environ:
            return
        if not representation.verified and (name != asset.name or environ.get("QUERY_STRING")):
            return
        key = key_of(environ)
        length = sum(len(part or "") for part in key)
        if length > _LONGEST:
            return
        if len(self._keys.get(asset, ())) >= _REQUESTS_OF_ONE:
            self.forget(asset)
        self._keys.setdefault(asset, set()).add(key)
        self.values[key] = value
        asset.derived.noted += length + _KEY + self._size
        # Another thread may have released the asset's bytes before this was remembered.
        is_held = representation.body is not None and representation.body is not asset.body
        self._memory.hold(asset, again=is_held)
        if key not in self._keys.get(asset, ()) or (is_held and not self._memory.holds(asset)):
            self.values.pop(key)
            self.forget(asset)

    def forget(self, asset: Asset) -> None:
        """Forget the requests for an asset."""
        asset.derived.noted = 0
        for key in tuple(self._keys.pop(asset, ())):
            self.values.pop(key)


def key_of(environ: Mapping[str, Any]) -> Key:
    """Return the parts of a request that select a representation."""
    get = environ.get
    return (
        environ["PATH_INFO"],
        get("QUERY_STRING"),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_HOST"),
    )
