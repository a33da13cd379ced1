"""What is called broken, and what is not."""

from __future__ import annotations

from typing import Any

from flask_static_optimizer.cli.compare.comparison import Comparison
from flask_static_optimizer.cli.compare.measure import Side, Visits
from flask_static_optimizer.cli.compare.report import remedy
from flask_static_optimizer.cli.compare.tally import Tally
from flask_static_optimizer.cli.compare.visit import Seen, Sight, Visit

NOTHING = Visits(*[Visit(Tally(), Tally())] * 2)
PAGE = {"/": Seen(200, "page")}


def compared(
    without: dict[str, Seen], optimized: dict[str, Seen], later: dict[str, Seen] | None = None
) -> Comparison:
    """Compare two visitors of each side; the later one without sees the same unless told."""
    sides = [
        Side(NOTHING, (Sight(PAGE, assets), Sight(PAGE, other)))
        for assets, other in ((without, later or without), (optimized, optimized))
    ]
    return Comparison("files", 1, *sides)


def test_the_same_is_not_broken() -> None:
    seen = {"/a.css": Seen(200, "a"), "/gone": Seen(404, "b")}
    comparison = compared(seen, seen)
    assert comparison.broken() == []
    assert comparison.notes() == ["/gone: 404, without and with"]


def test_another_status_and_other_bytes() -> None:
    comparison = compared(
        {"/a.css": Seen(200, "a"), "/b.css": Seen(200, "b"), "/c.css": Seen(200, "c")},
        {"/a.css": Seen(200, "x"), "/b.css": Seen(500, "b", error="LookupError: b")},
    )
    assert comparison.broken() == [
        "/a.css: other bytes with the extension",
        "/b.css: 200 without, 500 (LookupError: b) with the extension",
        "/c.css: it is not asked for any more with the extension",
    ]


def test_what_is_asked_for_only_with_it_and_fails() -> None:
    comparison = compared({}, {"/a.css": Seen(200, "a"), "/b.css": Seen(404, "b")})
    assert comparison.broken() == ["/b.css: 404, and asked for only with the extension"]


def test_what_changes_with_each_visit_is_not_broken() -> None:
    """A captcha, or a picture by chance, has other bytes each time."""
    without = {"/captcha.png": Seen(200, "1"), "/chance/1.png": Seen(200, "a")}
    other = {"/captcha.png": Seen(200, "2"), "/chance/2.png": Seen(200, "b")}
    optimized = {"/captcha.png": Seen(200, "3"), "/chance/3.png": Seen(200, "c")}
    assert compared(without, optimized, other).broken() == []
    # A query by chance names the same picture.
    assert compared({"/a?1": Seen(200, "a")}, {"/a?2": Seen(200, "a")}).broken() == []


def test_what_needs_the_extension_is_a_note() -> None:
    comparison = compared({"/favicon.ico": Seen(404, "a")}, {"/favicon.ico": Seen(200, "b")})
    assert comparison.broken() == []
    assert comparison.notes() == ["/favicon.ico: 404, without only"]


def test_pages() -> None:
    def pages(without: Seen, optimized: Seen) -> Comparison:
        sides = [Side(NOTHING, (Sight({"/": seen}, {}),)) for seen in (without, optimized)]
        return Comparison("files", 1, *sides)

    assert pages(Seen(200, "a"), Seen(200, "b")).broken() == []
    assert pages(Seen(200, "a"), Seen(404, "b")).broken() == [
        "/: 200 without, 404 with the extension"
    ]
    assert pages(Seen(404, "a"), Seen(404, "b")).failed() == ["/"]
    away = pages(*[Seen(302, "", error="/ redirects to https://elsewhere.example/")] * 2)
    assert away.failed() == ["/"]
    assert away.notes() == ["/: 302 (/ redirects to https://elsewhere.example/), without and with"]
    assert pages(Seen(404, "a"), Seen(200, "b")).failed() == ["/"]


def test_what_a_guard_refuses() -> None:
    """A rule helps there, and it is named."""
    found = compared(
        {"/static/private/a.txt": Seen(200, "a"), "/static/b.css": Seen(200, "b")},
        {"/static/private/a.txt": Seen(403, "x"), "/static/b.css": Seen(500, "y")},
    )
    assert found.refused() == ["/static/private/a.txt"]
    assert 'STATIC_OPTIMIZER_RULES = {"static:private/*": {"session": "protected"}}' in remedy(
        found
    )


def test_a_sample_hides_the_values_of_cookies() -> None:
    fields: dict[str, Any] = {"cache-control": "no-cache", "set-cookie": "session=secret; Path=/"}
    without = Seen(200, "a", tuple(fields.items()))
    optimized = Seen(200, "a", (("Cache-Control", "max-age=60"),))
    sample = compared({"/a.css": without}, {"/a.css": optimized}).sample()
    assert sample is not None
    assert sample.url == "/a.css"
    assert sample.fields == [
        ("Cache-Control", "no-cache", "max-age=60"),
        ("Set-Cookie", "session=…", None),
    ]


def test_a_side_goes_through_json() -> None:
    sight = Sight(PAGE, {"/a.css": Seen(200, "a", (("ETag", '"1"'),), None, 3)})
    side = Side(NOTHING, (sight,))
    assert Side.from_dict(side.as_dict()) == side
