"""Real figures of the real app."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import RedisServer
from demo.running import ASSETS, figures


@pytest.fixture(scope="module")
def measured() -> Any:
    return figures()


class TestFigures:
    def test_assets_touch_no_session(self, measured: Any) -> None:
        """With the extension assets do not touch the session."""
        for visit in ("first_visit", "second_visit"):
            cost = measured["with"][visit]["assets"]
            assert cost["session_reads"] == cost["session_writes"] == 0
            assert cost["cookies_set"] == cost["vary_cookie"] == 0

    def test_they_do_without_it(self, measured: Any) -> None:
        for visit in ("first_visit", "second_visit"):
            cost = measured["without"][visit]["assets"]
            assert cost["requests"] == ASSETS
            assert cost["session_reads"] == cost["session_writes"] == ASSETS
            assert cost["cookies_set"] == cost["vary_cookie"] == ASSETS

    def test_the_page_is_the_same_either_way(self, measured: Any) -> None:
        for visit in ("first_visit", "second_visit"):
            without, optimized = (
                dict(measured[side][visit]["page"]) for side in ("without", "with")
            )
            for cost in (without, optimized):
                cost.pop("milliseconds")
                cost.pop("body_bytes")  # the fingerprints in its URLs
                cost.pop("plain_bytes")
            assert without == optimized
            assert optimized["session_reads"] == optimized["session_writes"] == 1

    def test_the_second_visit_is_from_the_cache(self, measured: Any) -> None:
        """The second visit is answered from the browser's cache."""
        assert measured["with"]["first_visit"]["assets"]["requests"] == ASSETS
        assert measured["with"]["second_visit"]["assets"]["requests"] == 0
        assert measured["without"]["second_visit"]["assets"]["not_modified"] == ASSETS

    def test_the_total_is_the_sum_of_its_parts(self, measured: Any) -> None:
        for side in ("without", "with"):
            parts = [
                part
                for visit in ("first_visit", "second_visit")
                for part in measured[side][visit].values()
            ]
            for name, total in measured[side]["total"].items():
                if name != "milliseconds":
                    assert total == sum(part[name] for part in parts)
            assert measured[side]["total"]["milliseconds"] > 0

    def test_a_users_redis_keeps_its_data(self, redis: RedisServer) -> None:
        """A Redis counts its own commands, and keeps the data of its user."""
        redis.client.set("mine", "kept")
        measured = figures("--redis", f"{redis.url}/0")
        assert str(redis.port) in measured["store"]
        assert measured["without"]["total"]["session_reads"] == 2 * (ASSETS + 1)
        assert measured["without"]["total"]["session_writes"] == 2 * (ASSETS + 1)
        assert measured["with"]["total"]["session_reads"] == 2
        assert measured["with"]["total"]["session_writes"] == 2
        assert redis.client.keys("*") == [b"mine"]
        # A visitor who is not measured comes first.
        assert redis.commands()["get"] >= 2 * (2 * (ASSETS + 1) + 2)
