"""Cache-Control values that are withdrawn when a hook has changed the bytes."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from flask_static_optimizer.http.fields import withdraw_freshness

GIVEN = "max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (GIVEN, "no-cache"),
        (None, "no-cache"),
        ("max-age=31536000, immutable, public", "no-cache, public"),
        ("no-transform, max-age=31536000, immutable", "no-cache, no-transform"),
        ("max-age=5, immutable", "max-age=5"),
        ("max-age=5", "max-age=5"),
        ("no-store", "no-store"),
    ],
)
def test_withdrawn_freshness(said: str | None, becomes: str) -> None:
    """What a hook has added stays, and what it has put in the place of a directive, too."""
    headers = Headers({} if said is None else {"Cache-Control": said})
    assert withdraw_freshness(headers, GIVEN) == becomes.startswith("no-cache")
    assert headers["Cache-Control"] == becomes


def test_freshness_of_others_stays() -> None:
    headers = Headers({"Cache-Control": "max-age=5, immutable"})
    assert not withdraw_freshness(headers, None)
    assert headers["Cache-Control"] == "max-age=5, immutable"
