"""Globs, and the index that finds them, beside ``fnmatch`` asked for each in turn."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_static_optimizer.config.globs import Glob, GlobIndex

GLOBS = st.text("ab/*?[]!", max_size=6)
TEXTS = st.text("ab/[]\n", max_size=6)


@settings(deadline=None)
@given(st.lists(GLOBS, max_size=8), TEXTS)
def test_all_that_match_in_order(globs: list[str], text: str) -> None:
    index = GlobIndex(map(Glob, globs))
    walked = [place for place, glob in enumerate(globs) if fnmatchcase(text, glob)]
    assert list(index.matching(text)) == walked
    assert index.first(text) == (walked or [len(globs)])[0]


def test_a_thousand_globs_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text is compared with the globs that begin as it does, and with no other."""
    asked = []
    matches = Glob.matches

    def count(self: Glob, text: str) -> bool:
        asked.append(self)
        return matches(self, text)

    index = GlobIndex(Glob(f"folder{number}/*") for number in range(1000))
    monkeypatch.setattr(Glob, "matches", count)
    assert index.first("folder777/a.css") == 777
    assert index.first("elsewhere/a.css") == 1000
    assert len(asked) == 1
