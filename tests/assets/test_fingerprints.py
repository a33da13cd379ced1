"""File names with a fingerprint."""

from __future__ import annotations

import pytest

from flask_static_optimizer.assets.fingerprints import insert, split

FP = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "with_it"),
    [
        ("app.css", f"app.{FP}.css"),
        ("a/b/app.min.css", f"a/b/app.min.{FP}.css"),
        ("LICENSE", f"LICENSE.{FP}"),
        ("a.b/LICENSE", f"a.b/LICENSE.{FP}"),
        (".htaccess", f".{FP}.htaccess"),
        ("é ü.png", f"é ü.{FP}.png"),
        ("x.", f"x.{FP}."),
        (f"x.{FP}.css", f"x.{FP}.{FP}.css"),
    ],
)
def test_split_takes_out_what_insert_put_in(name: str, with_it: str) -> None:
    assert insert(name, FP) == with_it
    found = split(with_it)
    assert found is None if name == "x." else found == (name, FP)


@pytest.mark.parametrize(
    "name",
    [
        "app.css",
        "app.0123456789abcde.css",
        "app.0123456789abcdef0.css",
        "app.0123456789ABCDEF.css",
        "app-0123456789abcdef.css",
        f"{FP}.css",
        f"a/{FP}",
        f"{FP}/app.css",
        "",
    ],
)
def test_nothing_else_is_split(name: str) -> None:
    assert split(name) is None
