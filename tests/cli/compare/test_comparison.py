"""What is called broken, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from flask_static_optimizer.cli.compare.comparison import Comparison
from flask_static_optimizer.cli.compare.measure import Side, Visits
from flask_static_optimizer.cli.compare.report import remedy
from flask_static_optimizer.cli.compare.tally import Tally
from flask_static_optimizer.cli.compare.visit import Asked, Seen, Sight, Visit

NOTHING = Visits(*[Visit(Tally(), Tally())] * 2)
PAGE = {"/": Seen(200, "page")}


def compared(
    without: dict[str, Seen],
    optimized: dict[str, Seen],
    later: dict[str, Seen] | None = None,
    **known: Any,
) -> Comparison:
    """Compare two visitors of each side; the later one without sees the same unless told."""
    before, after = (
        (Sight(PAGE, assets), Sight(PAGE, other))
        for assets, other in ((without, later or without), (optimized, optimized))
    )
    return Comparison("files", 1, Side(NOTHING, before), Side(NOTHING, after, **known))


def test_the_same_is_not_broken() -> None:
    seen = {"/a.css": Seen(200, "a"), "/gone": Seen(404, "b")}
    comparison = compared(seen, seen)
    assert comparison.broken() == []
    assert comparison.notes() == ["/gone: 404, without and with"]
    assert comparison.failing(both=True) == ["/gone: 404"]
    assert comparison.failing(both=False) == []


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
    assert comparison.failing(both=False) == ["/favicon.ico: 404"]
    assert comparison.failing(both=True) == []


def test_pages() -> None:
    def pages(without: Seen, optimized: Seen) -> Comparison:
        sides = [Side(NOTHING, (Sight({"/": seen}, {}),)) for seen in (without, optimized)]
        return Comparison("files", 1, *sides)

    assert pages(Seen(200, "a"), Seen(200, "b")).broken() == []
    assert pages(Seen(200, "a"), Seen(404, "b")).broken() == [
        "/: 200 without, 404 with the extension"
    ]
    gone = "/ is answered with 404 without the extension"
    assert pages(Seen(404, "a"), Seen(404, "b")).failed() == [gone]
    away = pages(*[Seen(302, "", error="/ redirects to https://elsewhere.example/")] * 2)
    assert away.failed() == [
        "/ is answered with 302 without the extension: / redirects to https://elsewhere.example/"
    ]
    assert away.notes() == ["/: 302 (/ redirects to https://elsewhere.example/), without and with"]
    assert pages(Seen(404, "a"), Seen(200, "b")).failed() == [gone]
    assert pages(Seen(200, "a"), Seen(200, "b", leads_to="/login?next=/")).broken() == [
        "/: 200 without, leads to /login with the extension"
    ]


def test_a_page_fails_where_no_visitor_gets_it() -> None:
    """Other errors for other visitors are errors all the same; a visitor who gets it is enough."""

    def seen(*pages: Seen) -> Comparison:
        side = Side(NOTHING, tuple(Sight({"/": page}, {}) for page in pages))
        return Comparison("files", 1, side, side)

    assert seen(Seen(500, "a", error="ValueError: x"), Seen(429, "b")).failed() == [
        "/ is answered with 500 without the extension: ValueError: x"
    ]
    assert seen(Seen(500, "a"), Seen(200, "b")).failed() == []
    assert seen(Seen(404, "a", leads_to="/in")).failed() == [
        "/ leads to /in, which is answered with 404 without the extension"
    ]


REFUSED = Seen(403, "x")
#: The page of a log-in, with bytes of its own each time.
LOGIN = Seen(200, "", leads_to="/login?next=/static/private/a.txt")
AWAY = Seen(302, "", error="/static/private/a.txt redirects to https://login.example/")


@pytest.mark.parametrize("refused", [REFUSED, Seen(401, "x"), LOGIN, AWAY])
def test_what_a_guard_refuses(refused: Seen) -> None:
    """A rule helps there, and it is named; for anything else, the command that says why is."""
    name = "/static/private/a.txt"
    found = compared(
        {name: Seen(200, "a"), "/static/b.css": Seen(200, "b")},
        {name: refused, "/static/b.css": Seen(500, "y")},
        keys={name: "static:private/*", "/static/b.css": "static:b.css"},
    )
    assert found.refused() == [name]
    assert [line.partition(": ")[0] for line in found.broken()] == [name, "/static/b.css"]
    rule, explain = remedy(found)
    assert rule.endswith('STATIC_OPTIMIZER_RULES = {"static:private/*": {"session": "protected"}}')
    assert explain == "'flask static explain /static/b.css' says why."


def test_what_no_rule_protects() -> None:
    """A view that is not static, or a file that is protected, has another reason."""
    found = compared({"/media/a": Seen(200, "a")}, {"/media/a": REFUSED})
    assert remedy(found) == ["'flask static explain /media/a' says why."]


def test_a_redirect_to_the_same_is_not_a_refusal() -> None:
    found = compared({"/a": Seen(200, "a")}, {"/a": Seen(200, "a", leads_to="/b")})
    assert found.broken() == found.refused() == []
    both = compared({"/a": Seen(200, "a", leads_to="/b")}, {"/a": Seen(200, "", leads_to="/c")})
    assert both.broken() == both.refused() == []


def test_what_is_there_and_has_a_session() -> None:
    """What is missing, or refused, is told elsewhere."""
    without = {"/a": Seen(200, "a"), "/gone": Seen(404, "b"), "/b": Seen(200, "c")}
    found = compared(
        without,
        {
            "/a": Seen(200, "a", operations=2),
            "/gone": Seen(404, "b", operations=2),
            "/b": Seen(200, "", operations=2, leads_to="/login"),
        },
    )
    assert found.touching() == ["/a"]


def test_what_is_asked_for_again() -> None:
    """Each is named once, and what a guard refuses is told elsewhere."""
    a, b = Asked("/a.js", 200, "no-cache", True), Asked("/b.css?v=0123456789abcdef", 403, None)
    found = compared({"/b.css": Seen(200, "b")}, {"/b.css": REFUSED}, again=(a, b, a))
    assert found.again() == [a]


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
    again = (Asked("/a.css", 304, "no-cache"),)
    side = Side(NOTHING, (sight,), again, {"/a.css": "static:a.css"}, ("/b.css",))
    assert Side.from_dict(side.as_dict()) == side
