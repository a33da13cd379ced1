"""The parameters of a request's URL, and which of them the app has read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import ImmutableMultiDict

if TYPE_CHECKING:
    from flask import Request

#: The attributes of a request that Werkzeug makes of the query when they are first read.
MADE_OF_QUERY = ("args", "full_path", "url", "values")


class Reads:
    """A record of the parameters that were read.

    :param tell: called with the name of each.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.names: set[str] = set()
        #: Those of which all values were read; of the others it was the first one.
        self.lists: set[str] = set()
        #: Whether all of them may have been read.
        self.everything = False
        self._tell = tell

    def add(self, name: object) -> None:
        """Note that a parameter was read, whether or not it was sent."""
        if isinstance(name, str):
            self.names.add(name)
            if self._tell is not None:
                self._tell(name)


class _Unnoted(Reads):
    """The record of a copy, of which nobody asks what was read."""

    def add(self, name: object) -> None:
        """Do nothing."""


class WatchedArgs(ImmutableMultiDict[str, str]):
    """A request's ``args`` that note what is read of them."""

    reads: Reads = _Unnoted()

    def __getitem__(self, key: str) -> str:
        self.reads.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.reads.add(key)
        return super().__contains__(key)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Return all values of a parameter, and note that it was read."""
        self.reads.add(key)
        self.reads.lists.add(key)
        return super().getlist(key, *args, **kwargs)

    def __iter__(self) -> Iterator[str]:
        self.reads.everything = True
        return super().__iter__()

    def __len__(self) -> int:
        self.reads.everything = True
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self.reads.everything = True
        return super().__eq__(other)

    __hash__ = ImmutableMultiDict.__hash__  # type: ignore[assignment]


def _noting_everything(name: str) -> Any:
    """Return a method that does what the one of that name does, and notes that all is read."""
    method = getattr(ImmutableMultiDict, name)

    def read(self: WatchedArgs, *args: Any, **kwargs: Any) -> Any:
        self.reads.everything = True
        return method(self, *args, **kwargs)

    read.__name__ = name
    return read


for _name in (
    "keys", "values", "items", "lists", "listvalues", "to_dict", "copy", "deepcopy", "__copy__",
    "__deepcopy__", "__ne__", "__or__", "__ror__", "__repr__", "__reduce_ex__", "__reversed__",
):  # fmt: skip
    if hasattr(ImmutableMultiDict, _name):
        setattr(WatchedArgs, _name, _noting_everything(_name))


def watch(request: Request, reads: Reads) -> None:
    """Watch the parameters of a request from now on.

    Where they can't be watched, as a request class of the app's own has others, all count as read.
    """
    kept = vars(request)
    before = kept.pop("args", None)
    if before is not None or not kept.keys().isdisjoint(MADE_OF_QUERY):
        reads.everything = True
    try:
        args = request.args
    except ValueError:  # it is no text, and whoever reads it gets this error
        return
    if type(args) not in (ImmutableMultiDict, WatchedArgs) or "args" not in kept:
        reads.everything = True
        return
    watched = WatchedArgs(args)
    watched.reads = reads
    kept["args"] = watched
