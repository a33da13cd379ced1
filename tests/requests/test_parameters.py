"""The parameters of a request that note what is read of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from flask_static_optimizer.requests.parameters import Reads, WatchedArgs, watch


def watched() -> tuple[Any, Reads]:
    request, reads = Request(EnvironBuilder(query_string="a=1&a=2&b=3").get_environ()), Reads()
    watch(request, reads)
    assert type(request.args) is WatchedArgs
    return request, reads


@pytest.mark.parametrize(
    "read",
    [
        lambda args: args["a"],
        lambda args: args.get("a"),
        lambda args: args.get("a", type=int),
        lambda args: args.getlist("a"),
        lambda args: "a" in args,
    ],
)
def test_by_name(read: Callable[[Any], Any]) -> None:
    request, reads = watched()
    plain = ImmutableMultiDict([("a", "1"), ("a", "2"), ("b", "3")])
    assert read(request.args) == read(plain)
    assert (reads.names, reads.everything) == ({"a"}, False)


#: The methods that read nothing of what was sent, or change it, which is refused.
READ_NOTHING = {"fromkeys", "add", "clear", "pop", "popitem", "popitemlist", "poplist",
                "setdefault", "setlist", "setlistdefault", "update"}  # fmt: skip
BY_NAME = {"get", "getlist"}


@pytest.mark.parametrize(
    "name",
    sorted(
        {name for name in dir(ImmutableMultiDict) if not name.startswith("_")}
        - READ_NOTHING
        - BY_NAME
    ),
)
def test_each_method_that_reads_all(name: str) -> None:
    """Also those that a later Werkzeug may bring: this test lists all that there are."""
    request, reads = watched()
    found = getattr(request.args, name)()
    if not isinstance(found, dict):
        list(found)
    assert reads.everything


@pytest.mark.parametrize(
    "read",
    [
        list, dict, len, bool, repr, str, copy.copy, copy.deepcopy, pickle.dumps,
        lambda args: {**args}, lambda args: args == {}, lambda args: args != {},
        lambda args: args | {}, lambda args: {} | args, lambda args: [*reversed(args)],
        lambda args: {}.update(args), ImmutableMultiDict, hash,
    ],
)  # fmt: skip
def test_all_of_them(read: Callable[[Any], Any]) -> None:
    request, reads = watched()
    try:
        read(request.args)
    except TypeError:  # not possible with what Werkzeug gives either
        with pytest.raises(TypeError):
            read(ImmutableMultiDict([("a", "1")]))
        return
    assert reads.everything


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, ImmutableMultiDict.copy])
def test_copies_are_as_good(copied: Callable[[Any], Any]) -> None:
    request, _ = watched()
    assert copied(request.args).getlist("a") == ["1", "2"]
    kept = pickle.loads(pickle.dumps(request.args))
    assert (kept["b"], kept.to_dict()) == ("3", {"a": "1", "b": "3"})


def test_what_was_read_before_counts_as_all() -> None:
    request, reads = Request(EnvironBuilder(query_string="a=1").get_environ()), Reads()
    assert request.full_path
    watch(request, reads)
    assert reads.everything
