"""Policies and the header values they make."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flask_static_optimizer import ConfigurationError
from flask_static_optimizer.config.policy import CachePolicy


@pytest.mark.parametrize(
    ("fields", "max_age", "value"),
    [
        ({}, 3600, "max-age=3600"),
        ({}, 0, "no-cache"),
        ({"immutable": True}, 31536000, "max-age=31536000, immutable"),
        ({"immutable": True}, 0, "no-cache"),
        ({"stale_while_revalidate": 60}, 0, "max-age=0, stale-while-revalidate=60"),
        (
            {"stale_while_revalidate": 60, "stale_if_error": timedelta(hours=1)},
            10,
            "max-age=10, stale-while-revalidate=60, stale-if-error=3600",
        ),
    ],
)
def test_cache_control(fields: dict[str, object], max_age: int, value: str) -> None:
    assert CachePolicy.build("here", fields).cache_control(max_age) == value


def test_overlaid_fields_win_and_others_stay() -> None:
    base = CachePolicy.build("here", {"max_age": 5, "vary": "Accept"})
    over = base.overlaid("there", {"max_age": timedelta(minutes=1)})
    assert over == CachePolicy(max_age=60, vary=("Accept",))


def test_an_overlay_that_contradicts_is_refused() -> None:
    base = CachePolicy.build("here", {"immutable": True})
    with pytest.raises(ConfigurationError, match="there: immutable=True contradicts"):
        base.overlaid("there", {"session": "protected"})


def test_the_key_of_a_rule_takes_the_place_of_the_decorators() -> None:
    by_name = CachePolicy.build("here", {"query": ["b", "a", "b"]})
    by_function = by_name.overlaid("there", {"key": len})
    assert (by_name.query, by_function.query, by_function.key) == (("a", "b"), None, len)
    assert by_function.overlaid("there", {"query": []}) == CachePolicy(query=())
    assert by_name.overlaid("there", {"query": None}) == CachePolicy()


def test_a_rule_may_keep_out_of_the_store_what_has_a_key() -> None:
    """Storing is switched off for an environment, whatever the decorators say."""
    base = CachePolicy.build("here", {"query": "a", "unless": len})
    assert base.overlaid("there", {"store": False}).store is False


def test_protection_may_come_over_a_max_age() -> None:
    base = CachePolicy.build("here", {"max_age": 5})
    assert base.overlaid("there", {"session": "protected"}).session == "protected"
