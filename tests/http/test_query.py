"""Query strings with only some of their parameters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from flask_static_optimizer.http.query import names_in, only

NAMES = ["page", "q", "caf\u00e9", "a b", "a+b", ""]
PARTS = st.sampled_from(
    ["page=1", "page=2", "page", "q=", "q=x", "Page=3", "caf%C3%A9=1", "caf%c3%a9=2", "a+b=1",
     "a%20b=2", "a%2Bb=3", "=4", "", "%70age=5", "page%3D=6", "utm=7", "%FF=8", "q=%FF", "q;page=9"]
)  # fmt: skip


@given(parts=st.lists(PARTS, max_size=6), names=st.sets(st.sampled_from(NAMES)))
def test_it_has_what_a_request_has_under_these_names(parts: list[str], names: set[str]) -> None:
    """As Werkzeug reads both: all values of these names, and nothing else."""
    query = "&".join(parts)
    whole, kept = args_of(query), args_of(only(query, names))
    assert kept == {name: values for name, values in whole.items() if name in names}
    assert names_in(only(query, names)) <= names


@given(parts=st.lists(PARTS, max_size=5), names=st.sets(st.sampled_from(NAMES)))
def test_the_order_of_names_does_not_count(parts: list[str], names: set[str]) -> None:
    spelled: dict[str, list[str]] = {}
    for part in parts:
        spelled.setdefault(next(iter(names_in(part)), ""), []).append(part)
    groups = [part for name in reversed(spelled) for part in spelled[name]]
    assert only("&".join(parts), names) == only("&".join(groups), names)


def args_of(query: str) -> dict[str, list[str]]:
    environ = EnvironBuilder().get_environ()
    environ["QUERY_STRING"] = query
    return dict(Request(environ).args.lists())
